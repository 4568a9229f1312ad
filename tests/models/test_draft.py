"""The drafter guesses well, and only costs time where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from models.draft import DECLINE, DRAFT, END, FIELDS, Draft, Weights, Words
from models.llama_cpp import LlamaCppModel
from schemas.plan import DeclineReason
from tests.models.utterances import UTTERANCES
from training.draft_fit import fit

CORPUS = Path(__file__).parents[1] / "corpus.yaml"
HEAD = '{"commands":['


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights.load(DRAFT)


def draft(weights: Weights, text: str, least: float = 0.0) -> Draft:
    return Draft(
        weights, text, tokenize=lambda t: list(t.encode()), piece=lambda b: bytes([b]), least=least
    )


def test_knows_every_command_the_default_model_is_held_to(weights: Weights) -> None:
    rows = yaml.safe_load(CORPUS.read_text())["interpreted"]
    taught = {step.partition(" ")[0] for row in rows for step in row["spoken"]}
    reasons = {f"{DECLINE}{r}" for r in DeclineReason}
    assert taught | reasons | {END} <= set(weights.tags) <= {*FIELDS, END}


def test_whole_plan(weights: Weights) -> None:
    written = "".join(t for t, _ in draft(weights, "go to the kitchen").pieces(HEAD))
    assert written == '{"action":"go_to","location_to_go":"kitchen"}]}'


@pytest.mark.parametrize(
    "written",
    [
        "",
        HEAD[:5],
        HEAD,
        HEAD + '{"',
        HEAD + '{"action":"go_to',
        HEAD + '{"action":"go_to","location_to_go":"',
        HEAD + '{"action":"go_to","location_to_go":"kit',
        HEAD + '{"action":"go_to","location_to_go":"kitchen"',
        HEAD + '{"action":"go_to","location_to_go":"kitchen"}',
        HEAD + '{"action":"go_to","location_to_go":"kitchen"}]',
    ],
)
def test_goes_on_from_anywhere(weights: Weights, written: str) -> None:
    rest = "".join(t for t, _ in draft(weights, "go to the kitchen").pieces(written))
    assert written + rest == HEAD + '{"action":"go_to","location_to_go":"kitchen"}]}'


def test_nothing_to_say_of_what_it_does_not_know(weights: Weights) -> None:
    guess = draft(weights, "go to the kitchen")
    assert guess.pieces(HEAD + '],"excuse":"chit') == []
    assert guess.pieces(HEAD + '{"action":"open_door') == []
    assert draft(weights, "!?").tokens(HEAD, list(HEAD.encode())) == []


def test_declines(weights: Weights) -> None:
    rest = draft(weights, "how are you today").pieces(HEAD + '],"reason":"chit')
    assert "".join(text for text, _ in rest) == '_chat","verb":""}'


def test_stops_where_it_is_unsure(weights: Weights) -> None:
    text = "put the frobnicator on the blivet, or rather beside it"
    answer = list(HEAD.encode())
    long, short = (draft(weights, text, least).tokens(HEAD, answer) for least in (0.0, 0.999))
    assert len(short) < len(long)
    assert long[: len(short)] == short


def test_saves_evaluations(fast: LlamaCppModel) -> None:
    plain = LlamaCppModel(fast.options.model_copy(update={"draft": False}))
    try:
        drafted, alone = (
            sum(model.plan(text).evaluations for text in UTTERANCES[:12]) for model in (fast, plain)
        )
    finally:
        plain.close()
    assert drafted * 2 < alone


def test_fit_and_file(tmp_path: Path) -> None:
    rooms = ["kitchen", "office", "garage", "pantry", "attic"]
    data = [
        (f"{verb} the {room}", [{"action": "go_to", "location_to_go": room}])
        for room in rooms
        for verb in ("go to", "drive to", "head for")
    ] * 40
    path = tmp_path / "draft.npz"
    fit(data, passes=2).save(path)
    loaded = Weights.load(path)
    rest = "".join(t for t, _ in draft(loaded, "go to the cellar").pieces(HEAD))
    assert rest == '{"action":"go_to","location_to_go":"cellar"}]}'


def test_words() -> None:
    words = Words("Find Ann's red-haired friend.")
    assert words.words == ["find", "ann's", "red-haired", "friend"]
    assert words.find("RED-haired friend") == (2, 4)
    assert words.find("nobody") is None
    assert words.slice(1, 3) == "Ann's red-haired"
