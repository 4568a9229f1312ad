"""The reference decoder: plain Outlines over llama-cpp-python, one evaluation a token.

It is the measure of right for the fast decoder, which must give the same answers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

import outlines
from outlines.types import CFG

from models.answer import Writing
from models.base import Decoded, Listener
from models.constraint import compiled
from schemas.errors import Cancelled, ModelUnavailable


class Reference:
    """Greedy decoding by Outlines, one utterance at a time.

    Raises:
        GrammarError: the grammar does not compile.
    """

    def __init__(self, llama: Any, grammar: str, *, max_tokens: int) -> None:
        self._llama = llama
        self._max_tokens = max_tokens
        self._lock = threading.Lock()
        self._closed = False
        model = outlines.from_llamacpp(llama, chat_mode=False)
        generator = outlines.Generator(model, CFG(grammar), backend="llguidance")
        self._generator = cast(Any, generator)
        # Outlines compiles at the first token only; a bad grammar has to stop the start.
        compiled(self._generator.logits_processor)

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
            ModelAnswerInvalid: the answer does not end within its tokens.
            ModelUnavailable: the model was closed.
        """
        with self._lock:
            if self._closed:
                raise ModelUnavailable("the model was closed")
            tokens = 0
            stream = self._generator.stream(prompt, max_tokens=self._max_tokens, temperature=0.0)
            for piece in stream:
                if cancelled():
                    stream.close()
                    raise Cancelled("the client went away")
                tokens += 1
                writing.append(piece.encode())
                for command in writing.commands():
                    on_command(command)
        return Decoded(answer=writing.answer(), confidence=1.0, tokens=tokens, evaluations=tokens)

    @property
    def active(self) -> int:
        """Utterances being decoded now: one at most."""
        return int(self._lock.locked())

    def close(self) -> None:
        """Wait for the answer under way and take no more."""
        with self._lock:
            self._closed = True
