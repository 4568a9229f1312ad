"""A GGUF model in this process, through llama-cpp-python, decoding only what the grammar allows."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

from models import gguf
from models.answer import Writing
from models.automaton import Automaton
from models.base import Decoded, Listener, _ignore, _never
from models.calibration import Calibration
from models.constraint import Constraint
from models.context import Context
from models.copying import Copying, Pieces
from models.decoder import Decoder, Request
from models.draft import DRAFT, Draft, Weights
from models.options import LlamaCppOptions
from models.prompt import shared_prefix
from models.reference import Reference
from schemas.errors import ModelUnavailable
from schemas.grammar import grammar

_CPU_BATCH = 512
_GPU_BATCH = 2048

_CROWD = 32
"""Callers at once from which a GPU decodes without drafts: an evaluation of all costs it little
more than one of a few, and guessing costs everybody's processor time."""

_SWITCH = 1e-4
"""Seconds after which a thread hands the interpreter over. On a GPU the owner of the model waits
for it after every evaluation, and Python's own 5 ms are longer than one."""


class LlamaCppModel:
    """The default backend.

    Raises:
        ModelFileMissing, ModelFileCorrupt: the file cannot be loaded.
        GrammarError: the grammar does not compile for its vocabulary.
    """

    def __init__(self, options: LlamaCppOptions) -> None:
        self.options = options
        self.name = options.path.stem
        fast = options.decoder == "fast"
        self._llama: Any = gguf.load(options, context=8 if fast else options.context)
        self._prompt = gguf.prompt(self._llama, options)
        self._tokenizer = gguf.Tokenizer(self._llama)
        self._draft = Weights.load(DRAFT) if options.draft else None
        self._decoder: Decoder | Reference
        self._callers: set[int] = set()
        """Threads that wait for an answer."""
        self._on_gpu = gguf.gpu_layers(options) != 0
        if self._on_gpu:
            sys.setswitchinterval(_SWITCH)
        if fast:
            self.slots = options.sequences or (64 if self._on_gpu else 4)
            self._decoder = self._fast()
        else:
            self.slots = 1
            self._decoder = Reference(
                self._llama, grammar(), max_tokens=options.max_tokens, copying=options.copying
            )

    def _fast(self) -> Decoder:
        options = self.options
        self._constraint = Constraint(self._llama, grammar())
        size = self._constraint.tokenizer.vocab_size
        self._pieces = Pieces(size, self._constraint.piece) if options.copying else None
        self._least = 0.2 if self._on_gpu else 0.15
        batch = _GPU_BATCH if self._on_gpu else _CPU_BATCH
        context = Context(
            self._llama.model,
            length=options.context,
            sequences=self.slots,
            batch=batch,
            threads=gguf.threads(options),
            flash_attention=options.flash_attention,
            pooled=self._on_gpu,
        )
        if options.lora is not None:
            context.set_lora(gguf.lora(self._llama, options), options.lora_scale)
        self._automaton = Automaton(self._constraint)
        return Decoder(
            context,
            self._automaton,
            prefix=shared_prefix(
                [self._tokenizer.prompt(self._prompt.render(p)) for p in ("go", "find")]
            ),
            sequences=self.slots,
            max_tokens=options.max_tokens,
            max_draft=64 if self._on_gpu else 24,
            hasty=not self._on_gpu,
            calibration=Calibration.of(options.path) if options.calibrated else Calibration(),
        )

    def _drafter(self, text: str) -> Draft | None:
        """A drafter that has its first guess ready, made in the caller's thread."""
        if self._draft is None:
            return None
        draft = Draft(
            self._draft,
            text,
            tokenize=self._tokenizer.answer,
            piece=self._constraint.piece,
            least=self._least,
        )
        start = self._automaton.start
        draft.tokens(start.text.decode(), start.tokens)
        return draft

    def plan(
        self,
        text: str,
        *,
        on_command: Listener = _ignore,
        cancelled: Callable[[], bool] = _never,
    ) -> Decoded:
        """Answer one utterance.

        Raises:
            InvalidRequest: the utterance does not fit the context.
            Cancelled: ``cancelled`` said so.
            ModelError: the model failed, or was closed.
        """
        if self._llama is None:
            raise ModelUnavailable("the model was closed")
        if isinstance(self._decoder, Reference):
            prompt = self._prompt.render(text)
            return self._decoder.decode(prompt, Writing(text), on_command, cancelled)
        caller = threading.get_ident()
        self._callers.add(caller)
        try:
            with self._decoder.turn:
                request = self._request(text, on_command, cancelled)
            return self._decoder.decode(request)
        finally:
            self._callers.discard(caller)

    def _request(self, text: str, on_command: Listener, cancelled: Callable[[], bool]) -> Request:
        crowded = self._on_gpu and len(self._callers) >= _CROWD
        return Request(
            prompt=self._tokenizer.prompt(self._prompt.render(text)),
            writing=Writing(text),
            drafter=None if crowded else self._drafter(text),
            copying=None if self._pieces is None else Copying(self._pieces, text),
            on_command=None if on_command is _ignore else on_command,
            cancelled=cancelled,
        )

    @property
    def seconds(self) -> float:
        """Time the fast decoder's evaluations took so far, without what surrounds them."""
        return self._decoder.seconds if isinstance(self._decoder, Decoder) else 0.0

    @property
    def active(self) -> int:
        """Utterances being decoded now."""
        return self._decoder.active

    def close(self) -> None:
        """End the thread and free the weights."""
        if self._llama is not None:
            self._decoder.close()
            self._llama.close()
            self._llama = None
