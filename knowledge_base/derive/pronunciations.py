"""Pronunciations, and rules that read what is not listed aloud, from the CMU dictionary.

    python -m knowledge_base.derive.pronunciations CMUDICT.DICT

Writes ``data/pronunciations.txt.gz``, a word a line, and ``data/letters.txt.gz``, a letter in its
context a line. The rules are counted, not written: each letter of each word is aligned with the
phonemes it stands for (Viterbi training), and the longest context that decides wins. Prints how
many of the words that were left out for a test they read rightly.
"""

from __future__ import annotations

import argparse
import gzip
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from knowledge_base.pronunciation import CONTEXTS, LETTERS, PRONUNCIATIONS, SYMBOLS, Rules, window

_ROUNDS = 4
_ALIGNED = 40_000
"""Words the alignment is learned from; the rules are counted on all."""

_FEWEST = 4
"""Times a context must be seen before it decides."""

_TESTED = 50
"""Every which word is left out of the rules for the test."""

Chunks = list[tuple[str, str]]
"""Each letter with its phonemes: none, one or two."""


def read(path: Path) -> dict[str, str]:
    """Words of plain letters with their first pronunciation, a character a phoneme."""
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *phones = line.split("#")[0].split()
        if re.fullmatch(r"[a-z]+", word) and word not in found:
            found[word] = "".join(SYMBOLS[re.sub(r"\d", "", phone)] for phone in phones)
    return found


def rules(words: dict[str, str]) -> Rules:
    """The contexts that decide how a letter is read."""
    aligned = _aligned(words)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for chunks in aligned:
        spelling = "".join(letter for letter, _ in chunks)
        for at, (_, phones) in enumerate(chunks):
            for left, right in CONTEXTS:
                counts[window(spelling, at, left, right)][phones] += 1
    found: Rules = {}
    for left, right in reversed(CONTEXTS):  # the shorter first: a longer one must say otherwise
        for context, seen in counts.items():
            if _shape(context) == (left, right) and sum(seen.values()) >= _FEWEST:
                best = seen.most_common(1)[0][0]
                if _shorter(context, found) != best:
                    found[context] = best
    return found


def _shape(context: str) -> tuple[int, int]:
    at = context.index("<")
    return at, len(context) - at - 3


def _shorter(context: str, found: Rules) -> str | None:
    """What the next shorter context that decides says."""
    at = context.index("<")
    begin, letter, rest = context[:at], context[at + 1], context[at + 3 :]
    for left, right in CONTEXTS:
        if (left, right) != (len(begin), len(rest)) and left <= len(begin) and right <= len(rest):
            shorter = f"{begin[len(begin) - left :]}<{letter}>{rest[:right]}"
            if shorter in found:
                return found[shorter]
    return None


def _aligned(words: dict[str, str]) -> Iterator[Chunks]:
    """Each word's letters with their phonemes, by likelihoods learned from the alignments."""
    cost: dict[tuple[str, str], float] = {}
    step = max(1, len(words) // _ALIGNED)
    sample = list(words.items())[::step]
    for _ in range(_ROUNDS):
        counts: Counter[tuple[str, str]] = Counter()
        for word, phones in sample:
            counts.update(_align(word, phones, cost))
        letters = Counter[str]()
        for (letter, _), count in counts.items():
            letters[letter] += count
        cost = {pair: -math.log(n / letters[pair[0]]) for pair, n in counts.items()}
    return (chunks for w, p in words.items() if (chunks := _align(w, p, cost)))


def _align(word: str, phones: str, cost: dict[tuple[str, str], float]) -> Chunks:
    best: dict[int, tuple[float, Chunks]] = {0: (0.0, [])}
    for letter in word:
        fresh: dict[int, tuple[float, Chunks]] = {}
        for at, (paid, chunks) in best.items():
            for length in (0, 1, 2):
                if at + length <= len(phones):
                    pair = (letter, phones[at : at + length])
                    price = paid + cost.get(pair, 8.0 if cost else (0.0, -1.0, 2.0)[length])
                    if at + length not in fresh or price < fresh[at + length][0]:
                        fresh[at + length] = (price, [*chunks, pair])
        best = fresh
    return best[len(phones)][1] if len(phones) in best else []


def _write(path: Path, lines: Iterable[str]) -> None:
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write("\n".join(lines).encode())


def main() -> None:
    """Read, count, write, test."""
    from knowledge_base.pronunciation import read_aloud

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dictionary", type=Path)
    words = read(parser.parse_args().dictionary)
    tested = dict(list(words.items())[::_TESTED])
    learned = rules({w: p for w, p in words.items() if w not in tested})
    right = sum(read_aloud(word, learned) == phones for word, phones in tested.items())
    print(
        f"{len(words)} words; {len(learned)} rules read {right / len(tested):.1%} of others rightly"
    )
    _write(PRONUNCIATIONS, (f"{word} {phones}" for word, phones in sorted(words.items())))
    _write(LETTERS, (f"{context} {phones}" for context, phones in sorted(learned.items())))


if __name__ == "__main__":
    main()
