"""An immutable picture of what is known, made for looking words up; replaced whole on change."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from knowledge_base.entry import Entry
from knowledge_base.phonetics import classes
from knowledge_base.pronunciation import pronounced, readings
from knowledge_base.words import compact, key, plain, spoken, tokens, unnumbered
from schemas.grounding import EntityKind, Method


@dataclass(frozen=True, slots=True)
class Form:
    """One way to say an entry."""

    entry: Entry
    words: tuple[str, ...]
    method: Method
    """``EXACT`` for its name and plural, ``ALIAS`` for other words."""
    written: tuple[str, ...]
    """As written, without an article."""
    sounds: str
    """As said, a character a phoneme."""
    other_sounds: tuple[str, ...] = ()
    """Other ways a person's name may be said."""

    @property
    def letters(self) -> str:
        """As written, without spaces."""
        return "".join(self.written)


@dataclass(frozen=True)
class Index:
    """The entries of one collection by every form their words take."""

    entries: dict[str, Entry]
    forms: tuple[Form, ...] = field(repr=False)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Index:
        """Index the entries; their order is kept."""
        by_id = {entry.id: entry for entry in entries}
        return cls(by_id, tuple(form for entry in by_id.values() for form in _forms(entry)))

    @cached_property
    def by_key(self) -> dict[str, list[Form]]:
        """Forms by their words."""
        return _grouped((" ".join(form.words), form) for form in self.forms)

    @cached_property
    def by_compact(self) -> dict[str, list[Form]]:
        """Forms by their words without spaces."""
        return _grouped(("".join(form.words), form) for form in self.forms)

    @cached_property
    def compacts(self) -> list[str]:
        """The keys of ``by_compact``."""
        return list(self.by_compact)

    @cached_property
    def by_sound_class(self) -> dict[str, list[Form]]:
        """Forms by the classes of their sounds."""
        return _grouped(
            (classes(sounds), form)
            for form in self.forms
            for sounds in dict.fromkeys((form.sounds, *form.other_sounds))
        )

    @cached_property
    def sound_classes(self) -> list[str]:
        """The keys of ``by_sound_class``."""
        return list(self.by_sound_class)

    @cached_property
    def by_head(self) -> dict[str, list[Form]]:
        """Forms by their last word, numbers aside."""
        return _grouped((unnumbered(form.words)[-1], form) for form in self.forms)

    @cached_property
    def by_word(self) -> dict[str, list[Form]]:
        """Forms by each of their words."""
        return _grouped((word, form) for form in self.forms for word in form.words)

    @cached_property
    def members(self) -> dict[str, list[Entry]]:
        """Objects by the key of their category."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries.values():
            if entry.category is not None:
                found[key(entry.category)].append(entry)
        return found

    def inside(self, room: str) -> Index:
        """Only what is in the room of that key."""
        return self._by_room.get(room, _EMPTY)

    @cached_property
    def _by_room(self) -> dict[str, Index]:
        rooms: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries.values():
            if entry.room is not None:
                rooms[key(entry.room)].append(entry)
        return {room: Index.of(entries) for room, entries in rooms.items()}

    def exactly(self, phrase: str) -> list[Form]:
        """Forms of the same words, names before aliases."""
        hits = self.by_key.get(key(phrase)) or self.by_compact.get(compact(phrase), [])
        return sorted(hits, key=lambda form: form.method is not Method.EXACT)


_EMPTY = Index({}, ())


def _forms(entry: Entry) -> Iterable[Form]:
    named = [entry.name, *([entry.plural] if entry.plural else [])]
    seen: set[tuple[str, ...]] = set()
    for method, phrases in ((Method.EXACT, named), (Method.ALIAS, entry.aliases)):
        for phrase in phrases:
            words = tokens(phrase)
            if words and words not in seen:
                seen.add(words)
                yield _form(entry, words, method, phrase)
    if entry.kind is EntityKind.PERSON:
        names = plain(entry.name).split()
        for name in (names[0], names[-1]) if len(names) > 1 else ():  # given and family name alone
            if tokens(name) not in seen:
                seen.add(tokens(name))
                yield _form(entry, tokens(name), Method.ALIAS, name)


def _form(entry: Entry, words: tuple[str, ...], method: Method, phrase: str) -> Form:
    person = entry.kind is EntityKind.PERSON
    written = plain(phrase).split() if person else spoken(phrase)
    others = itertools.product(*map(readings, written)) if person else ()
    return Form(
        entry,
        words,
        method,
        tuple(written),
        "".join(map(pronounced, written)),
        tuple("".join(sounds) for sounds in others),
    )


def _grouped(pairs: Iterable[tuple[str, Form]]) -> dict[str, list[Form]]:
    groups: dict[str, list[Form]] = defaultdict(list)
    for group, form in pairs:
        groups[group].append(form)
    return dict(groups)
