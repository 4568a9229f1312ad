"""Files of random weights with fewer and more tokens than the default's, timed and drawn."""

from __future__ import annotations

import json

import pytest
from matplotlib import image

from benchmarks import frontier
from benchmarks.frontier import Pass, Shape, draw, measured, resized, shaped
from models.options import DEFAULT_WEIGHTS
from training.checkpoint import Checkpoint


@pytest.fixture(scope="module")
def source():
    return Checkpoint.open(DEFAULT_WEIGHTS)


def model(series, tokens, time=1.0, **other):
    return {
        "series": series,
        "layers": 1,
        "feed_forward": 64,
        "form": "q4_0",
        "tokens": tokens,
        "request_tokens": 61.9,
        "unseen_words": [90, 100],
        "made_up_words": [80, 100],
        "time_to_shipped": {"median": time},
        **other,
    }


@pytest.mark.parametrize("tokens", [1560, 12000])
def test_a_shape_has_the_tokens_it_is_asked_for_and_takes_its_time(source, tmp_path, tokens):
    sized = resized(source, tokens, tmp_path)
    one = Pass(shaped(sized, Shape(1, 64, "q4_0", tokens), tmp_path))
    assert one.vocabulary == tokens
    assert one.milliseconds([0, 300, tokens - 1], read=1) > 0
    one.close()


def test_a_smaller_or_larger_vocabulary_writes_every_text(source, tmp_path):
    text = 'bring the sextant to Żółć, 你好 unused1 {"commands":[]}'
    whole = source.vocabulary.tokenizer().encode(text).ids
    for tokens in (1560, 12000):
        tokenizer = resized(source, tokens, tmp_path).vocabulary.tokenizer()
        ids = tokenizer.encode(text).ids
        assert tokenizer.decode(ids) == text
        assert ids == whole if tokens > 8732 else len(ids) > len(whole)


def test_fewer_tokens_than_stay_are_refused(source, tmp_path):
    with pytest.raises(ValueError, match="too few"):
        resized(source, 100, tmp_path)


def test_a_vocabulary_that_spells_longer_is_timed_over_more_tokens(source, tmp_path, monkeypatch):
    models = [model("a", 8732), model("b", 8732, layers=2), model("b", 1560, request_tokens=92.85)]
    trained = tmp_path / "frontier.json"
    trained.write_text(json.dumps({"models": models}))
    monkeypatch.setattr(frontier, "TRAINED", trained)
    monkeypatch.setattr(frontier, "DEFAULT_WEIGHTS", shaped(source, Shape.of(models[0]), tmp_path))
    passes = set()
    milliseconds = Pass.milliseconds

    def noted(self, tokens, read):
        assert max(tokens) < self.vocabulary
        passes.add((self.vocabulary, len(tokens), read))
        return milliseconds(self, tokens, read)

    monkeypatch.setattr(Pass, "milliseconds", noted)
    shipped, deeper, smaller = measured(tokens=8, rounds=2)
    assert passes == {(8732, 8, 4), (1560, 12, 6)}
    assert shipped["time_to_shipped"]["median"] == 1
    assert smaller["bytes"] < shipped["bytes"] < deeper["bytes"]


def test_a_series_of_several_vocabularies_has_a_panel_of_its_own(tmp_path):
    without = [model("a", 8732), model("b", 8732, 2.0)]
    draw(without, tmp_path / "without.png")
    draw([*without, model("c", 8732), model("c", 1560, 1.2)], tmp_path / "with.png")
    heights, widths = zip(
        *(image.imread(tmp_path / f"{name}.png").shape[:2] for name in ("without", "with")),
        strict=True,
    )
    assert heights[0] == heights[1]
    assert widths[0] < widths[1]


def test_every_trained_model_has_what_is_timed_and_drawn():
    for one in json.loads(frontier.TRAINED.read_text())["models"]:
        assert Shape.of(one).tokens > 0 < one["request_tokens"]
        assert one["unseen_words"]
        assert one["made_up_words"]
