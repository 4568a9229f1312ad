"""A number of things is fetched that often, or asked back: never in silence another number."""

from __future__ import annotations

import httpx
import pytest

from app.quantity import miscounts, swallows
from knowledge_base.words import quantity
from schemas.commands import PickObject
from schemas.grounding import Grounding, Method, Status
from tests.app.test_too_much import asks_for_less


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("bring me two", 2),
        ("bring me a couple of", 2),
        ("a pair of", None),
        ("bring 12", 12),
        ("a dozen", 12),
        ("twenty five", 25),
        ("take ten five", 5),
        ("bring me the", None),
        ("of", None),
        ("", None),
    ],
)
def test_the_number_that_words_end_with(words: str, number: int | None) -> None:
    assert quantity(words.split()) == number


@pytest.mark.parametrize(
    ("text", "thing", "times", "wrong"),
    [
        ("bring me two apples", "apples", 2, False),
        ("Bring me two Apples!", "Apples", 1, True),
        ("bring me five apples", "apples", 3, True),
        ("bring me one apple", "apple", 1, False),
        ("bring me the apples", "apples", 1, False),
        ("bring me the 2 liter bottle", "2 liter bottle", 1, False),
        ("apples, two of them", "apples", 1, False),
        ("bring me the apple " * 6, "apple", 1, False),
        ("bring me the apple " * 6, "apple", 6, False),
        ("bring me the apple " * 6, "apple", 3, True),
        ("get the apple, put the apple down and take the apple", "apple", 2, False),
        ("from the fridge bring me 7up", "7up", 1, False),
    ],
)
def test_a_plan_beside_what_was_said(text: str, thing: str, times: int, wrong: bool) -> None:
    commands = (PickObject(action="pick_object", object_to_pick=thing),) * times
    assert miscounts(commands, text) is wrong


@pytest.mark.parametrize(
    ("phrase", "name", "times", "swallowed"),
    [
        ("12 bananas", "banana", 1, True),
        ("twelve bananas", "banana", 1, True),
        ("3 bananas", "banana", 3, False),
        ("three musketeers", "3 musketeers", 1, False),
        ("bananas", "banana", 1, False),
        ("12 bananas", None, 1, False),
    ],
)
def test_a_number_within_a_name(phrase: str, name: str | None, times: int, swallowed: bool) -> None:
    thing = Grounding(
        phrase=phrase,
        status=Status.KNOWN if name else Status.UNKNOWN,
        name=name,
        score=0.9,
        method=Method.EXACT,
    )
    assert swallows([{"object_to_pick": thing}, {}] * times) is swallowed


@pytest.mark.parametrize(("number", "times"), [("two", 2), ("a couple of", 2), ("3", 3)])
def test_a_few_are_fetched_one_by_one(real: httpx.Client, number: str, times: int) -> None:
    answer = real.post("/v1/interpret", json={"text": f"bring me {number} apples"}).json()
    assert answer["outcome"] == "interpreted"
    picked = [c for c in answer["commands"] if c["action"] == "pick_object"]
    assert [c["object_to_pick"] for c in picked] == ["apple"] * times


@pytest.mark.parametrize(
    ("number", "times"), [("five", 5), ("nine", 9), ("12", 12), ("a dozen", 12), ("fifty", 50)]
)
def test_more_than_that_are_not_silently_fewer(real: httpx.Client, number: str, times: int) -> None:
    answer = real.post("/v1/interpret", json={"text": f"bring me {number} bananas"}).json()
    picked = [c for c in answer["commands"] if c["action"] == "pick_object"]
    assert asks_for_less(answer) or answer["outcome"] == "clarify" or len(picked) == times
