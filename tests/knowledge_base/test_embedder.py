"""llama.cpp gives the vectors of the sentence-transformers library, and says what it cannot run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import (
    Dense,
    Normalize,
    Pooling,
    Transformer,
)
from transformers import BertConfig, BertModel, BertTokenizerFast

from knowledge_base.bert import Bert, Unsuited, bert_in
from knowledge_base.embedder import Embedder, packaged_folder
from knowledge_base.encoder import Vectors
from knowledge_base.options import DEFAULT_ARENA
from schemas.errors import EmbedderMissing

AGREEMENT = 0.9999
"""Least cosine similarity; rounding takes 0.00006 at most."""

ODD = {
    "empty": "",
    "blank": " \t\n ",
    "accents": "Crème brûlée for Søren Ångström",
    "accents of their own": "Cre\u0301me bru\u0302le\u0301e",
    "capitals that change length": "İSTANBUL STRASSE ẞ ǅ",
    "ligatures": "ﬁne oﬃce",
    "Chinese": "请给我一杯咖啡",
    "Japanese and Korean": "コーヒー 한국어",
    "right to left": "قهوة من فضلك שלום",
    "Devanagari": "चाय का कप",
    "emoji": "bring me a 🍎 and a 👩🏽‍🍳",
    "symbols": "cup+saucer=50%~£5 #1 @home «quoted» … — it's",
    "zero width": "cof\u200bfee\u00adcup\ufeff",
    "control characters": "coffee\x00\x07 cup\ufffd",
    "unassigned": "cup \U000e0fff \u0378",
    "BERT's own words": "[CLS] the [MASK] cup [SEP] [PAD]",
    "an unbroken word": "x" * 150,
    "longer than the model reads": "the cup on the table in the kitchen " * 60,
}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", "cup", "sofa"]


def told() -> tuple[list[str], Callable[[str], None]]:
    """What was told, and what tells it."""
    stages: list[str] = []
    return stages, stages.append


def least_agreement(ours: Vectors, theirs: Any) -> float:
    """The worst cosine similarity of two rows."""
    return float(np.min(np.sum(ours * theirs, axis=1)))


def of_the_library(folder: Path, texts: Sequence[str]) -> Any:
    """The vectors as the library gives them."""
    library = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return library.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the converted default."""
    folder = tmp_path_factory.mktemp("kept")
    Embedder(None, folder).load()
    return folder


@pytest.fixture
def embedder(kept: Path) -> Embedder:
    return Embedder(None, kept)


def arena_phrases() -> list[str]:
    """Every name and alias of the default arena."""
    found: list[str] = []
    for file in DEFAULT_ARENA.glob("*.yaml"):
        for entries in yaml.safe_load(file.read_text()).values():
            for entry in entries:
                found += [entry["name"], *entry.get("aliases", ())]
    return found


def test_vectors_agree_with_the_librarys(embedder: Embedder) -> None:
    phrases = arena_phrases()
    assert len(phrases) > 100
    theirs = of_the_library(packaged_folder(), [*phrases, *ODD.values()])
    ours = embedder.encode([*phrases, *ODD.values()])
    assert least_agreement(ours[: len(phrases)], theirs[: len(phrases)]) >= AGREEMENT
    agreements = np.sum(ours[len(phrases) :] * theirs[len(phrases) :], axis=1)
    odd = {name: a for name, a in zip(ODD, agreements, strict=True) if a < AGREEMENT}
    assert not odd


