import json
import random

import pytest

from training.generator import asides
from training.generator.sample import Generator, Recipe
from training.generator.style import Styles
from training.generator.verbs import asked, gerund, participle, past


@pytest.mark.parametrize(
    ("verb", "forms"),
    [
        ("bring", ("brought", "brought", "bringing")),
        ("go", ("went", "gone", "going")),
        ("get", ("got", "got", "getting")),
        ("guide", ("guided", "guided", "guiding")),
        ("carry", ("carried", "carried", "carrying")),
        ("drop", ("dropped", "dropped", "dropping")),
        ("see", ("saw", "seen", "seeing")),
        ("visit", ("visited", "visited", "visiting")),
    ],
)
def test_the_forms_of_a_verb(verb, forms):
    assert (past(verb), participle(verb), gerund(verb)) == forms


def test_a_request_takes_its_verbs_along_and_anything_else_stays():
    rng = random.Random(3)
    heard = {asked("go to the hall and find anna", rng) for _ in range(400)}
    assert any(t.endswith(" going to the hall and finding anna") for t in heard)
    assert any(t.endswith(" went to the hall and found anna") for t in heard)
    assert all(t.endswith("anna") for t in heard)
    assert {asked("how many cups are there", rng) for _ in range(50)} == {"how many cups are there"}


def test_chat_and_reasons_are_said_beside_requests(monkeypatch):
    recipe = Recipe(declines=0, compositions=0, styles=Styles(1, 0, 0))
    beside: list[str] = []
    for name in ("_reasoned", "_prefaced"):
        plain = getattr(asides, name)
        monkeypatch.setattr(
            asides, name, lambda world, text, plain=plain: beside.append(text) or plain(world, text)
        )
    longer = 0
    for sample in Generator(recipe).samples(5, 1500):
        commands = json.loads(sample.target)["commands"]
        assert commands, sample
        if beside and sample.text != beside[-1]:
            longer += len(sample.text) > len(beside[-1])
            beside.clear()
    assert longer > 40
