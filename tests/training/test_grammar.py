"""The paraphrase grammar."""

import random
import re

import pytest

from training.generator.draft import build_grammar
from training.generator.grammar import Grammar, GrammarSyntaxError, weigh
from training.generator.resources import table


def test_alternatives_are_chosen_by_weight():
    grammar, rng = Grammar(), random.Random(1)
    said = [grammar.expand("[a*9|b] c", rng, {}) for _ in range(1000)]
    assert set(said) == {"a c", "b c"}
    assert 850 < said.count("a c") < 950


def test_an_empty_alternative_leaves_no_double_space():
    assert Grammar().expand("go [|] now", random.Random(1), {}) == "go now"


def test_a_rule_takes_its_argument_from_the_sentence():
    grammar = Grammar()
    grammar.add("get", ["fetch _"])
    assert grammar.expand("{get O}", random.Random(1), {"O": "the milk"}) == "fetch the milk"


def test_pronouns_skip_the_alternatives_that_take_none():
    grammar, rng = Grammar(), random.Random(1)
    grammar.add("get", ["!pick up _", "pick _ up"])
    assert {grammar.expand("{get I}", rng, {"I": "it"}) for _ in range(50)} == {"pick it up"}


@pytest.mark.parametrize("text", ["[a|b", "{get", "[a*|b]", "{nothing}", "a]"])
def test_a_phrase_that_cannot_be_read_says_so(text):
    if text == "a]":
        assert Grammar().expand(text, random.Random(1), {}) == "a]"
        return
    with pytest.raises(GrammarSyntaxError):
        Grammar().expand(text, random.Random(1), {})


@pytest.mark.parametrize("name", ["phrases", "sentences", "simple", "declines"])
def test_no_phrase_of_the_data_keeps_quotes_around_it(name):
    phrases = [str(t) for v in table(name).values() if isinstance(v, list) for t in v]
    texts = [weigh(t)[1] for t in phrases]
    assert [t for t in texts if len(t) > 1 and t[0] == t[-1] == "'"] == []


@pytest.mark.parametrize("name", ["phrases", "sentences", "simple", "declines"])
def test_every_weight_of_the_data_is_read_as_one(name):
    phrases = [str(t) for v in table(name).values() if isinstance(v, list) for t in v]
    assert [t for t in phrases if re.match(r"\d+x", weigh(t)[1])] == []


def test_every_rule_that_is_given_an_argument_uses_it():
    rules = {k: [weigh(str(t))[1] for t in v] for k, v in table("phrases").items()}
    sentences = [str(t) for v in table("sentences").values() for t in v]
    for text in [*sentences, *(t for v in rules.values() for t in v)]:
        for name, _ in re.findall(r"\{(\w+) ([\w.]+)\}", text):
            if name in rules:
                assert all("_" in t or "{" in t for t in rules[name]), (name, text)


BOUND = frozenset(
    "are_doing info short np before clause clauses packed polite VERBING VERBING_PRON".split()
)
"""Bindings in small letters, and what ``meeting`` replaces before a sentence is said."""


@pytest.mark.parametrize("name", ["phrases", "sentences", "simple"])
def test_every_reference_is_a_rule_or_a_binding(name):
    rules = build_grammar().rules
    for group, texts in table(name).items():
        for owner in re.findall(r"\{(\w+)[ .}]", " ".join(map(str, texts))):
            known = owner in rules or owner in BOUND or owner[0].isupper()
            assert known, (group, owner)


def test_the_grammar_of_the_data_files_can_be_built():
    assert len(build_grammar().rules) > 100