def test_a_vector_does_not_depend_on_its_company(embedder: Embedder, kept: Path) -> None:
    texts = [*arena_phrases()[:80], *ODD.values()]
    together = embedder.encode(texts)
    other = Embedder(None, kept)
    alone = np.concatenate([other.encode([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=2e-4)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)


def test_an_import_lets_others_go_first(embedder: Embedder) -> None:
    many = [f"a cup of the number {number}" for number in range(600)]
    with ThreadPoolExecutor(1) as pool:
        importing = pool.submit(embedder.encode, many)
        embedder.encode(["a saucer"])
        assert not importing.done()
        assert importing.result().shape == (600, 384)


def test_the_default_needs_neither_torch_nor_the_library(kept: Path) -> None:
    program = """
import sys
from pathlib import Path
from knowledge_base.embedder import Embedder
import app.cli, app.server

Embedder(None, Path(sys.argv[1])).encode(["a cup"])
print({"torch", "transformers", "sentence_transformers"} & set(sys.modules))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, str(kept)], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "set()\n"
    assert not ran.stderr


def test_the_identity_is_that_of_stores_filled_by_the_library(embedder: Embedder) -> None:
    assert embedder.id == "all-MiniLM-L6-v2@379094a7a845"


def test_it_is_converted_once(kept: Path, embedder: Embedder) -> None:
    stages, progress = told()
    embedder.load(progress)
    assert not stages
    assert len(list(kept.iterdir())) == 1


def flip(content: bytes) -> bytes:
    """With one bit of the weights changed."""
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    "spoil",
    [lambda c: c[: len(c) // 2], lambda c: c[:-1], lambda _: b"", lambda _: b"no GGUF", flip],
    ids=["half", "without its last byte", "empty", "something else", "one bit"],
)
def test_a_broken_file_is_made_again(
    spoil: Callable[[bytes], bytes], kept: Path, embedder: Embedder, tmp_path: Path
) -> None:
    (sound,) = kept.iterdir()
    spoiled = tmp_path / sound.name
    spoiled.write_bytes(spoil(sound.read_bytes()))
    stages, progress = told()
    again = Embedder(None, tmp_path)
    again.load(progress)
    assert stages == ["converting the embedder"]
    assert spoiled.read_bytes() == sound.read_bytes()
    np.testing.assert_array_equal(again.encode(["a cup"]), embedder.encode(["a cup"]))


def test_two_that_start_at_once_do_not_hurt_each_other(embedder: Embedder, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(lambda _: Embedder(None, tmp_path).encode(["a cup"]), range(4)))
    for vector in vectors:
        np.testing.assert_array_equal(vector, embedder.encode(["a cup"]))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_done_without(
    embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    passing = tmp_path / "passing"
    passing.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(passing))
    stages, progress = told()
    other = Embedder(None, tmp_path / "file" / "embedder")
    other.load(progress)
    assert "not kept" in stages[-1]
    assert str(tmp_path / "file") in stages[-1]
    np.testing.assert_array_equal(other.encode(["a cup"]), embedder.encode(["a cup"]))
    assert not list(passing.iterdir())


def test_no_place_for_the_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nothing"))
    with pytest.raises(EmbedderMissing, match="cannot be converted") as caught:
        Embedder(None, tmp_path / "file").load()
    assert "writable" in caught.value.hint


Made = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Makes a folder of a team's own with the real library: a small BERT of random weights."""

    def make(*, pooling: str = "mean", further: Sequence[Any] = (), **config: Any) -> Path:
        base, folder = tmp_path / "base", tmp_path / "own"
        base.mkdir()
        words = [*WORDS, *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
        (base / "vocab.txt").write_text("\n".join(words))
        BertTokenizerFast(str(base / "vocab.txt")).save_pretrained(base)
        shape = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2}
        sizes = {"num_attention_heads": 4, "max_position_embeddings": 40, "vocab_size": 72}
        settings = {"initializer_range": 0.3, **shape, **sizes, **config}
        BertModel(BertConfig(**settings)).save_pretrained(base)
        modules = [
            Transformer(str(base), max_seq_length=24),
            Pooling(64, pooling_mode=pooling),
            *further,
        ]
        SentenceTransformer(modules=modules, device="cpu").save(str(folder))
        return folder

    return make


TEXTS = ["cup", "a blue sofa", "the quick brown fox jumps over the lazy dog", "", "ÿ 7"]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("further", [[Normalize()], []], ids=["normalized", "plain"])
def test_a_bert_of_ones_own_is_converted_as_well(
    made: Made, pooling: str, further: Sequence[Any], tmp_path: Path
) -> None:
    folder = made(pooling=pooling, further=further)
    stages, progress = told()
    own = Embedder(folder, tmp_path / "kept")
    own.load(progress)
    assert stages == ["converting the embedder"]
    assert own.id.startswith("own@")
    ours = own.encode(TEXTS)
    assert least_agreement(ours, of_the_library(folder, TEXTS)) >= 0.999
    assert np.min(ours @ ours.T) < 0.9  # or agreement would say nothing


UNSUITED: list[tuple[dict[str, Any], str]] = [
    ({"pooling": "max"}, "it pools otherwise"),
    ({"further": [Dense(64, 32)]}, "its modules are Transformer, Pooling, Dense"),
    ({"hidden_act": "relu"}, "hidden_act"),
]


@pytest.mark.parametrize(("how", "_"), UNSUITED)
def test_what_llama_cpp_cannot_run_runs_in_the_library(
    made: Made, how: dict[str, Any], _: str, tmp_path: Path
) -> None:
    folder = made(**how)
    own = Embedder(folder, tmp_path / "kept")
    np.testing.assert_allclose(own.encode(TEXTS), of_the_library(folder, TEXTS), atol=1e-6)
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(("how", "reason"), UNSUITED)
def test_without_the_library_it_says_what_to_install(
    made: Made, how: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made(**how)
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(EmbedderMissing, match=reason) as caught:
        Embedder(folder).load()
    assert ".[sentence-transformers]" in caught.value.hint


def rewritten(file: Path, **changes: Any) -> None:
    """Changes values of a JSON file."""
    found = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(found | changes))


def brain_floats(folder: Path) -> None:
    file = folder / "model.safetensors"
    save_file({n: w.bfloat16() for n, w in load_file(file).items()}, file)


SPOILED: dict[str, Callable[[Path], object]] = {
    "its weights are BF16": brain_floats,
    "no tokenizer.json": lambda f: (f / "tokenizer.json").unlink(),
    "no model.safetensors": lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
    "lowers letters": lambda f: rewritten(f / "sentence_bert_config.json", do_lower_case=True),
    "the prompt 'query'": lambda f: rewritten(
        f / "config_sentence_transformers.json", default_prompt_name="query"
    ),
    "model_type of config.json is 'roberta'": lambda f: rewritten(
        f / "config.json", model_type="roberta"
    ),
    "more words than its weights": lambda f: rewritten(f / "config.json", vocab_size=50),
}


@pytest.mark.parametrize("reason", SPOILED)
def test_what_would_give_other_vectors_is_left_to_the_library(made: Made, reason: str) -> None:
    folder = made()
    assert isinstance(bert_in(folder), Bert)
    SPOILED[reason](folder)
    found = bert_in(folder)
    assert isinstance(found, Unsuited)
    assert reason in found.reason


def test_broken_weights_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(packaged_folder(), broken)
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1_000_000])
    with pytest.raises(EmbedderMissing, match="broken cannot be read"):
        Embedder(broken).load()
