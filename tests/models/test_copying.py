"""Values are made of the words that were said, whatever the model would rather write."""

from __future__ import annotations

import numpy as np
import pytest

from models.copying import VERBATIM, Copying, Pieces
from models.llama_cpp import LlamaCppModel
from models.options import LlamaCppOptions
from schemas.plan import Plan
from tests.models.utterances import UTTERANCES

TOKENS: list[bytes] = [*b"haun t ch h kitchen s Y my zone start_location".split(), b" ", b'"}']
PIECES = Pieces(len(TOKENS), TOKENS.__getitem__)
HEAD = b'{"commands":[{"action":"go_to","location_to_go":"'


class Anything:
    """A grammar that allows every token but some."""

    def __init__(self, *barred: bytes) -> None:
        self.barred = {TOKENS.index(piece) for piece in barred}

    def __contains__(self, token: int) -> bool:
        return token not in self.barred


def chosen(utterance: str, text: bytes, wishes: list[bytes], *barred: bytes) -> bytes:
    """The token taken by a model that prefers the wishes, the first most."""
    allowed, logits = Anything(*barred), np.zeros(len(TOKENS), np.float32)
    for rank, piece in enumerate(wishes):
        logits[TOKENS.index(piece)] = 10.0 - rank
    grammatical = max((t for t in range(len(TOKENS)) if t in allowed), key=logits.__getitem__)
    token, probability = Copying(PIECES, utterance).instead(text, grammatical, logits, allowed) or (
        grammatical,
        0.5,
    )
    assert 0 < probability <= 1
    return TOKENS[token]


@pytest.mark.parametrize(
    ("utterance", "value", "wishes", "taken"),
    [
        ("go to the haunch", b"haun", [b"t", b"ch"], b"ch"),
        ("go to the haunch", b"haun", [b'"}', b"t"], b"ch"),  # a word does not end in its middle
        ("go to the haunch", b"haunch", [b"zone", b'"}'], b'"}'),
        ("GO TO THE HAUNCH", b"haun", [b"ch"], b"ch"),  # case does not count
        ("go to my zone", b"", [b"Y", b"zone"], b"zone"),
        ("go to my zone", b"m", [b"Y"], b"Y"),
        ("go to  my \t zone", b"my", [b" "], b" "),  # nor spacing
        ("the kitchens", b"kitchen", [b'"}'], b'"}'),  # nor a possessive or plural s
        ("the zone", b"", [b"start_location"], b"start_location"),  # a literal
        ("the zone", b"start_location", [b'"}'], b'"}'),
        ("the zone", b"start_location", [b"s", b'"}'], b'"}'),
        ("my hkitchen", b"", [b"kitchen", b"my"], b"my"),  # words are taken from their beginning
    ],
)
def test_a_place_is_made_of_the_utterance(utterance, value, wishes, taken):
    assert chosen(utterance, HEAD + value, wishes) == taken


def test_a_kind_may_be_the_singular_of_what_was_said():
    head = b'{"action":"get_visual_info","measure":"smallest","object_category":"'
    tokens = [*b"suplykniefohr", ord('"')]
    pieces = Pieces(len(tokens), lambda t: bytes([tokens[t]]))
    for said, kind in (("supplies", b"supply"), ("knives", b"knife"), ("shelves", b"shelf")):
        for end in range(len(kind) + 1):
            logits = np.zeros(len(tokens), np.float32)
            wanted = tokens.index((kind + b'"')[end])
            logits[wanted] = 1.0
            copying = Copying(pieces, f"the smallest of the {said} on it")
            assert copying.instead(head + kind[:end], wanted, logits, Anything()) is None


def test_what_the_grammar_bars_is_not_taken():
    assert chosen("the haunch", HEAD + b"haun", [b"t", b"ch", b"h"], b"ch") in (b"t", b"h")


def test_other_fields_and_other_text_are_free():
    described = b'{"action":"find_person","attribute_value":"'
    assert chosen("the haunch", described, [b"zone"]) == b"zone"
    assert chosen("the haunch", HEAD[:-3], [b"zone"]) == b"zone"
    assert chosen("the haunch", HEAD + b'a\\"b', [b"zone"]) == b"zone"


def test_where_nothing_fits_the_model_has_its_way():
    thing = b'{"action":"pick_object","object_to_pick":"'
    assert chosen("", thing, [b"zone"]) == b"zone"
    assert chosen("the kitchen", thing + b"zone", [b"t", b"ch"]) == b"t"


def test_a_word_the_model_never_saw_is_spelled_as_it_was_said(fast: LlamaCppModel):
    free = LlamaCppModel(LlamaCppOptions(copying=False, sequences=1))
    texts = [
        "seek the waving person out alongside the tonight infusion",
        "tell me which is the smallest tangerine over by the undertook drawer",
        "go to the haunch and look for a resident in a black coat",
        "put the recite milk on the complete, robot",
    ]
    try:
        for text in (*texts, *UTTERANCES):
            answer = fast.plan(text).answer
            for command in answer.commands if isinstance(answer, Plan) else ():
                for name, value in command.written().items():
                    if name.encode() in VERBATIM and value.encode() not in VERBATIM[name.encode()]:
                        words = " ".join(text.lower().split())
                        assert value.lower().rstrip("y") in words, (text, value)
        assert any(free.plan(text).answer != fast.plan(text).answer for text in texts)
    finally:
        free.close()


def test_the_reference_may_be_plain_outlines():
    plain = LlamaCppModel(LlamaCppOptions(decoder="reference", copying=False))
    free = LlamaCppModel(LlamaCppOptions(copying=False, sequences=1))
    try:
        for text in UTTERANCES[:6]:
            assert plain.plan(text).answer == free.plan(text).answer
    finally:
        plain.close()
        free.close()
