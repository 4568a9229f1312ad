"""A paraphrase grammar: phrases with alternatives, optional parts and references to each other.

    "{polite} [bring|fetch] me {O} from {S.the}"

``[a|b*3|]`` chooses one alternative, with weights, and may be empty. ``{name}`` is a binding of the
sentence or else a rule; ``{name.part}`` a property of a binding; ``{rule binding}`` a rule whose
``_`` is the binding. An alternative that begins with ``!`` takes no pronoun for its ``_``.
"""

from __future__ import annotations

import random
import re
from bisect import bisect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

Scope = Mapping[str, Any]
Node = Callable[["Expansion"], str]

PRONOUNS = frozenset("it them him her that this these those me us".split())
_WEIGHT = re.compile(r"^(\d+)x ")
_SPACES = re.compile(r" {2,}")


class GrammarSyntaxError(ValueError):
    """A phrase cannot be read, or names a rule that does not exist."""


@dataclass(slots=True)
class Expansion:
    """One walk through the grammar."""

    grammar: Grammar
    rng: random.Random
    scope: Scope
    argument: str = ""


@dataclass(slots=True)
class Choice:
    """Weighted alternatives."""

    nodes: list[Node]
    cumulative: list[float]

    def __call__(self, e: Expansion) -> str:
        if len(self.nodes) == 1:
            return self.nodes[0](e)
        at = bisect(self.cumulative, e.rng.random() * self.cumulative[-1])
        return self.nodes[min(at, len(self.nodes) - 1)](e)


@dataclass(slots=True)
class Rule:
    """A named phrase; ``for_pronouns`` leaves out the alternatives that take none."""

    anything: Choice
    for_pronouns: Choice


@dataclass(slots=True)
class Grammar:
    """Rules by name. Sentences are written against them with bindings of their own."""

    rules: dict[str, Rule] = field(default_factory=dict)
    _compiled: dict[str, Node] = field(default_factory=dict)

    def add(self, name: str, alternatives: Iterable[str]) -> None:
        """Add a rule.

        Raises:
            GrammarSyntaxError: an alternative cannot be read.
        """
        weighted = [weigh(text) for text in alternatives]
        plain = [(w, self.compile(t.removeprefix("!"))) for w, t in weighted]
        tame = [n for n, (_, t) in zip(plain, weighted, strict=True) if not t.startswith("!")]
        self.rules[name] = Rule(_choice(plain), _choice(tame or plain))

    def compile(self, text: str) -> Node:
        """The phrase as a function; the same text is read once."""
        node = self._compiled.get(text)
        if node is None:
            node, end = _sequence(text, 0, "")
            if end != len(text):
                raise GrammarSyntaxError(f"unexpected {text[end]!r} at {end} in {text!r}")
            self._compiled[text] = node
        return node

    def expand(self, text: str, rng: random.Random, scope: Scope) -> str:
        """One wording of the phrase, with single spaces."""
        said = self.compile(text)(Expansion(self, rng, scope))
        return (_SPACES.sub(" ", said) if "  " in said else said).strip()


def weigh(text: str) -> tuple[float, str]:
    """Split ``3x phrase`` into its weight and the phrase."""
    found = _WEIGHT.match(text)
    return (float(found[1]), text[found.end() :]) if found else (1.0, text)


def _choice(weighted: list[tuple[float, Node]]) -> Choice:
    return Choice([n for _, n in weighted], list(accumulate(w for w, _ in weighted)))


def _sequence(text: str, at: int, stop: str) -> tuple[Node, int]:
    nodes: list[Node] = []
    start = at
    while at < len(text) and text[at] not in stop:
        if text[at] not in "[{_":
            at += 1
            continue
        nodes.extend(_literal(text[start:at]))
        node, at = _READERS[text[at]](text, at + 1)
        nodes.append(node)
        start = at
    nodes.extend(_literal(text[start:at]))
    if len(nodes) == 1:
        return nodes[0], at
    return (lambda e: "".join([n(e) for n in nodes])), at


def _literal(text: str) -> list[Node]:
    return [lambda e: text] if text else []


def _alternatives(text: str, at: int) -> tuple[Node, int]:
    weighted: list[tuple[float, Node]] = []
    while True:
        node, end = _sequence(text, at, "|]*")
        weight = 1.0
        if end < len(text) and text[end] == "*":
            digits = re.compile(r"\d+").match(text, end + 1)
            if digits is None:
                raise GrammarSyntaxError(f"no weight after * at {end} in {text!r}")
            weight, end = float(digits[0]), digits.end()
        weighted.append((weight, node))
        if end >= len(text):
            raise GrammarSyntaxError(f"[ is not closed in {text!r}")
        at = end + 1
        if text[end] == "]":
            return _choice(weighted), at


def _reference(text: str, at: int) -> tuple[Node, int]:
    end = text.find("}", at)
    if end < 0:
        raise GrammarSyntaxError(f"{{ is not closed in {text!r}")
    name, _, argument = text[at:end].partition(" ")
    inner = _named(argument) if argument else None
    return _named(name, inner), end + 1


def _argument(text: str, at: int) -> tuple[Node, int]:
    return (lambda e: e.argument), at


_READERS: dict[str, Callable[[str, int], tuple[Node, int]]] = {
    "[": _alternatives,
    "{": _reference,
    "_": _argument,
}


def _named(name: str, inner: Node | None = None) -> Node:
    owner, _, part = name.partition(".")

    def bound(e: Expansion) -> str:
        value = e.scope.get(owner)
        if value is not None:
            if part:
                value = getattr(value, part)
            return str(value)
        rule = e.grammar.rules.get(name)
        if rule is None:
            raise GrammarSyntaxError(f"no rule and no binding is called {name!r}")
        if inner is None:
            return rule.anything(e)
        argument = inner(e)
        choice = rule.for_pronouns if argument in PRONOUNS else rule.anything
        outer, e.argument = e.argument, argument
        try:
            return choice(e)
        finally:
            e.argument = outer

    return bound
