"""Synonyms and kinds of things one may be asked to fetch or go to, from WordNet.

    python -m knowledge_base.derive.thesaurus WORDNET_FOLDER

The folder holds ``data.noun``, ``index.*`` and ``cntlist.rev`` (Debian: ``wordnet-base``). Writes
``data/thesaurus.txt.gz``: a synset a line, ``words joined by |``, a tab, the lines of its
hypernyms. A word stands only where that is the sense people mean by it among things; and
``data/things.txt.gz``: words that name a thing before anything else.
"""

from __future__ import annotations

import argparse
import gzip
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from knowledge_base.lexicon import frequency
from knowledge_base.thesaurus import SYNSETS, THINGS
from knowledge_base.words import key

_CORE = {6, 13}
"""Lexicographer files taken whole: artifacts and food."""

_CONCRETE = {5, 6, 8, 10, 13, 15, 17, 18, 20, 27}
"""Files of what may be seen: animals, artifacts, bodies, writings, food, places, people, plants."""

_COMMON = 200
"""Least frequency of a word for its synset outside the core to be kept."""

_PLURAL_ONLY = {"glasses", "specs"}
"""Their singular is another thing."""


@dataclass(frozen=True, slots=True)
class Synset:
    """One sense."""

    file: int
    words: tuple[str, ...]
    above: tuple[str, ...]


def _synsets(folder: Path) -> dict[str, Synset]:
    found: dict[str, Synset] = {}
    for line in (folder / "data.noun").read_text(encoding="latin-1").splitlines():
        if line.startswith(" "):
            continue
        parts = line.split("|")[0].split()
        words = int(parts[3], 16)
        at = 4 + 2 * words
        pointers = [parts[at + 1 + 4 * i : at + 5 + 4 * i] for i in range(int(parts[at]))]
        above = tuple(p[1] for p in pointers if p[0] in ("@", "@i"))
        lemmas = tuple(parts[4 + 2 * i] for i in range(words))
        found[parts[0]] = Synset(int(parts[1]), lemmas, above)
    return found


def _senses(folder: Path, kind: str) -> dict[str, list[str]]:
    """Word to its senses, the most frequent first."""
    found: dict[str, list[str]] = {}
    for line in (folder / f"index.{kind}").read_text(encoding="latin-1").splitlines():
        if not line.startswith(" "):
            parts = line.split()
            found[parts[0]] = parts[-int(parts[2]) :]
    return found


def _counts(folder: Path) -> dict[str, dict[tuple[str, int], int]]:
    """Word to times each sense was seen in tagged text, by part of speech and sense number."""
    found: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)
    for line in (folder / "cntlist.rev").read_text(encoding="latin-1").splitlines():
        sense, number, count = line.split()
        word, rest = sense.split("%")
        found[word][rest[0], int(number) - 1] = int(count)
    return found


def _things(folder: Path, synsets: dict[str, Synset]) -> list[str]:
    """Words that mean something concrete at least half of the time."""
    senses = {part: _senses(folder, part) for part in ("noun", "verb", "adj", "adv")}
    parts = {"noun": "1", "verb": "2", "adj": "3", "adv": "4"}
    counts = _counts(folder)
    found = []
    for word, offsets in senses["noun"].items():
        if "_" in word or not word.isalpha() or frequency(word) < 1:
            continue
        seen = counts.get(word, {})
        total = concrete = 0.0
        for part, of_word in senses.items():
            for number, offset in enumerate(of_word.get(word, [])):
                weight = seen.get((parts[part], number), 0) + 0.5 / (1 + number)
                total += weight
                if part == "noun" and synsets[offset].file in _CONCRETE:
                    concrete += weight
        if concrete >= total / 2 and synsets[offsets[0]].file in _CONCRETE:
            found.append(word)
    return sorted(found)


def _kept(folder: Path, synsets: dict[str, Synset]) -> dict[str, tuple[str, ...]]:
    """Synsets to keep, with the words that mean them first of all things."""
    words: dict[str, list[str]] = defaultdict(list)
    for word, offsets in _senses(folder, "noun").items():
        ranked = [o for o in offsets if synsets[o].file in _CORE | {10, 17, 20, 27}]
        core = [o for o in ranked if synsets[o].file in _CORE]
        first = (core or ranked)[:1]
        for offset in first:
            capital = all(w[0].isupper() for w in synsets[offset].words)
            common = max(frequency(part) for part in word.split("_")) >= _COMMON
            core_word = synsets[offset].file in _CORE and offsets.index(offset) < 4
            if not capital and word not in _PLURAL_ONLY and (core_word or common):
                words[offset].append(key(word))
    return {o: tuple(dict.fromkeys(found)) for o, found in words.items()}


def _with_hypernyms(
    kept: dict[str, tuple[str, ...]], synsets: dict[str, Synset]
) -> dict[str, tuple[str, ...]]:
    """The kept ones and everything above them."""
    found, todo = dict(kept), list(kept)
    while todo:
        for offset in synsets[todo.pop()].above:
            if offset not in found:
                found[offset] = ()
                todo.append(offset)
    return found


def _write(path: Path, lines: Iterable[str]) -> int:
    data = "\n".join(lines).encode()
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(data)
    return len(data)


def main() -> None:
    """Read, choose, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    synsets = _synsets(folder)
    found = _with_hypernyms(_kept(folder, synsets), synsets)
    number = {offset: line for line, offset in enumerate(sorted(found))}
    lines = [
        f"{'|'.join(found[o])}\t{' '.join(str(number[a]) for a in synsets[o].above)}"
        for o in sorted(found)
    ]
    things = _things(folder, synsets)
    print(f"{len(lines)} synsets, {_write(SYNSETS, lines)} bytes")
    print(f"{len(things)} things, {_write(THINGS, things)} bytes")


if __name__ == "__main__":
    main()
