"""The decoding grammar accepts the answers that validation accepts, and no others."""

from __future__ import annotations

import json

import llguidance
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.commands import COMMANDS, MAX_SLOT_LENGTH, RobotCommand
from schemas.grammar import grammar
from schemas.order import START, first_breach, step, transitions
from schemas.plan import (
    MAX_COMMANDS,
    Decline,
    DeclineReason,
    Plan,
    TooMuch,
    answer_from,
    command_from,
    compact,
    too_much,
)

TOKENIZER = llguidance.LLTokenizer("byte")
COMPILED = llguidance.LLMatcher.grammar_from_lark(grammar())


def accepts(text: str) -> bool:
    matcher = llguidance.LLMatcher(TOKENIZER, COMPILED)
    assert not matcher.get_error()
    tokens = TOKENIZER.tokenize_str(text)
    return bool(
        matcher.validate_tokens(tokens) == len(tokens)
        and matcher.consume_tokens(tokens)
        and matcher.is_accepting()
    )


def written(command: type[RobotCommand], value: str = "x") -> dict[str, str]:
    fields = (field for field, slot in command.slots().items() if slot.generated)
    return {"action": command.tag(), **dict.fromkeys(fields, value)}


def test_every_command_can_be_decoded_where_the_order_allows_it() -> None:
    for state, edges in transitions().items():
        before = [written(c) for c in shortest_way(state)]
        for command in COMMANDS:
            text = compact({"commands": [*before, written(command)]})
            assert accepts(text) == (command in edges), text


def shortest_way(goal: frozenset[object]) -> list[type[RobotCommand]]:
    ways: dict[frozenset[object], list[type[RobotCommand]]] = {START: []}
    queue = [START]
    while goal not in ways:
        state = queue.pop(0)
        for command, after in transitions()[state].items():
            if after not in ways:
                ways[after] = [*ways[state], command]
                queue.append(after)
    return ways[goal]


@pytest.mark.parametrize(
    "text",
    [
        '{"commands":[]}',
        '{"commands":[{"action":"give_object"}]}',
        '{"commands":[{"action":"go_to"}]}',
        '{"commands":[{"location_to_go":"sofa","action":"go_to"}]}',
        '{"commands":[{"action":"go_to","location_to_go":"sofa","speed":"fast"}]}',
        '{"commands":[{"action":"dance"}]}',
        '{"commands": [{"action":"go_to","location_to_go":"sofa"}]}',
        '{"commands":[{"action": "go_to","location_to_go":"sofa"}]}',
        '{"commands":[{"action":"go_to","location_to_go":""}]}',
        '{"commands":[{"action":"go_to","location_to_go":"' + "a" * (MAX_SLOT_LENGTH + 1) + '"}]}',
        '{"commands":[],"reason":"boredom","verb":""}',
    ],
)
def test_what_is_not_an_answer_cannot_be_decoded(text: str) -> None:
    assert not accepts(text)


@pytest.mark.parametrize("reason", list(DeclineReason))
def test_declining_can_be_decoded(reason: DeclineReason) -> None:
    decline = Decline(reason=reason, verb="pour")
    assert accepts(decline.target())
    assert answer_from(json.loads(decline.target()), "pour the milk") == decline


@given(st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=8))
def test_grammar_and_validation_agree_on_order(classes: list[type[RobotCommand]]) -> None:
    answer = {"commands": [written(c) for c in classes]}
    breach = first_breach([command_from(w, "said") for w in answer["commands"]])
    assert accepts(compact(answer)) == (breach is None)
    if breach is None:
        plan = answer_from(answer, "said")
        assert isinstance(plan, Plan)
        assert plan.target() == compact(answer)
        return
    with pytest.raises(ValidationError, match=f"command {breach[0]} .* comes before"):
        answer_from(answer, "said")


@pytest.mark.parametrize("more", [0, 1, 40])
def test_what_can_be_decoded_beyond_a_plan_is_too_much(more: int) -> None:
    answer = {"commands": [written(COMMANDS[0])] * (MAX_COMMANDS + more)}
    assert accepts(compact(answer))
    assert isinstance(answer_from(answer, "said"), TooMuch if more else Plan)
    assert too_much(compact(answer).encode()) is bool(more)


def test_it_is_too_much_as_soon_as_the_command_beyond_a_plan_begins() -> None:
    text = compact({"commands": [written(COMMANDS[0])] * (MAX_COMMANDS + 1)}).encode()
    sizes = [size for size in range(len(text)) if too_much(text[:size])]
    assert sizes == [*range(sizes[0], len(text))]
    assert text[: sizes[0]].endswith(b'},{"action":')


def test_a_value_begins_no_command() -> None:
    words = compact(written(COMMANDS[1]))[:MAX_SLOT_LENGTH]
    answer = {"commands": [written(COMMANDS[0], words)] * MAX_COMMANDS}
    assert not too_much(compact(answer).encode())


SPEAKABLE = st.characters(exclude_categories=["Cc", "Cs"])


@given(st.text(SPEAKABLE, min_size=1, max_size=MAX_SLOT_LENGTH))
def test_any_words_fit_a_slot(words: str) -> None:
    assert accepts(compact({"commands": [written(COMMANDS[0], words)]}))


def test_a_breach_names_the_command_and_what_it_lacks() -> None:
    with pytest.raises(
        ValidationError, match=r"command 1 \(give_object\) comes before object_held"
    ):
        answer_from(
            {"commands": [written(COMMANDS[0]), {"action": "give_object"}]}, "give it to me"
        )


def test_a_state_is_left_only_through_allowed_commands() -> None:
    for state, edges in transitions().items():
        for command in COMMANDS:
            assert edges.get(command) == step(state, command)
