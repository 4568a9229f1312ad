"""What the model answers: a plan, that it declines, or too much for one plan. All are values, none
is a fault."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from schemas.commands import COMMANDS, Command
from schemas.order import first_breach

LONG_PLAN = 18
"""Commands that three GPSR commands in one breath come to."""

MAX_COMMANDS = 23
"""Commands in a plan. A model is taught one more: taught no more than these, it would end there
whatever was asked, and too much would pass for a plan."""

MAX_VERB_LENGTH = 40


class Plan(BaseModel):
    """Commands in the order they are carried out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commands: Annotated[tuple[Command, ...], Field(min_length=1, max_length=MAX_COMMANDS)]

    @model_validator(mode="after")
    def _in_order(self) -> Plan:
        breach = first_breach(self.commands)
        if breach is not None:
            index, lacking = breach
            facts = " and ".join(sorted(fact.value for fact in lacking))
            raise ValueError(
                f"command {index} ({self.commands[index].action}) comes before {facts}"
            )
        return self

    def target(self) -> str:
        """The text the model is trained to write for this plan."""
        return compact({"commands": [command.written() for command in self.commands]})


class DeclineReason(StrEnum):
    """Why an utterance gets no plan."""

    CHIT_CHAT = "chit_chat"
    WORLD_QUESTION = "world_question"
    MISSING_ACTION = "missing_action"
    INJECTION = "injection"
    UNINTELLIGIBLE = "unintelligible"


class Decline(BaseModel):
    """The model sees no plan in the utterance."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: DeclineReason
    verb: Annotated[str, Field(max_length=MAX_VERB_LENGTH)] = ""
    """The action the robot lacks, in the speaker's words; empty for other reasons."""

    def target(self) -> str:
        """The text the model is trained to write to decline."""
        return compact({"commands": [], "reason": self.reason.value, "verb": self.verb})


class TooMuch(BaseModel):
    """More is asked for than goes into one plan. A part of it would be a plan nobody asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def target(self) -> str:
        """What tells it from other answers, in the form of a decline; no model writes it."""
        return compact({"commands": [], "reason": "too_much"})


Answer = Plan | Decline | TooMuch

_FILLED_IN = {
    command.tag(): tuple(field for field, slot in command.slots().items() if not slot.generated)
    for command in COMMANDS
}
"""By tag, the fields that hold the utterance itself."""

_FIRST, _LATER, _LAST = '{"commands":[', ",", "]}"
"""What stands before the first command, before each other one, and after the last."""

_MARK = "\x7f"
"""Stands for a value; no value holds it, and JSON does not escape it."""
_COMMAND: TypeAdapter[Command] = TypeAdapter(Command)


def compact(value: object) -> str:
    """JSON as the grammar writes it: no space between tokens, no escapes beyond JSON's own."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_OPENING = compact({"action": ""}).removesuffix('""}').encode()
"""What every command starts with. No value holds it: there its quotes are escaped."""


def too_much(written: bytes | bytearray) -> bool:
    """Whether a text, whole or not, begins more commands than a plan may have."""
    return written.count(_OPENING) > MAX_COMMANDS


def fixed_texts() -> tuple[str, ...]:
    """What answers hold beside the speaker's words: a tokenizer may spell each as one token.

    A text that closes a value is none that opens another, so that ending a value and what comes
    next stay two choices. Literals that are words stay out: utterances hold them too.
    """
    texts: dict[str, None] = {}
    for command in COMMANDS:
        slots = {f: slot for f, slot in command.slots().items() if slot.generated}
        marked = compact({"action": command.tag(), **dict.fromkeys(slots, _MARK)})
        opening, *rest = marked.split(_MARK)
        texts |= dict.fromkeys((_FIRST + opening, _LATER + opening, *rest))
        literals = (literal for slot in slots.values() for literal in slot.literals)
        texts |= dict.fromkeys(literal for literal in literals if not literal.isalpha())
    for reason in DeclineReason:
        texts |= dict.fromkeys(Decline(reason=reason, verb=_MARK).target().split(_MARK))
    return (*texts, _LAST)


def command_from(written: dict[str, Any], utterance: str) -> Command:
    """The command a model wrote, with the fields only the service knows.

    Raises:
        pydantic.ValidationError: the tag is unknown, or a value breaks the class.
    """
    return _COMMAND.validate_python(_filled_in(written, utterance))


def _filled_in(written: dict[str, Any], utterance: str) -> dict[str, Any]:
    fields = _FILLED_IN.get(str(written.get("action")))
    return {**written, **dict.fromkeys(fields, utterance)} if fields else written


def answer_from(written: dict[str, Any], utterance: str) -> Answer:
    """The plan or refusal a model wrote, or that it is too much for a plan.

    Raises:
        pydantic.ValidationError: shape, values or order are wrong.
        ValueError: ``commands`` is not a list.
    """
    commands = written.get("commands")
    if not isinstance(commands, list):
        raise ValueError("the answer holds no list of commands")
    if not commands:
        reason = written.get("reason", DeclineReason.UNINTELLIGIBLE)
        return Decline(reason=reason, verb=written.get("verb", ""))
    if len(commands) > MAX_COMMANDS:
        return TooMuch()
    filled = [_filled_in(command, utterance) for command in commands]
    try:
        return Plan.model_validate({"commands": filled})
    except ValidationError:
        # A command's own fault is told without those that a plan lacking it has.
        for command in filled:
            _COMMAND.validate_python(command)
        raise
