"""The command set is the contract's: names, fields and their order."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.api import GROUNDED, Interpretation, InterpretRequest
from schemas.commands import COMMANDS, Command, GoTo, RobotCommand
from schemas.plan import command_from

CONTRACT = """go_to{location_to_go} pick_object{object_to_pick} find_person_by_name{name}
find_person{attribute_value} count{target_to_count} get_person_info{info_type}
get_visual_info{measure,object_category} answer_question{} follow_person_until{destination}
guide_person_to{destination_room} give_object{} place_object{}
say_with_context{user_instruction,previous_command_info}"""


def test_the_contracts_commands_are_here_with_their_fields_in_order() -> None:
    shapes = {f"{c.tag()}{{{','.join(c.slots())}}}" for c in COMMANDS}
    assert set(CONTRACT.split()) <= shapes


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.tag())
def test_a_command_is_complete(command: type[RobotCommand]) -> None:
    assert command.__doc__, "the catalogue shows the docstring"
    assert all(slot.description for slot in command.slots().values())
    schema = command.model_json_schema()
    assert "action" in schema["required"], "a tag with a default could be left out in decoding"
    assert list(schema["properties"]) == ["action", *command.slots()]


def test_the_service_fills_in_the_instruction() -> None:
    said = command_from(
        {"action": "say_with_context", "previous_command_info": "count"}, "how many?"
    )
    assert said.model_dump()["user_instruction"] == "how many?"


@pytest.mark.parametrize(
    "written",
    [
        {"action": "fly"},
        {"action": "go_to"},
        {"action": "go_to", "location_to_go": "   "},
        {"action": "go_to", "location_to_go": "x" * 61},
        {"action": "go_to", "location_to_go": "sofa", "extra": 1},
        {"location_to_go": "sofa"},
    ],
)
def test_a_malformed_command_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        command_from(written, "said")


def test_grounding_is_the_one_addition_and_left_out_when_there_is_none() -> None:
    bare = GROUNDED[GoTo].model_validate({"action": "go_to", "location_to_go": "sofa"})
    assert bare.model_dump() == {"action": "go_to", "location_to_go": "sofa"}


def test_an_answer_can_be_read_back() -> None:
    adapter: TypeAdapter[object] = TypeAdapter(Interpretation)
    body = {
        "request_id": "1",
        "text": "go to the sofa",
        "outcome": "interpreted",
        "commands": [{"action": "go_to", "location_to_go": "sofa"}],
        "question": None,
        "reason": None,
        "confidence": 1.0,
        "model": "m",
        "timings_ms": {"queue": 0.0, "model": 1.0, "grounding": 0.0, "total": 1.0},
    }
    assert adapter.dump_python(adapter.validate_python(body), mode="json") == body


def test_the_union_tells_commands_apart_by_their_tag() -> None:
    adapter: TypeAdapter[Command] = TypeAdapter(Command)
    for command in COMMANDS:
        fields = dict.fromkeys(command.slots(), "x")
        assert type(adapter.validate_python({"action": command.tag(), **fields})) is command


@pytest.mark.parametrize("text", ["", " \n\t", "a" * 1001, "go\x00to", "\x1b[2J", "\x7f"])
def test_unspeakable_text_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        InterpretRequest(text=text)
