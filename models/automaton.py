"""The grammar's states, each asked of the matcher once and then remembered.

Most of an answer is made of what answers before it were made of. A remembered state is a lookup,
where a matcher computes masks and tokenizes what is forced.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import exp

import numpy as np

from models.answer import STRING
from models.constraint import Constraint, Mask, allowed_tokens
from models.context import Logits
from schemas.commands import COMMANDS
from schemas.errors import ModelAnswerInvalid
from schemas.order import START, State, step

_GATHER = 64
"""Up to so many allowed tokens their logits are gathered; beyond, all are looked at in place."""

_REMEMBERED = 1 << 15
"""States kept at most; beyond, all are forgotten. A vocabulary of 8,700 makes some thousands."""

_COMMAND = re.compile(rb'\{"action":"([a-z_]+)"(?:,"[a-z_]+":%b)*\}' % STRING)
_PLAIN = rb"[ !#-\[\]-~]"
"""A character that is one byte, and one character of a JSON string, too."""

_BY_TAG = {command.tag().encode(): command for command in COMMANDS}


def _bounded_strings() -> bytes:
    """A regular expression of the fields whose value the grammar bounds in length only."""
    names: dict[str, bool] = {}
    for command in COMMANDS:
        for name, schema in command.generation_schema()["properties"].items():
            bounded = schema.keys() <= {"type", "minLength", "maxLength"}
            names[name] = names.get(name, True) and bounded
    return b"|".join(name.encode() for name, bounded in names.items() if bounded)


_VALUE = re.compile(rb'(,"(?:%b)":")(%b*)("?)' % (_bounded_strings(), _PLAIN))


def residue(text: bytes) -> tuple[State | None, bytes]:
    """What of an answer's text decides how it may go on: equal residues allow the same.

    Of whole commands it is what the order rules remember; of a value that the grammar bounds in
    length only, nothing when it is closed and its length while it is open.
    """
    state: State | None = START
    end = 0
    for match in _COMMAND.finditer(text):
        command = _BY_TAG.get(match.group(1))
        state = None if state is None or command is None else step(state, command)
        if state is None:
            return None, text
        end = match.end()
    return state, _VALUE.sub(_without_value, text[end:])


def _without_value(match: re.Match[bytes]) -> bytes:
    opening, value, closing = match.groups()
    return opening + (closing or b"%d" % len(value))


class Allowed:
    """The tokens a state allows: their numbers where they are few, else a flag for every token.

    Args:
        odds: room for those of the whole vocabulary; all states may have the same.
    """

    def __init__(self, mask: Mask, odds: Logits) -> None:
        tokens = allowed_tokens(mask)
        self._few = tokens if tokens.size <= _GATHER else None
        self._numbers = [] if self._few is None else tokens.tolist()
        self._flags = np.zeros(0 if self._few is not None else odds.size, np.float32)
        self._odds = odds
        if self._few is None:
            self._flags[tokens] = 1.0

    def __contains__(self, token: int) -> bool:
        return token in self._numbers if self._few is not None else bool(self._flags[token])

    def choose(self, logits: Logits) -> tuple[int, float]:
        """The likeliest allowed token, and its probability among the allowed ones."""
        if self._few is not None:
            scores = logits.take(self._few).tolist()
            best = max(scores)
            token = self._numbers[scores.index(best)]
            return token, 1.0 / sum([exp(score - best) for score in scores])
        token = int(logits.argmax())
        if not self._flags.item(token):
            logits = np.where(self._flags, logits, -np.inf)
            token = int(logits.argmax())
        # To go over all tokens is faster than to look for those that matter.
        odds = np.subtract(logits, logits[token, ...], out=self._odds)
        np.exp(odds, out=odds)[token] = 0.0  # beside 1 the others' sum would be rounded away
        return token, 1.0 / (1.0 + float(odds.dot(self._flags)))


@dataclass(slots=True, eq=False)
class Node:
    """A state of the grammar in which more than one token is allowed, or which is the end."""

    allowed: Allowed
    stops: bool
    edges: dict[int, Edge] = field(default_factory=dict)
    """What follows a token, as far as it was asked."""


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """From one node to the next: the chosen token and those it forces."""

    tokens: list[int]
    text: bytes
    to: Node


class Automaton:
    """The grammar over a model's tokens, as far as answers went. One thread only."""

    def __init__(self, constraint: Constraint) -> None:
        self._constraint = constraint
        self._mask = constraint.masks(1)[0]
        self._odds = np.empty(constraint.tokenizer.vocab_size, np.float32)
        self._alike: dict[bytes, Allowed] = {}
        self._reached: dict[tuple[State | None, bytes], Edge] = {}
        """By residue: the tokens it forces, and the node after them."""
        self.start = self._arrive([])
        """What every answer starts with."""

    def follow(self, node: Node, token: int, text: bytes, answer: list[int]) -> Edge | None:
        """The edge of a token from a node; None where the grammar refuses it.

        Args:
            text: the answer up to the node.
            answer: its tokens.
        """
        edge = node.edges.get(token)
        if edge is not None or token not in node.allowed:
            return edge
        piece = self._constraint.piece(token)
        key = residue(text + piece)
        forced = self._reached.get(key)
        if forced is None:
            forced = self._arrive([*answer, token])
            if len(self._reached) >= _REMEMBERED:
                self._forget()
            self._reached[key] = forced
        edge = node.edges[token] = Edge([token, *forced.tokens], piece + forced.text, forced.to)
        return edge

    def _arrive(self, answer: list[int]) -> Edge:
        """Ask the grammar what follows an answer's tokens.

        Raises:
            ModelAnswerInvalid: it does not accept them.
        """
        matcher = self._constraint.matcher()
        matcher.consume_tokens(answer)
        tokens = self._constraint.forced(matcher, self._mask)
        if matcher.is_error():
            raise ModelAnswerInvalid(f"the grammar refused a token: {matcher.get_error()}")
        stops = matcher.is_stopped()
        text = b"".join(map(self._constraint.piece, tokens))
        return Edge(tokens, text, Node(self._nothing() if stops else self._allowed(), stops))

    def _allowed(self) -> Allowed:
        key = self._mask.tobytes()
        found = self._alike.get(key)
        if found is None:
            found = self._alike[key] = Allowed(self._mask, self._odds)
        return found

    def _nothing(self) -> Allowed:
        self._mask[:] = 0
        return self._allowed()

    def _forget(self) -> None:
        self._reached.clear()
        self._alike.clear()
        self.start.to.edges.clear()
