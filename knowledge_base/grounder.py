"""The decision about each slot of a plan: known, category, literal, ambiguous or unknown.

Words decide first; meaning is asked only where words fail, and never for people. An unknown word
never becomes its neighbour: below the threshold the neighbours are what the question names.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from knowledge_base.entry import Entry
from knowledge_base.evidence import (
    SCORES,
    WORTH_NAMING,
    Hit,
    best_first,
    by_spelling,
    by_words,
    of_a_kind,
    resembling,
)
from knowledge_base.index import Index
from knowledge_base.meant import probability as meant
from knowledge_base.options import KnowledgeOptions
from knowledge_base.vocabulary import vocabulary
from knowledge_base.words import key, tokens, untitled
from schemas.commands import RobotCommand, Slot
from schemas.grounding import Candidate, EntityKind, Fields, Grounding, Method, Status

Indexes = Mapping[str, Index]
Nearest = Callable[[str, Sequence[str]], list[Hit]]
"""Entries of the named collections by meaning, best first, scored by cosine similarity."""

MAX_ALTERNATIVES = 5

WORTH_ASKING = 0.6
"""Least cosine similarity of a neighbour that a question may name."""

_IN_ROOM = re.compile(r"\s+(?:in|of|from|at|inside|on)\s+(?:the\s+|my\s+)?(?P<room>.+)$", re.I)


class PlanGrounding:
    """Grounds a plan command after command, each once and in the light of those before it.

    One rule looks ahead: where the next command takes or puts down an object, a place that may be
    one of several is one that holds objects. A command that hangs on it waits for the next.

    Args:
        finish: the last touch to every grounding.
    """

    def __init__(
        self,
        indexes: Indexes,
        nearest: Nearest,
        options: KnowledgeOptions,
        finish: Callable[[Grounding], Grounding],
    ) -> None:
        self._decisions = _Decisions(indexes, nearest, options)
        self._finish = finish
        self._waiting: RobotCommand | None = None

    def add(self, command: RobotCommand) -> Iterator[Fields]:
        """What is certain with the next command: the one before it if that waits, and its own."""
        if self._waiting is not None:
            handles = command.action in ("pick_object", "place_object")
            yield from self._settle(self._waiting, handles)
        yield from self._settle(command, None)

    def end(self) -> Iterator[Fields]:
        """What is certain once there is no further command."""
        if self._waiting is not None:
            yield from self._settle(self._waiting, False)

    def _settle(self, command: RobotCommand, handles: bool | None) -> Iterator[Fields]:
        fields: Fields = {}
        for field, slot in command.slots().items():
            if not slot.generated:
                continue
            grounding = self._decisions.decide(getattr(command, field), slot, handles)
            if grounding is None:
                self._waiting = command
                return
            fields[field] = grounding
        self._waiting = None
        for grounding in fields.values():
            self._decisions.been_to(grounding)
        yield {
            field: self._finish(self._decisions.with_usual_placement(grounding))
            for field, grounding in fields.items()
        }


class _Decisions:
    """Decides slot after slot; remembers the room the plan is in."""

    def __init__(self, indexes: Indexes, nearest: Nearest, options: KnowledgeOptions) -> None:
        self._indexes = indexes
        self._nearest = nearest
        self._options = options
        self._room: str | None = None
        self._at_placement = False
        self._near: dict[tuple[str, Slot], list[Hit]] = {}

    def been_to(self, grounding: Grounding) -> None:
        """Later places are more likely in the room of this one."""
        if grounding.kind in (EntityKind.ROOM, EntityKind.PLACEMENT):
            room = grounding.name if grounding.kind is EntityKind.ROOM else grounding.room
            self._room = room or self._room
            self._at_placement = grounding.kind is EntityKind.PLACEMENT

    def with_usual_placement(self, grounding: Grounding) -> Grounding:
        """With the place to look for a thing whose place the speaker did not say."""
        if grounding.kind not in (EntityKind.OBJECT, EntityKind.CATEGORY) or self._at_placement:
            return grounding
        usual = self._usual_placement(grounding)
        if usual is None or (self._room and not _same(usual.room, self._room)):
            return grounding
        told = _candidate(Hit(usual, 1.0, Method.NONE))
        return grounding.model_copy(update={"usual_placement": told})

    def _usual_placement(self, grounding: Grounding) -> Entry | None:
        objects, categories = self._indexes["objects"], self._indexes["categories"]
        entry = objects.entries.get(grounding.id or "") or categories.entries.get(
            grounding.id or ""
        )
        if entry is None:
            return None
        name = entry.placement
        if name is None and entry.category is not None:
            kinds = categories.exactly(entry.category)
            name = kinds[0].entry.placement if kinds else None
        forms = self._indexes["placements"].exactly(name) if name else []
        return forms[0].entry if forms else None

    def decide(self, phrase: str, slot: Slot, handles: bool | None) -> Grounding | None:
        """The decision about a slot; None if it hangs on what is not known.

        Args:
            handles: whether the next command takes or puts down an object; None: not known.
        """
        if phrase in slot.literals or (slot.empty and not phrase) or not slot.collections:
            return _literal(phrase)
        if slot.free and _about_people(phrase):
            return _literal(phrase)
        hits = self._by_words(phrase, slot)
        if not hits and "objects" in slot.collections:
            kind = of_a_kind(phrase, self._indexes["objects"])
            if kind is not None:
                return _kind(phrase, *kind)
        hits = hits or self._by_likeness(phrase, slot)
        hits = [hit for hit in hits if not self._elsewhere(phrase, hit)]
        if slot.free:
            sure = hits and hits[0].score >= self._options.accept
            return self._settled(phrase, hits) if sure and len(hits) == 1 else _literal(phrase)
        if "placements" in slot.collections and len(hits) > 1:
            best = [h for h in hits if h.score > hits[0].score - self._options.margin]
            if handles is None and len({hit.entry.holds_objects for hit in best}) > 1:
                return None
            hits = self._by_context(best, bool(handles))
        if not hits or hits[0].score < self._options.accept:
            return self._unknown(phrase, hits, slot)
        leaders = _most_specific(
            [h for h in hits if h.score > hits[0].score - self._options.margin]
        )
        if len(leaders) > 1:
            return self._ambiguous(phrase, leaders)
        return self._settled(phrase, leaders)

    def _by_words(self, phrase: str, slot: Slot) -> list[Hit]:
        indexes = [self._indexes[name] for name in slot.collections]
        hits = by_words(phrase, indexes)
        if not hits and slot.collections == ("people",):
            hits = by_words(untitled(phrase), indexes)
        if not hits and "placements" in slot.collections:
            hits = self._in_named_room(phrase, indexes)
        return hits

    def _by_likeness(self, phrase: str, slot: Slot) -> list[Hit]:
        """By spelling and sound, by meaning where these are not enough; people never by meaning."""
        said = untitled(phrase) if slot.collections == ("people",) else phrase
        hits = by_spelling(said, [self._indexes[name] for name in slot.collections])
        if (hits and hits[0].score >= self._options.accept) or slot.collections == ("people",):
            return hits
        return best_first([*hits, *self._by_meaning(phrase, slot)])

    def _by_meaning(self, phrase: str, slot: Slot) -> list[Hit]:
        """Neighbours of the phrase's vector, scored by how likely they are meant."""
        near = self._neighbours(phrase, slot)
        found = []
        for hit in near:
            other = max((h.score for h in near if h is not hit), default=0.0)
            score = meant(phrase, hit.entry, hit.score, hit.score - other)
            found.append(Hit(hit.entry, score, Method.SEMANTIC))
        return found

    def _neighbours(self, phrase: str, slot: Slot) -> list[Hit]:
        if (phrase, slot) not in self._near:
            self._near[phrase, slot] = self._nearest(phrase, slot.collections)
        return self._near[phrase, slot]

    def _in_named_room(self, phrase: str, indexes: Sequence[Index]) -> list[Hit]:
        """ "The sofa in the living room", "kitchen sink": a placement and the room it is in."""
        words = tokens(phrase)
        splits = [(" ".join(words[:n]), " ".join(words[n:])) for n in range(1, len(words))]
        match = _IN_ROOM.search(phrase)
        if match:
            splits.insert(0, (match["room"], phrase[: match.start()]))
        for room_words, rest in splits:
            rooms = by_words(room_words, [self._indexes["rooms"]])
            if len(rooms) != 1 or rooms[0].score < self._options.accept:
                continue
            room = key(rooms[0].entry.name)
            inside = by_words(rest, [index.inside(room) for index in indexes])
            if inside:
                return [Hit(h.entry, min(h.score, 0.9), Method.CONTEXT) for h in inside]
        return []

    def _elsewhere(self, phrase: str, hit: Hit) -> bool:
        """Whether a room is named that the place is not in: a dining table is no kitchen table."""
        if hit.entry.room is None or hit.score >= SCORES["alias"]:
            return False
        words, own = tokens(phrase), f" {key(hit.entry.name)} "
        for begin, end in itertools.combinations(range(len(words) + 1), 2):
            run = " ".join(words[begin:end])
            for form in self._indexes["rooms"].by_key.get(run, ()):
                if key(form.entry.name) != key(hit.entry.room) and f" {run} " not in own:
                    return True
        return False

    def _by_context(self, best: list[Hit], handles: bool) -> list[Hit]:
        """What is taken from or put down on holds objects; a place is likelier in this room."""
        fitting = [h for h in best if not handles or h.entry.holds_objects] or best
        here = [h for h in fitting if self._room and _same(h.entry.room, self._room)]
        if len(here) == 1:
            return [Hit(here[0].entry, here[0].score, Method.CONTEXT)]
        return fitting

    def _settled(self, phrase: str, hits: list[Hit]) -> Grounding:
        hit = hits[0]
        if hit.entry.kind is EntityKind.CATEGORY:
            members = self._indexes["objects"].members.get(key(hit.entry.name), [])
            told = tuple(_candidate(Hit(m, 1.0, Method.NONE)) for m in members)
            return _grounding(phrase, Status.CATEGORY, hit, told)
        return _grounding(phrase, Status.KNOWN, hit, ())

    def _ambiguous(self, phrase: str, hits: list[Hit]) -> Grounding:
        told = tuple(_candidate(hit) for hit in hits[:MAX_ALTERNATIVES])
        score, method = round(hits[0].score / len(hits), 4), hits[0].method
        return Grounding(
            phrase=phrase, status=Status.AMBIGUOUS, score=score, method=method, alternatives=told
        )

    def _unknown(self, phrase: str, hits: list[Hit], slot: Slot) -> Grounding:
        near = [hit for hit in hits if hit.score >= WORTH_NAMING]
        if not near and slot.collections != ("people",):
            near = [h for h in self._neighbours(phrase, slot) if h.score >= WORTH_ASKING]
        near = near or resembling(phrase, [self._indexes[name] for name in slot.collections])
        told = tuple(_candidate(hit) for hit in near[:MAX_ALTERNATIVES])
        score = round(near[0].score, 4) if near else 0.0
        return Grounding(
            phrase=phrase,
            status=Status.UNKNOWN,
            score=score,
            method=Method.NONE,
            alternatives=told,
        )


