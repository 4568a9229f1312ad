"""What the robot knows: looked up in memory, kept in Chroma, changed live."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from knowledge_base import importers, lexicon
from knowledge_base.collections import COLLECTIONS, CollectionInfo, collection_named
from knowledge_base.embedder import Embedder, silent
from knowledge_base.entry import Content, Entry
from knowledge_base.evidence import Hit, by_spelling, by_words, resembling
from knowledge_base.facts import facts_of, zone
from knowledge_base.grounder import PlanGrounding, candidates, canonical
from knowledge_base.importers.arena import Arena, content_of, entry_of
from knowledge_base.index import Index
from knowledge_base.options import KnowledgeOptions
from knowledge_base.references import warnings
from knowledge_base.store import Store
from knowledge_base.thesaurus import thesaurus
from knowledge_base.vocabulary import vocabulary
from schemas.commands import RobotCommand
from schemas.errors import Conflict, ImportRejected, InvalidRequest, NotFound, StoreUnavailable
from schemas.grounding import Candidate, EntityKind, Fields, Grounding, Method

_SEMANTIC_LIMIT = 5
_REFRESH_SECONDS = 1.0
"""How often a service on a shared Chroma server looks for changes of others."""

_REVISION = "revision"
_IMPORTED = "imported"


class ImportReport(BaseModel):
    """What an import did, by collection."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    added: dict[str, int]
    changed: dict[str, int]
    unchanged: dict[str, int]
    warnings: tuple[str, ...] = ()
    """Rooms, categories and placements that entries name and nobody has described."""


