"""The byte-level BPE vocabulary of a base model, and a smaller one cut out of it.

A vocabulary stays closed when it keeps every byte and, with a token, the two parts it is merged
from: any text can still be written, rare words only take more tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

NORMAL, CONTROL, USER_DEFINED = 1, 3, 4
"""GGUF's types of tokens: BPE's, special ones, and texts that are one token wherever they stand."""

BYTES = 256


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by id, their GGUF types, and the merges in order of rank."""

    tokens: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[str, ...]

    @cached_property
    def ids(self) -> dict[str, int]:
        """Id by token."""
        return {token: i for i, token in enumerate(self.tokens)}

    def tokenizer(self) -> Tokenizer:
        """The same segmentation as llama.cpp's ``smollm`` pre-tokenizer."""
        pairs = [(a, b) for a, _, b in (m.partition(" ") for m in self.merges)]
        tokenizer = Tokenizer(models.BPE(self.ids, pairs))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
            ]
        )
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.add_special_tokens(
            [AddedToken(t, special=True, normalized=False) for t in self._of(CONTROL)]
        )
        tokenizer.add_tokens(
            [AddedToken(t, special=False, normalized=False) for t in self._of(USER_DEFINED)]
        )
        return tokenizer

    def _of(self, kind: int) -> list[str]:
        return [t for t, its in zip(self.tokens, self.types, strict=True) if its == kind]

    def with_texts(self, texts: Iterable[str]) -> tuple[Vocabulary, list[list[int]]]:
        """The vocabulary in which each text is one token, and the tokens that spelled the new ones.

        Texts are printable ASCII without spaces: for others byte-level BPE writes other letters.
        """
        tokenizer, types, added = self.tokenizer(), list(self.types), dict[str, list[int]]()
        for text in texts:
            if text in self.ids:
                types[self.ids[text]] = USER_DEFINED
            else:
                added[text] = tokenizer.encode(text).ids
        types += [USER_DEFINED] * len(added)
        return Vocabulary((*self.tokens, *added), tuple(types), self.merges), [*added.values()]

    def cut(self, wanted: Iterable[int]) -> tuple[Vocabulary, list[int]]:
        """The closed vocabulary that holds the wanted tokens, and the rows it keeps, ascending."""
        made_of: dict[str, tuple[str, str]] = {}
        for merge in self.merges:
            left, _, right = merge.partition(" ")
            made_of.setdefault(left + right, (left, right))
        kept: set[int] = set()
        open_tokens = [*wanted, *self._indispensable()]
        while open_tokens:
            token = open_tokens.pop()
            if token in kept:
                continue
            kept.add(token)
            open_tokens.extend(self.ids[part] for part in made_of.get(self.tokens[token], ()))
        rows = sorted(kept)
        names = {self.tokens[r] for r in rows}
        merges = tuple(m for m in self.merges if {*m.split(" "), m.replace(" ", "", 1)} <= names)
        return Vocabulary(
            tuple(self.tokens[r] for r in rows), tuple(self.types[r] for r in rows), merges
        ), rows

    def _indispensable(self) -> list[int]:
        """Special tokens, whole texts and single bytes."""
        return [i for i, t in enumerate(self.tokens) if self.types[i] != NORMAL or len(t) == 1]


def in_use(tokenizer: Tokenizer, texts: Iterable[str], size: int) -> list[int]:
    """The ``size`` most frequent tokens of the texts."""
    counts: Counter[int] = Counter()
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == 4096:
            _count(tokenizer, batch, counts)
            batch = []
    _count(tokenizer, batch, counts)
    return [token for token, _ in counts.most_common(size)]


def _count(tokenizer: Tokenizer, batch: list[str], counts: Counter[int]) -> None:
    for encoding in tokenizer.encode_batch(batch):
        counts.update(encoding.ids)
