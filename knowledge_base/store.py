"""The durable side: entries and their vectors in Chroma, embedded or on a server.

Chroma's errors become ours here and nowhere else. A write is acknowledged after Chroma's own
transaction, so what was acknowledged survives the death of the process.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from knowledge_base.collections import COLLECTIONS
from knowledge_base.encoder import Vectors
from knowledge_base.entry import Entry
from schemas.errors import (
    CommandInterpreterError,
    EmbedderMismatch,
    SettingsError,
    StoreCorrupt,
    StoreInUse,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection as ChromaCollection

os.environ["ANONYMIZED_TELEMETRY"] = "False"

_PAGE = 1000
"""Entries read or written at once; Chroma refuses batches over about 5,000."""


class Store:
    """Entries by collection.

    Args:
        path: folder of the embedded store.
        url: a Chroma server in its place.
        embedder: id that every collection must have been filled with.

    Raises:
        StoreCorrupt, StoreUnavailable: the folder or the server cannot be used.
        SettingsError: the path is no folder, or may not be written.
        StoreInUse: another process has the folder open.
        EmbedderMismatch: a collection holds vectors of another embedder.
    """

    def __init__(self, path: Path, url: str | None, embedder: str) -> None:
        self.embedder = embedder
        self._where = url if url is not None else str(path)
        self._fault = StoreUnavailable if url is not None else StoreCorrupt
        with ExitStack() as held, self._translated("be opened"):
            if url is None:
                held.callback(os.close, _claimed(path))
            self._client = _server(url) if url is not None else _embedded(path)
            self._collections = {name: self._open(name) for name in COLLECTIONS}
            self._marks = self._client.get_or_create_collection("marks", embedding_function=None)
            self._held = held.pop_all()

    def entries(self, collection: str) -> list[Entry]:
        """All entries of a collection, in the order they were added."""
        found: list[Entry] = []
        with self._translated("be read"):
            while True:
                page = self._collections[collection].get(
                    include=["metadatas"], limit=_PAGE, offset=len(found)
                )
                found.extend(_entry(row) for row in page["metadatas"] or [])
                if len(page["ids"]) < _PAGE:
                    return found

    def write(self, collection: str, entries: Sequence[Entry], vectors: Vectors) -> None:
        """Add or replace entries; ``vectors`` has a row for each."""
        for begin in range(0, len(entries), _PAGE):
            page = entries[begin : begin + _PAGE]
            with self._translated("be written"):
                self._collections[collection].upsert(
                    ids=[entry.id for entry in page],
                    embeddings=vectors[begin : begin + _PAGE],
                    documents=[entry.name for entry in page],
                    metadatas=[{"entry": entry.model_dump_json()} for entry in page],
                )

    def remove(self, collection: str, ids: Sequence[str]) -> None:
        """Forget entries."""
        with self._translated("be written"):
            self._collections[collection].delete(ids=list(ids))

    def nearest(self, collection: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """Ids with their cosine similarity to one vector, best first."""
        with self._translated("be queried"):
            found = self._collections[collection].query(
                query_embeddings=vector.reshape(1, -1), n_results=limit, include=["distances"]
            )
        distances = (found["distances"] or [[]])[0]
        return [(i, 1.0 - float(d)) for i, d in zip(found["ids"][0], distances, strict=True)]

    def mark(self, name: str) -> str | None:
        """A small value kept beside the entries: what was imported, which revision this is."""
        with self._translated("be read"):
            found = self._marks.get(ids=[name], include=["documents"])["documents"]
        return found[0] if found else None

    def set_mark(self, name: str, value: str) -> None:
        """Keep a small value."""
        with self._translated("be written"):
            self._marks.upsert(
                ids=[name], embeddings=np.zeros((1, 1), np.float32), documents=[value]
            )

    def close(self) -> None:
        """Let go of the store; another process may open it."""
        sessions = list(_sessions(self._client))
        close: Callable[[], None] = getattr(self._client, "close")  # noqa: B009  not in its type
        close()
        for session in sessions:
            session.close()
        self._held.close()

    def _open(self, name: str) -> ChromaCollection:
        collection = self._client.get_or_create_collection(
            name,
            embedding_function=None,
            metadata={"embedder": self.embedder, "hnsw:space": "cosine"},
        )
        found = (collection.metadata or {}).get("embedder")
        if found != self.embedder:
            raise EmbedderMismatch(
                f"{self._where}: {name} was filled with the embedder {found}, "
                f"and this service has {self.embedder}"
            )
        return collection

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except CommandInterpreterError:
            raise
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # Chroma's native part panics outside Exception
            told = str(error).split("\n", 1)[0] or type(error).__name__
            raise self._fault(f"{self._where} cannot {what}: {told}") from None


def _settings() -> Any:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False, allow_reset=False)


def _claimed(path: Path) -> int:
    """The folder, opened and locked: what two processes write there, neither sees of the other."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(path, error.strerror) from None
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise _unusable(path, "it may not be written")
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(folder)
        raise StoreInUse(f"the knowledge base in {path} is open in another process") from None
    except OSError:
        pass  # a file system without locks
    return folder


def _unusable(path: Path, why: str | None) -> SettingsError:
    return SettingsError(
        f"the knowledge base cannot be kept in {path}: {why}",
        hint="Set COMMAND_INTERPRETER_KNOWLEDGE__PATH to a folder this user may write.",
    )


def _embedded(path: Path) -> ClientAPI:
    import chromadb

    return chromadb.PersistentClient(path=str(path.resolve()), settings=_settings())


def _server(url: str) -> ClientAPI:
    import chromadb

    parts = urlsplit(url if "://" in url else f"http://{url}")
    secure = parts.scheme == "https"
    return chromadb.HttpClient(
        host=parts.hostname or url,
        port=parts.port or (443 if secure else 8000),
        ssl=secure,
        settings=_settings(),
    )


def _sessions(client: ClientAPI) -> Iterator[Any]:
    """Connections to a server, which Chroma's clients leave open when they are closed."""
    for part in (client, getattr(client, "_admin_client", None)):
        session = getattr(getattr(part, "_server", None), "_session", None)
        if session is not None:
            yield session


def _entry(metadata: Any) -> Entry:
    return Entry.model_validate(json.loads(metadata["entry"]))
