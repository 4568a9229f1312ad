"""What a text means in a conversation that is under way, before any model is asked.

A text may withdraw the request, answer the open question, correct a slot of the last plan, or be
a new command. Pure, but for looking words up in the knowledge base.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from app.questions import Unclear, first_unclear
from app.sessions import Commands, Session
from schemas.commands import MAX_SLOT_LENGTH, RobotCommand
from schemas.grounding import Candidate, Fields, Grounding, Status

Ground = Callable[[RobotCommand], Fields]
"""Grounds one command out of context."""


@dataclass(frozen=True, slots=True)
class NewCommand:
    """The text has to be interpreted from scratch."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The speaker wants nothing, or wants it no longer."""


@dataclass(frozen=True, slots=True)
class Revised:
    """The last plan with one slot said anew."""

    spoken: Commands


Turn = NewCommand | Withdrawn | Revised

_POLITE = (
    r"(?:please|robot|hey|ok(?:ay)?|oh|um|uh|well|sorry|wait|now|everything|that|it|thank(?:s| you)"
    r"|[, .!])*"
)
_ERRAND = (
    "(?:the|that|this|my|your)? ?(?:last )?(?:task|command|request|order|errand|mission|action)"
)
_STOP_WORDS = (
    "stop(?: it| that| right there| moving| driving| following(?: me)?)?|cancel|abort|halt|quit"
    f"|(?:stop|cancel|abort|forget|drop) {_ERRAND}|never ?mind|forget (?:about )?(?:it|that)"
    "|forget what i (?:just )?said|nothing|leave it|don'?t bother|don'?t do (?:it|that)"
    "|scratch that|that'?s enough|enough"
)
_NEITHER = re.compile(
    r"(?:no,? )?(?:neither|none)(?: one)?(?: of (?:them|those|these|the two))?", re.I
)
_WITHDRAWN = re.compile(rf"{_POLITE}(?:{_STOP_WORDS}){_POLITE}", re.I)
_HESITATION = "um|uh|oh|well|please|sorry"
_ASSENT = "no|nope|not that|yes|yeah|yep"
_MEAN = "i mean|i meant|i said|actually|rather|make (?:that|it)|it is|it's|that is|that's"
_LEAD = re.compile(rf"^(?:(?:{_ASSENT}|{_MEAN}|{_HESITATION}|the one|one)\b[\s,.:;-]*)+", re.I)
_ARTICLE = re.compile(r"^(?:the|a|an|my|our|some)\s+", re.I)
_SAID_BEFORE = r"(?:no|sorry|wait|oops)?[\s,]*"
_NOT_X_BUT_Y = re.compile(
    rf"^{_SAID_BEFORE}not\s+(?P<old>.+?)\s*"
    r"(?:[,;.]|\bbut\b|\brather\b)\s*(?:but\s+)?(?P<new>.+)$",
    re.I,
)
_Y_NOT_X = re.compile(
    rf"^{_SAID_BEFORE}(?:i (?:meant?|said)\s+)?(?P<new>.+?)[\s,;]*"
    r"\b(?:not|instead of|rather than)\s+(?P<old>.+)$",
    re.I,
)
_OWN_WORDS = r"(?:i (?:meant?|said)|make (?:that|it)|actually)"
_MEANT = re.compile(
    rf"^(?:(?:no|sorry|wait|oops)[\s,.]+(?:{_OWN_WORDS}[\s,]+)?|{_OWN_WORDS}[\s,]+)(?P<new>.+)$",
    re.I,
)
_ORDINALS = {
    "first": 0, "1st": 0, "former": 0, "second": 1, "2nd": 1, "latter": 1,
    "third": 2, "3rd": 2, "last": -1,
}  # fmt: skip
_NUMBERS = {"number one": 0, "number two": 1, "number three": 2}


def read(text: str, session: Session, ground: Ground) -> Turn:
    """What the text is, in this session."""
    if _WITHDRAWN.fullmatch(text.strip()):
        return Withdrawn()
    if not session.spoken:
        return NewCommand()
    unclear = first_unclear(session.groundings) if session.asked else None
    if unclear is not None:
        if _NEITHER.fullmatch(text.strip(" .!?,")):
            return Withdrawn()
        words = _answer(text, unclear, session.spoken[unclear.command], ground)
        if words is not None:
            return Revised(_replaced(session.spoken, unclear.command, unclear.field, words))
    return _correction(text, session, ground) or NewCommand()


