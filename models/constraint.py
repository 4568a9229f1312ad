"""The decoding grammar over a model's vocabulary, through Outlines' llguidance backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import outlines
from llguidance import LLMatcher
from llguidance.numpy import allocate_token_bitmask
from numpy.typing import NDArray
from outlines.backends.llguidance import LLGuidanceBackend

from schemas.errors import GrammarError

Mask = NDArray[np.int32]
"""One bit a token of the vocabulary, 32 to a word."""

_FEW = 8
"""Where a text is forced, at most so many tokens spell its beginnings."""


class Constraint:
    """A grammar compiled once; every answer gets a copy of its matcher.

    Args:
        llama: the loaded ``llama_cpp.Llama``.
        grammar: Lark text in llguidance's dialect.

    Raises:
        GrammarError: the grammar does not compile.
    """

    def __init__(self, llama: Any, grammar: str) -> None:
        backend = LLGuidanceBackend(outlines.from_llamacpp(llama, chat_mode=False))
        self.tokenizer = backend.llg_tokenizer
        processor = backend.get_cfg_logits_processor(grammar)
        self._matcher = compiled(processor)
        self._pieces: dict[int, bytes] = {}
        self._quote = self.tokenizer.tokenize_str('"')[0]

    def matcher(self) -> LLMatcher:
        """A matcher at the start of an answer."""
        return self._matcher.deep_copy()

    def masks(self, rows: int) -> Mask:
        """Room for that many masks."""
        return allocate_token_bitmask(rows, self.tokenizer.vocab_size)

    def piece(self, token: int) -> bytes:
        """The bytes a token writes."""
        piece = self._pieces.get(token)
        if piece is None:
            piece = self._pieces[token] = self.tokenizer.decode_bytes([token])
        return piece

    def forced(self, matcher: LLMatcher, mask: Mask) -> list[int]:
        """Consume and return the tokens that are no choice; ``mask`` becomes that of the choice.

        The mask is left as it was where the matcher stops.
        """
        tokens: list[int] = []
        while True:
            ahead = matcher.compute_ff_tokens()
            if ahead:
                matcher.consume_tokens(ahead)
                tokens += ahead
            if matcher.is_stopped():
                return tokens
            self.fill(matcher, mask)
            spelling = self._spelling(matcher, mask)
            if spelling is None:
                return tokens
            tokens.append(spelling)

    def fill(self, matcher: LLMatcher, mask: Mask) -> None:
        """Write the mask of the matcher's next token."""
        matcher.unsafe_compute_mask_ptr(mask.ctypes.data, mask.nbytes)

    def _spelling(self, matcher: LLMatcher, mask: Mask) -> int | None:
        """Consume the longest token that spells a forced text, unless its spelling tells more.

        ``":"`` opens a value and is the only text allowed; but a tokenizer may spell an empty
        value ``":`` and ``""``, so there the model has to choose.
        """
        if count(mask) > _FEW:
            return None
        text = matcher.compute_ff_bytes()
        allowed = [(self.piece(t), t) for t in allowed_tokens(mask).tolist()]
        if not text or not all(piece and text.startswith(piece) for piece, _ in allowed):
            return None
        token: int = max(allowed, key=lambda pair: len(pair[0]))[1]
        before = mask.copy()
        matcher.consume_token(token)
        self.fill(matcher, mask)
        if is_allowed(mask, self._quote):
            matcher.rollback(1)
            mask[:] = before
            return None
        return token


def compiled(processor: Any) -> LLMatcher:
    """A matcher of the grammar in Outlines' logits processor.

    Raises:
        GrammarError: the grammar does not compile.
    """
    matcher = LLMatcher(processor.llg_tokenizer, processor.grammar)
    if matcher.is_error():
        raise GrammarError(f"the decoding grammar does not compile: {matcher.get_error()}")
    return matcher


def count(mask: Mask) -> int:
    """How many tokens the mask allows."""
    return int(np.bitwise_count(mask.view(np.uint32)).sum())


def allowed_tokens(mask: Mask) -> NDArray[np.intp]:
    """The tokens whose bit is set, in order."""
    return np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little"))


def is_allowed(mask: Mask, token: int) -> bool:
    """Whether the token's bit is set."""
    return bool((int(mask[token >> 5]) >> (token & 31)) & 1)
