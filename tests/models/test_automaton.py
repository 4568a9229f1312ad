"""Remembered states allow what the grammar's own matcher allows, wherever an answer may go."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from models.automaton import Allowed, Automaton, residue
from models.constraint import Constraint, allowed_tokens
from models.llama_cpp import LlamaCppModel
from schemas.order import START

HEAD = b'{"commands":[{"action":"'


@pytest.fixture(scope="module")
def constraint(fast: LlamaCppModel) -> Constraint:
    return fast._constraint


def walk(automaton: Automaton, constraint: Constraint, seed: int) -> Iterator[list[int]]:
    """An answer the grammar allows, token after token at random; short values more often."""
    rng, edge = random.Random(seed), automaton.start
    text, answer = edge.text, [*edge.tokens]
    while not edge.to.stops and len(answer) < 150:
        yield answer
        mask = constraint.masks(1)[0]
        matcher = constraint.matcher()
        assert matcher.consume_tokens(answer)
        constraint.fill(matcher, mask)
        tokens = allowed_tokens(mask).tolist()
        closing = [t for t in tokens if constraint.piece(t)[:1] in (b'"', b"]")]
        token = rng.choice(closing if closing and rng.random() < 0.4 else tokens)
        followed = automaton.follow(edge.to, token, text, answer)
        assert followed is not None, text
        edge = followed
        text, answer = text + edge.text, answer + edge.tokens
    yield answer


@pytest.mark.parametrize("seed", range(60))
def test_like_the_matcher(constraint: Constraint, seed: int) -> None:
    """The automaton is shared by the walks of one seed, so that later ones meet known states."""
    automaton = Automaton(constraint)
    for part in range(4):
        for answer in walk(automaton, constraint, 4 * seed + part):
            matcher, mask = constraint.matcher(), constraint.masks(1)[0]
            assert matcher.consume_tokens(answer)
            assert constraint.forced(matcher, mask) == []
            node = reached(automaton, answer)
            assert node.stops == matcher.is_stopped()
            if not node.stops:
                vocabulary = constraint.tokenizer.vocab_size
                allowed = [t for t in range(vocabulary) if t in node.allowed]
                assert allowed == allowed_tokens(mask).tolist()


def reached(automaton: Automaton, answer: list[int]):  # type: ignore[no-untyped-def]
    """The node after an answer's tokens."""
    edge, at = automaton.start, len(automaton.start.tokens)
    while at < len(answer):
        edge = edge.to.edges[answer[at]]
        assert edge.tokens == answer[at : at + len(edge.tokens)]
        at += len(edge.tokens)
    return edge.to


def test_refuses_what_the_grammar_refuses(constraint: Constraint) -> None:
    automaton = Automaton(constraint)
    start = automaton.start
    token = constraint.tokenizer.tokenize_str("hello")[0]
    assert automaton.follow(start.to, token, start.text, start.tokens) is None


def test_residue_keeps_what_decides() -> None:
    go, find = b'{"commands":[{"action":"go_to","location_to_go":"', b'{"action":"find_person",'
    assert residue(go + b"sofa") == residue(go + b"bath")
    assert residue(go + b"sofa") != residue(go + b"sofas")
    assert residue(go + b'sofa"') == residue(go + b'bathroom"')
    assert residue(go + b'sofa"') != residue(go)
    assert residue(go + "sofä".encode()) != residue(go + "sofö".encode())
    assert residue(go + b'so\\"') != residue(go + b"so")
    assert residue(go + b'a"},{') == residue(go + b'b"},{"action":"go_to","location_to_go":"c"},{')
    assert residue(go + b'a"},{')[0] == START
    assert residue(go + b'a"},' + find + b'"attribute_value":""}')[0] != START


def test_tag_is_kept() -> None:
    assert residue(HEAD + b"go") != residue(HEAD + b"co")


@pytest.mark.parametrize("tokens", [range(3, 20, 3), range(0, 4000, 2)], ids=["few", "many"])
def test_choose(tokens: range) -> None:
    mask = np.zeros(4096 // 32, np.int32)
    bits = mask.view(np.uint32)
    for token in tokens:
        bits[token >> 5] |= np.uint32(1 << (token & 31))
    logits = np.random.default_rng(1).normal(size=4096).astype(np.float32)
    logits[1], logits[[6, 9]] = 200.0, (30.0, 44.0)
    allowed = Allowed(mask, np.empty(4096, np.float32))
    token, probability = allowed.choose(logits)
    own = logits[list(tokens)].astype(np.float64)
    assert token == list(tokens)[int(own.argmax())]
    assert 1.0 - probability > 0
    assert probability == pytest.approx(1.0 / np.exp(own - own.max()).sum(), rel=1e-9)
    assert 1 not in allowed
    assert token in allowed
