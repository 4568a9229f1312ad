"""Transcripts in the form the model was trained on."""

from __future__ import annotations

import pytest

from app.transcript import normalise


@pytest.mark.parametrize(
    ("heard", "plain"),
    [
        ("say 'close the window' to Ann", 'say "close the window" to Ann'),
        ("tell Ann \u2018don\u2019t be late\u2019", 'tell Ann "don\'t be late"'),
        ("'hello there', say that to Ann", '"hello there", say that to Ann'),
        ('"go to the hall"', "go to the hall"),
        ('"go to the hall', "go to the hall"),
        ("'go to the hall'", "go to the hall"),
        ("the kids' room and the guests' room", "the kids' room and the guests' room"),
        ("give 'em the kids' toys", "give 'em the kids' toys"),
        ("bring me Ann's cup, it's on John's desk", "bring me Ann's cup, it's on John's desk"),
        ("GO TO THE HALL [noise]", "go to the hall"),
        ("  the   cup <unk> please ", "the cup please"),
    ],
)
def test_normalise(heard: str, plain: str) -> None:
    assert normalise(heard) == plain
