"""The fast decoder answers as the reference does, alone and in company."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from models.base import CommandModel
from models.llama_cpp import LlamaCppModel
from models.options import LlamaCppOptions
from schemas.errors import ModelAnswerInvalid
from schemas.plan import Answer, TooMuch
from tests.models.conftest import EVALUATION_SETS, evaluation_texts
from tests.models.utterances import TOO_MUCH, UTTERANCES


def answer(model: CommandModel, text: str) -> Answer | str:
    """The answer, or what is wrong with it: a fault must be the same one, too."""
    try:
        return model.plan(text).answer
    except ModelAnswerInvalid as fault:
        return fault.code


@pytest.fixture(scope="module")
def expected(reference: LlamaCppModel) -> dict[str, Answer | str]:
    return {text: answer(reference, text) for text in (*UTTERANCES, *TOO_MUCH)}


def test_own_utterances(fast: LlamaCppModel, expected: dict[str, Answer | str]) -> None:
    assert {text: answer(fast, text) for text in expected} == expected
    assert {text for text, got in expected.items() if got == TooMuch()} == set(TOO_MUCH)


def test_in_company(fast: LlamaCppModel, expected: dict[str, Answer | str]) -> None:
    texts = [*expected, *reversed(expected)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda text: answer(fast, text), texts))
    assert answers == [expected[text] for text in texts]


def test_without_drafting(expected: dict[str, Answer | str]) -> None:
    model = LlamaCppModel(LlamaCppOptions(draft=False, sequences=1))
    try:
        assert {text: answer(model, text) for text in expected} == expected
    finally:
        model.close()


@pytest.mark.skipif(not EVALUATION_SETS.is_dir(), reason="the evaluation sets are not at hand")
def test_evaluation_sets(fast: LlamaCppModel, reference: LlamaCppModel) -> None:
    texts = evaluation_texts()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda text: answer(fast, text), texts))
    different = [
        text for text, got in zip(texts, answers, strict=True) if got != answer(reference, text)
    ]
    assert different == []