def canonical(
    command: RobotCommand, groundings: Mapping[str, Grounding], indexes: Indexes
) -> RobotCommand:
    """The command with the names of the knowledge base where the words are known."""
    names: dict[str, str] = {}
    for field, slot in command.slots().items():
        grounding = groundings.get(field)
        if grounding is None or grounding.status not in (Status.KNOWN, Status.CATEGORY):
            continue
        entry = _entry_of(grounding, slot, indexes)
        plural = entry.plural if entry is not None and slot.plural else None
        names[field] = plural or grounding.name or grounding.phrase
    return command.model_copy(update=names)


def _entry_of(grounding: Grounding, slot: Slot, indexes: Indexes) -> Entry | None:
    found = (indexes[name].entries.get(grounding.id or "") for name in slot.collections)
    return next((entry for entry in found if entry is not None), None)


def _about_people(phrase: str) -> bool:
    return bool(set(tokens(phrase)) & vocabulary().persons)


def _most_specific(hits: list[Hit]) -> list[Hit]:
    """Without a category where a member of it is meant as likely: "soda pop" is a cola."""
    kinds = {key(hit.entry.category) for hit in hits if hit.entry.category is not None}
    return [
        h for h in hits if h.entry.kind is not EntityKind.CATEGORY or key(h.entry.name) not in kinds
    ]