def _answer(text: str, unclear: Unclear, command: RobotCommand, ground: Ground) -> str | None:
    """The words that fill the slot the question was about, if the text answers it."""
    offered = unclear.offered
    chosen = _ordinal(text, len(offered))
    words = _bare(text)
    named = offered[chosen] if chosen is not None else _named(words, offered)
    if named is not None:
        return _words_for(named, offered)
    return words if _fits(words, unclear.field, command, ground) else None


def _words_for(chosen: Candidate, offered: Sequence[Candidate]) -> str:
    """Its name, with its room where another that was offered has the same."""
    namesakes = [c for c in offered if c.name == chosen.name]
    told_apart = len(namesakes) == 1 or chosen.room is None
    return chosen.name if told_apart else f"{chosen.name} in the {chosen.room}"


def _ordinal(text: str, offers: int) -> int | None:
    if not offers:
        return None
    said = text.lower().strip(" .!?,")
    if offers == 1 and re.fullmatch(r"(?:yes|yeah|yep|right|correct|sure|exactly)\b.*", said):
        return 0
    number = next((index for words, index in _NUMBERS.items() if words in said), None)
    if number is None:
        match = re.fullmatch(r"(?:(?:no|yes|um|uh),? )?(?:the )?(\w+)(?: one)?(?:,? please)?", said)
        number = _ORDINALS.get(match.group(1)) if match else None
    return number if number is not None and -offers <= number < offers else None


def _named(words: str, offered: Sequence[Candidate]) -> Candidate | None:
    """The one alternative whose room or name holds the words: "the one in the kitchen"."""
    place = re.fullmatch(r"(?:in|from|at|on) (?:the |my )?(.+)", words, re.I)
    said = re.sub(r"\s+ones?$", "", (place.group(1) if place else words).lower())
    namesakes = len({c.name for c in offered}) == 1
    hits = [
        c
        for c in offered
        if ((place or namesakes) and c.room and c.room.lower() == said)
        or c.name.lower() == said
        or (not place and set(said.split()) <= set(c.name.lower().split()))
    ]
    return hits[0] if len(hits) == 1 else None


def _bare(text: str) -> str:
    words = _LEAD.sub("", text.strip(" .!?,"))
    return re.sub(r"[\s,]+please$", "", _ARTICLE.sub("", words), flags=re.I)


def _fits(words: str, field: str, command: RobotCommand, ground: Ground) -> bool:
    """Whether the words alone are something the slot may hold."""
    grounding = _alone(words, field, command, ground)
    return grounding is not None and grounding.status in (Status.KNOWN, Status.CATEGORY)


def _alone(words: str, field: str, command: RobotCommand, ground: Ground) -> Grounding | None:
    if not words or len(words) > MAX_SLOT_LENGTH:
        return None
    return ground(command.model_copy(update={field: words})).get(field)


def _correction(text: str, session: Session, ground: Ground) -> Revised | None:
    said = text.strip(" .!?,")
    for pattern in (_NOT_X_BUT_Y, _Y_NOT_X):
        match = pattern.match(said)
        if match:
            meant = partial(_same, _bare(match["old"]))
            return _swapped(session, meant, _bare(match["new"]), ground)
    match = _MEANT.match(said)
    return _swapped(session, lambda *_: True, _bare(match["new"]), ground) if match else None


def _same(old: str, spoken: str, grounding: Grounding | None) -> bool:
    names = {spoken.lower(), (grounding.name or "").lower() if grounding else ""}
    return old.lower() in names


def _swapped(
    session: Session,
    meant: Callable[[str, Grounding | None], bool],
    new: str,
    ground: Ground,
) -> Revised | None:
    """The plan with the last slot that was meant, and that the new words fit, said anew."""
    for index in range(len(session.spoken) - 1, -1, -1):
        command = session.spoken[index]
        for field, slot in command.slots().items():
            if not slot.collections or getattr(command, field) in slot.literals:
                continue
            grounding = session.groundings[index].get(field)
            if meant(getattr(command, field), grounding) and _fits(new, field, command, ground):
                return Revised(_replaced(session.spoken, index, field, new))
    return None


def _replaced(spoken: Commands, index: int, field: str, words: str) -> Commands:
    changed = spoken[index].model_copy(update={field: words})
    return (*spoken[:index], changed, *spoken[index + 1 :])
