"""The one short question that resolves an unclear slot, made to be spoken. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from schemas.commands import RobotCommand
from schemas.grounding import Candidate, EntityKind, Fields, Grounding, Status

MAX_OFFERED = 3
"""Alternatives named in one question; a listener does not keep more."""

TOO_MUCH = "That is too much at once. What should I do first?"
"""Asked where an utterance is more than one plan; whatever is said next is a new command."""

UNSURE = "I am not sure I understood. Could you say it in other words?"
"""Asked where the plan is likelier wrong than right; what is said next is a new command."""

_ASK_FOR = {
    "people": "Who do you mean?",
    "objects": "What should I bring?",
    "categories": "What should I look for?",
    "placements": "Which place do you mean?",
    "rooms": "Which room do you mean?",
    "topics": "What should I say?",
}


_OWNED = re.compile(r"\w+(?:['\u2019]s|s['\u2019]) ")
"""As in "Jane's cup", which takes no article."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """The slot a question is about."""

    command: int
    field: str
    grounding: Grounding

    @property
    def offered(self) -> tuple[Candidate, ...]:
        """The alternatives the question names."""
        return self.grounding.alternatives[:MAX_OFFERED]


def first_unclear(groundings: tuple[Fields, ...]) -> Unclear | None:
    """The first slot that is ambiguous or unknown."""
    for index, fields in enumerate(groundings):
        for field, grounding in fields.items():
            if grounding.status in (Status.AMBIGUOUS, Status.UNKNOWN):
                return Unclear(index, field, grounding)
    return None


def question_for(unclear: Unclear, command: RobotCommand) -> str:
    """What to ask the person about it."""
    names = [c.name for c in unclear.offered]
    options = _spoken_list([_spoken(c, names.count(c.name) > 1) for c in unclear.offered])
    if unclear.grounding.status is Status.AMBIGUOUS and options:
        return f"Do you mean {options}?"
    collections = command.slots()[unclear.field].collections
    phrase = unclear.grounding.phrase
    named = collections == ("people",) or _OWNED.match(phrase)
    opening = f"I don't know {phrase}." if named else f"I don't know the {phrase}."
    if options:
        return f"{opening} Do you mean {options}?"
    return f"{opening} {_ASK_FOR[collections[0]]}"


def _spoken(candidate: Candidate, namesake: bool) -> str:
    if candidate.kind in (EntityKind.PERSON, EntityKind.TOPIC):
        return candidate.name
    room = f" in the {candidate.room}" if namesake and candidate.room else ""
    return f"the {candidate.name}{room}"


def _spoken_list(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"