def _kind(phrase: str, name: str, members: Sequence[Entry]) -> Grounding:
    """A category of general English that the arena has things of, but no entry for."""
    told = tuple(_candidate(Hit(member, 1.0, Method.NONE)) for member in members)
    return Grounding(
        phrase=phrase,
        status=Status.CATEGORY,
        name=name,
        kind=EntityKind.CATEGORY,
        score=SCORES["kind"],
        method=Method.ALIAS,
        alternatives=told,
    )


def _literal(phrase: str) -> Grounding:
    return Grounding(
        phrase=phrase, status=Status.LITERAL, name=phrase, score=1.0, method=Method.LITERAL
    )


def _grounding(
    phrase: str, status: Status, hit: Hit, alternatives: tuple[Candidate, ...]
) -> Grounding:
    return Grounding(
        phrase=phrase,
        status=status,
        id=hit.entry.id,
        name=hit.entry.name,
        kind=hit.entry.kind,
        room=hit.entry.room,
        pose=hit.entry.pose,
        score=round(hit.score, 4),
        method=hit.method,
        alternatives=alternatives,
    )


def _candidate(hit: Hit) -> Candidate:
    return Candidate(
        id=hit.entry.id,
        name=hit.entry.name,
        kind=hit.entry.kind,
        room=hit.entry.room,
        score=round(min(1.0, max(0.0, hit.score)), 4),
    )


def _same(room: str | None, other: str) -> bool:
    """Whether two ways to write a room's name are one, as "Kitchen" and "kitchen" are."""
    return room is not None and key(room) == key(other)


def candidates(hits: Sequence[Hit]) -> list[Candidate]:
    """Hits as the API shows them."""
    return [_candidate(hit) for hit in hits]
