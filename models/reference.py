"""The reference decoder: plain Outlines over llama-cpp-python, one evaluation a token.

It is the measure of right for the fast decoder, which must give the same answers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import outlines
from outlines.processors import OutlinesLogitsProcessor
from outlines.types import CFG

from models.answer import Writing
from models.base import Decoded, Listener
from models.constraint import compiled
from models.context import Logits
from models.copying import Copying, Pieces
from schemas.errors import Cancelled, ModelUnavailable


class Reference:
    """Greedy decoding by Outlines, one utterance at a time.

    Raises:
        GrammarError: the grammar does not compile.
    """

    def __init__(self, llama: Any, grammar: str, *, max_tokens: int, copying: bool) -> None:
        self._llama = llama
        self._max_tokens = max_tokens
        self._lock = threading.Lock()
        self._closed = False
        model = outlines.from_llamacpp(llama, chat_mode=False)
        generator = outlines.Generator(model, CFG(grammar), backend="llguidance")
        self._generator = cast(Any, generator)
        # Outlines compiles at the first token only; a bad grammar has to stop the start.
        processor = self._generator.logits_processor
        compiled(processor)
        self._copied = _Copied(processor) if copying else None
        if self._copied is not None:
            self._generator = cast(Any, outlines.Generator(model, processor=self._copied))

    def decode(
        self,
        prompt: str,
        writing: Writing,
        on_command: Listener,
        cancelled: Callable[[], bool],
    ) -> Decoded:
        """Answer one prompt.

        Raises:
            Cancelled: the caller went away.
            ModelAnswerInvalid: a value breaks its class.
            ModelUnavailable: the model was closed.
        """
        with self._lock:
            if self._closed:
                raise ModelUnavailable("the model was closed")
            tokens = 0
            if self._copied is not None:
                self._copied.hear(writing.utterance)
            stream = self._generator.stream(prompt, max_tokens=self._max_tokens, temperature=0.0)
            for piece in stream:
                if cancelled():
                    stream.close()
                    raise Cancelled("the client went away")
                tokens += 1
                writing.append(piece.encode())
                for command in writing.commands():
                    on_command(command)
                if writing.too_much:
                    stream.close()
                    break
        return Decoded(answer=writing.answer(), confidence=1.0, tokens=tokens, evaluations=tokens)

    @property
    def active(self) -> int:
        """Utterances being decoded now: one at most."""
        return int(self._lock.locked())

    def close(self) -> None:
        """Wait for the answer under way and take no more."""
        with self._lock:
            self._closed = True


class _Copied(OutlinesLogitsProcessor):  # type: ignore[misc, unused-ignore]
    """Outlines' processor of the grammar, and the copying of words on top of it."""

    def __init__(self, grammatical: Any) -> None:
        super().__init__(grammatical.tensor_library_name)
        self._grammatical = grammatical
        tokenizer = grammatical.llg_tokenizer
        self._pieces = Pieces(
            tokenizer.vocab_size, lambda t: cast(bytes, tokenizer.decode_bytes([t]))
        )
        self._copying = Copying(self._pieces, "")
        self._prompt = 0

    def hear(self, utterance: str) -> None:
        """Values of the next answer are made of these words."""
        self._copying = Copying(self._pieces, utterance)

    def reset(self) -> None:
        self._prompt = 0
        self._grammatical.reset()

    def process_logits(self, input_ids: Any, logits: Any) -> Any:
        biased = self._grammatical.process_logits(input_ids, logits)
        self._prompt = self._prompt or len(input_ids[0])
        text = b"".join(map(self._pieces.piece, input_ids[0][self._prompt :].tolist()))
        token = int(biased[0].argmax())
        instead = self._copying.instead(text, token, biased[0], _Finite(biased[0]))
        if instead is not None:
            token, _ = instead
        chosen = biased[0][token]
        biased[0][:] = -np.inf
        biased[0][token] = chosen
        return biased


class _Finite:
    """The tokens whose logits the grammar left as they were."""

    def __init__(self, logits: Logits) -> None:
        self._logits = logits

    def __contains__(self, token: int) -> bool:
        return bool(np.isfinite(self._logits[token]))
