"""Reads the JSON that models really write, guided by what an answer looks like.

In the manner of schema-aligned parsing: fences and prose around it, single quotes, bare keys,
comments, trailing commas, a missing end, keys in any order, a bare list of commands, one bare
command, upper-case tags and unknown keys are all forgiven. What the words say is never changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from pydantic import ValidationError

from schemas.commands import COMMANDS
from schemas.errors import ModelAnswerInvalid
from schemas.plan import Answer, answer_from

_CLOSING: Final = {"{": "}", "[": "]"}
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_WORD = re.compile(r"[^\s,:\[\]{}\"']+")
_BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/|#[^\n]*)+", re.DOTALL)
_CONSTANTS: Final = {"true": True, "false": False, "null": None, "none": None}
_MAX_DEPTH = 32


def read(text: str, utterance: str) -> Answer:
    """The answer somewhere in a model's text.

    Raises:
        ModelAnswerInvalid: there is none.
    """
    fault = "it holds no JSON object"
    for value in _values(text):
        try:
            return answer_from(_aligned(value), utterance)
        except ValidationError as error:
            fault = "; ".join(str(f["msg"]) for f in error.errors())
        except ValueError as error:
            fault = str(error)
    raise ModelAnswerInvalid(f"the model's text is no plan ({fault}): {text[:200]!r}")


def _values(text: str) -> Iterator[object]:
    """Every outermost object or list in the text, in order."""
    position = 0
    while match := re.compile(r"[{\[]").search(text, position):
        reader = _Reader(text, match.start())
        try:
            yield reader.value(0)
        except ValueError:
            position = match.end()
        else:
            position = max(reader.position, match.end())


def _aligned(value: object) -> dict[str, Any]:
    """The value in the shape of an answer: named commands, known fields only."""
    if isinstance(value, list):
        return {"commands": [_command(item) for item in value]}
    if not isinstance(value, dict):
        raise ValueError("it holds no list of commands")
    named = {str(key).strip().lower(): item for key, item in value.items()}
    if isinstance(named.get("commands"), dict):
        named["commands"] = [named["commands"]]
    if isinstance(named.get("commands"), list):
        rest = {k: _lower(v) if k == "reason" else v for k, v in named.items() if k != "commands"}
        return {"commands": [_command(item) for item in named["commands"]], **rest}
    if "action" in named:
        return {"commands": [_command(value)]}
    raise ValueError("it holds no list of commands")


def _command(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        value = {"action": value}
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no command")
    named = {_tag(key): item for key, item in value.items()}
    tag = _tag(named.get("action", ""))
    fields = next((set(c.slots()) for c in COMMANDS if c.tag() == tag), set[str]())
    slots = {k: v if isinstance(v, str) else _text(v) for k, v in named.items() if k in fields}
    return {"action": tag, **slots}


def _tag(value: object) -> str:
    return re.sub(r"[\s-]+", "_", str(value).strip().lower())


def _lower(value: object) -> object:
    return _tag(value) if isinstance(value, str) else value


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value)


class _Reader:
    """Recursive descent over one value; raises ValueError where even leniency ends."""

    def __init__(self, text: str, position: int) -> None:
        self._text = text
        self.position = position

    def _skip(self) -> str:
        """The next character that counts; empty at the end."""
        if match := _BLANK.match(self._text, self.position):
            self.position = match.end()
        return self._text[self.position : self.position + 1]

    def value(self, depth: int) -> object:
        """The value at the position."""
        character = self._skip()
        if depth > _MAX_DEPTH:
            raise ValueError("it is nested too deep")
        if character == "{":
            return self._object(depth)
        if character == "[":
            return self._list(depth)
        if character and character in "\"'":
            return self._string()
        if match := _WORD.match(self._text, self.position):
            self.position = match.end()
            return _CONSTANTS.get(match.group().lower(), match.group())
        raise ValueError("a value is missing")

    def _object(self, depth: int) -> dict[str, object]:
        self.position += 1
        found: dict[str, object] = {}
        while (character := self._skip()) and character != "}":
            if character == ",":
                self.position += 1
                continue
            key = str(self.value(depth + 1))
            if self._skip() not in (":", "="):
                raise ValueError(f"{key!r} has no value")
            self.position += 1
            found[key] = self.value(depth + 1)
        self.position += 1
        return found

    def _list(self, depth: int) -> list[object]:
        self.position += 1
        found: list[object] = []
        while (character := self._skip()) and character != "]":
            if character == ",":
                self.position += 1
            elif character == "}":
                break
            else:
                found.append(self.value(depth + 1))
        else:
            self.position += 1
        return found

    def _string(self) -> str:
        quote = self._text[self.position]
        self.position += 1
        found: list[str] = []
        while self.position < len(self._text):
            character = self._text[self.position]
            self.position += 1
            if character == "\\":
                found.append(self._escape())
            elif character == quote and self._closes(quote):
                return "".join(found)
            else:
                found.append(character)
        raise ValueError("a string has no end")

    def _closes(self, quote: str) -> bool:
        """An apostrophe inside single quotes is no end: what follows an end is punctuation."""
        if quote == '"':
            return True
        rest = self._text[self.position :].lstrip()
        return not rest or rest[0] in ",:]}="

    def _escape(self) -> str:
        character = self._text[self.position : self.position + 1]
        self.position += 1
        if character == "u":
            code = self._text[self.position : self.position + 4]
            self.position += 4
            return chr(int(code, 16))
        return _ESCAPES.get(character, character)