class KnowledgeBase:
    """Entries by collection; safe to use from several threads.

    Readers take one immutable picture of all collections; a change replaces it after Chroma has
    acknowledged the write.
    """

    def __init__(self, store: Store, embedder: Embedder, options: KnowledgeOptions) -> None:
        self._store = store
        self._embedder = embedder
        self._options = options
        self._zone = zone(options.time_zone)
        self._writing = threading.Lock()
        self._revision = store.mark(_REVISION)
        self._looked = time.monotonic()
        self._indexes = self._read()

    @classmethod
    def open(
        cls,
        options: KnowledgeOptions,
        progress: Callable[[str], None] = silent,
        embedder: Embedder | None = None,
    ) -> KnowledgeBase:
        """Open the store and import the arena's files where they changed since the last time.

        Args:
            options: where everything is.
            progress: told what is being done.
            embedder: one that is loaded already, in place of the one in the options.

        Raises:
            EmbedderMissing, EmbedderMismatch, StoreCorrupt, StoreUnavailable: see the message.
            ImportRejected: the arena's files are broken.
        """
        if embedder is None:
            embedder = Embedder(options.embedder, options.path / "embedder")
        progress("opening the knowledge base")
        store = Store(options.path, options.chroma_url, embedder.id)
        try:
            embedder.load(progress)
            knowledge = cls(store, embedder, options)
            knowledge._import_arena(options.arena, progress)
        except BaseException:
            store.close()
            raise
        return knowledge

    def warm_up(self) -> None:
        """Load what the first unusual words need, so that they need not wait for it."""
        vocabulary()
        thesaurus()
        lexicon.load()

    def ground(self, commands: Sequence[RobotCommand], utterance: str) -> tuple[Fields, ...]:
        """Tie every slot to an entry, or say why not; earlier commands are context."""
        grounding = self.plan_grounding()
        found = [fields for command in commands for fields in grounding.add(command)]
        return (*found, *grounding.end())

    def plan_grounding(self) -> PlanGrounding:
        """The same for commands that come one by one; what changes meanwhile is not seen."""
        picture = self._picture()
        finish = partial(self._with_facts, picture)
        return PlanGrounding(picture, self._nearest, self._options, finish)

    def canonical(self, command: RobotCommand, groundings: Mapping[str, Grounding]) -> RobotCommand:
        """The command with our names where its words are known."""
        return canonical(command, groundings, self._indexes)

    def collections(self) -> list[CollectionInfo]:
        """Every collection with its size."""
        picture = self._picture()
        return [
            CollectionInfo(
                name=row.name,
                kind=row.kind,
                entries=len(picture[row.name].entries),
                embedder=self._store.embedder,
                fields=tuple(f for f in Content.model_fields if f in row.fields),
            )
            for row in COLLECTIONS.values()
        ]

    def warnings(self) -> tuple[str, ...]:
        """Rooms, categories and placements that entries name and nobody has described."""
        return warnings(self._picture())

    def entries(self, collection: str) -> list[Entry]:
        """All entries of a collection.

        Raises:
            NotFound: there is no such collection.
        """
        return list(self._picture()[collection_named(collection).name].entries.values())

    def get(self, collection: str, entry_id: str) -> Entry:
        """One entry.

        Raises:
            NotFound: there is no such collection or entry.
        """
        return _entry_in(self._picture(), collection, entry_id)

    def put(
        self,
        collection: str,
        entry_id: str,
        fields: Mapping[str, Any],
        if_match: str | None = None,
    ) -> Entry:
        """Create or replace an entry; understood from the next utterance on, and durable.

        Raises:
            NotFound: there is no such collection.
            InvalidRequest: a field is wrong.
            Conflict: the entry is not the version in ``if_match``.
        """
        content = content_of(collection, fields)
        try:
            entry = entry_of(collection, entry_id, content)
        except ValueError:
            raise InvalidRequest(
                f"{entry_id!r} is no id", hint="Use up to 64 of a-z, 0-9 and underscore."
            ) from None
        with self._writing:
            self._look_for_changes()
            self._expect(collection, entry_id, if_match)
            self._write({collection: [entry]})
        return entry

    def delete(self, collection: str, entry_id: str, if_match: str | None = None) -> None:
        """Forget an entry.

        Raises:
            NotFound: there is no such collection or entry.
            Conflict: the entry is not the version in ``if_match``.
        """
        with self._writing:
            self._look_for_changes()
            _entry_in(self._indexes, collection, entry_id)
            self._expect(collection, entry_id, if_match)
            self._store.remove(collection, [entry_id])
            left = dict(self._indexes[collection].entries)
            left.pop(entry_id, None)
            self._replace({collection: Index.of(left.values())})

    def query(self, collection: str, text: str, limit: int) -> list[Candidate]:
        """What some words may mean: named, spelled alike, then near in meaning.

        Raises:
            NotFound: there is no such collection.
            InvalidRequest: there are no words.
        """
        row = collection_named(collection)
        if not text.strip():
            raise InvalidRequest("the text is empty", hint="Give the words to look up.")
        indexes = [self._picture()[row.name]]
        hits = [*by_words(text, indexes), *by_spelling(text, indexes)]
        if row.kind is not EntityKind.PERSON:
            hits += self._nearest(text, [row.name], limit)
        hits += resembling(text, indexes, limit)
        best: dict[str, Hit] = {}
        for hit in hits:
            if hit.entry.id not in best or best[hit.entry.id].score < hit.score:
                best[hit.entry.id] = hit
        return candidates(sorted(best.values(), key=lambda hit: -hit.score)[:limit])

    def import_path(self, path: Path) -> ImportReport:
        """Add what a file or folder describes.

        Raises:
            ImportRejected: it is of no form we read; nothing was changed.
        """
        return self._import(importers.read(importers.files_in(path)))

    def import_upload(self, name: str, data: bytes) -> ImportReport:
        """Add what an uploaded file, or a zip of several, describes.

        Raises:
            ImportRejected: it is of no form we read; nothing was changed.
        """
        return self._import(importers.read(importers.files_of(name, data)))

    def export(self) -> str:
        """Everything as YAML that import reads."""
        picture = self._picture()
        data = {
            name: [
                entry.content().model_dump(mode="json", exclude_defaults=True)
                for entry in picture[name].entries.values()
            ]
            for name in COLLECTIONS
        }
        return yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=100)

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def _picture(self) -> Mapping[str, Index]:
        """The newest picture; on a shared server others may have changed it.

        Nobody waits for a write that is under way: it replaces the picture when it is done. While
        the server is gone, what was read last holds: only what needs it fails.
        """
        stale = time.monotonic() - self._looked > _REFRESH_SECONDS
        if self._options.chroma_url and stale and self._writing.acquire(blocking=False):
            try:
                with suppress(StoreUnavailable):
                    self._look_for_changes()
            finally:
                self._writing.release()
        return self._indexes

    def _look_for_changes(self) -> None:
        """Take over what others wrote to a shared server. Call it while ``_writing`` is held."""
        if self._options.chroma_url is None:
            return
        self._looked = time.monotonic()
        revision = self._store.mark(_REVISION)
        if revision != self._revision:
            self._revision, self._indexes = revision, self._read()

    def _read(self) -> dict[str, Index]:
        return {name: Index.of(self._store.entries(name)) for name in COLLECTIONS}

    def _nearest(
        self, phrase: str, collections: Sequence[str], limit: int = _SEMANTIC_LIMIT
    ) -> list[Hit]:
        vector = self._embedder.encode([phrase])
        picture = self._indexes
        found = [
            Hit(picture[name].entries[entry_id], similarity, Method.SEMANTIC)
            for name in collections
            if picture[name].entries
            for entry_id, similarity in self._store.nearest(name, vector, limit)
            if entry_id in picture[name].entries
        ]
        return sorted(found, key=lambda hit: -hit.score)[:limit]

    def _with_facts(self, picture: Mapping[str, Index], grounding: Grounding) -> Grounding:
        if grounding.kind is not EntityKind.TOPIC or grounding.id is None:
            return grounding
        topic = picture["topics"].entries[grounding.id]
        facts = facts_of(topic, datetime.now(self._zone))
        return grounding.model_copy(update={"facts": facts})

    def _expect(self, collection: str, entry_id: str, if_match: str | None) -> None:
        found = self._indexes[collection].entries.get(entry_id)
        if if_match is not None and (found is None or found.etag != if_match):
            now = "is gone" if found is None else f"is {found.etag} now"
            raise Conflict(f"{collection}/{entry_id} {now}, not {if_match}")

    def _write(self, changed: Mapping[str, Sequence[Entry]]) -> None:
        for collection, entries in changed.items():
            vectors = self._embedder.encode([entry.name for entry in entries])
            self._store.write(collection, entries, vectors)
        self._replace(self._merged(changed))

    def _merged(self, changed: Mapping[str, Sequence[Entry]]) -> dict[str, Index]:
        """New indexes of the collections that change."""
        return {
            name: Index.of((self._indexes[name].entries | {e.id: e for e in entries}).values())
            for name, entries in changed.items()
        }

    def _replace(self, fresh: Mapping[str, Index]) -> None:
        self._revision = uuid.uuid4().hex
        self._store.set_mark(_REVISION, self._revision)
        # Another's mark may just have been covered by ours: read what it wrote, too.
        shared = self._options.chroma_url is not None
        self._indexes = self._read() if shared else {**self._indexes, **fresh}

    def _import(self, arena: Arena) -> ImportReport:
        with self._writing:
            self._look_for_changes()
            report, changed = self._compared(arena)
            if changed:
                self._write(changed)
            return report.model_copy(update={"warnings": warnings(self._indexes)})

    def _compared(self, arena: Arena) -> tuple[ImportReport, dict[str, list[Entry]]]:
        """What an import would do, and the entries it would write."""
        counts: dict[str, dict[str, int]] = {"added": {}, "changed": {}, "unchanged": {}}
        changed: dict[str, list[Entry]] = {}
        for collection, contents in arena.contents.items():
            known = self._indexes[collection].entries
            for entry_id, content in contents.items():
                what = _compared(known.get(entry_id), content)
                counts[what][collection] = counts[what].get(collection, 0) + 1
                if what != "unchanged":
                    entry = entry_of(collection, entry_id, content)
                    changed.setdefault(collection, []).append(entry)
        return ImportReport(**counts), changed

    def _import_arena(self, path: Path, progress: Callable[[str], None]) -> None:
        """Import the start files once: what a team deletes later stays deleted.

        The mark is set last, so an import that was cut off is done again at the next start.
        """
        if not path.exists():
            raise ImportRejected(
                f"there is no arena {path}",
                hint="Set COMMAND_INTERPRETER_KNOWLEDGE__ARENA to a file or folder, or unset it "
                "for the default arena.",
            )
        files = importers.files_in(path)
        digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
        if self._store.mark(_IMPORTED) == digest:
            return
        progress(f"importing the arena from {path}")
        self._import(importers.read(files))
        self._store.set_mark(_IMPORTED, digest)


def _entry_in(indexes: Mapping[str, Index], collection: str, entry_id: str) -> Entry:
    found = indexes[collection_named(collection).name].entries.get(entry_id)
    if found is None:
        raise NotFound(f"there is no {entry_id!r} in {collection}")
    return found


def _compared(known: Entry | None, content: Content) -> str:
    if known is None:
        return "added"
    return "unchanged" if known.etag == content.version() else "changed"
