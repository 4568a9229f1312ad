"""What a model that was not tuned on the commands is told, derived from their classes."""

from __future__ import annotations

from typing import Any

from schemas.commands import COMMANDS
from schemas.plan import MAX_COMMANDS, MAX_VERB_LENGTH, DeclineReason


def answer_schema() -> dict[str, Any]:
    """JSON Schema of an answer: the commands, or the reason there are none."""
    commands = [command.generation_schema() for command in COMMANDS]
    # One more than a plan may have: a server that constrains would else cut too much to a plan.
    most = MAX_COMMANDS + 1
    plan = _closed(
        {
            "commands": {
                "type": "array",
                "items": {"anyOf": commands},
                "maxItems": most,
            }
        }
    )
    decline = _closed(
        {
            "commands": {"type": "array", "items": {"anyOf": commands}, "maxItems": 0},
            "reason": {"enum": [reason.value for reason in DeclineReason]},
            "verb": {"type": "string", "maxLength": MAX_VERB_LENGTH},
        }
    )
    return {"anyOf": [plan, decline]}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def catalogue() -> str:
    """The system message for a model that was not tuned: every command, its slots and rules."""
    lines = [
        "You turn what a person says to a service robot into a plan: JSON",
        '{"commands":[{"action":…, slots…}, …]}, commands in the order they are carried out.',
        "Slot values are the speaker's words without article. The commands:",
    ]
    for command in COMMANDS:
        slots = {f: s for f, s in command.slots().items() if s.generated}
        needs = ", ".join(sorted(fact.value for fact in command.needs))
        rule = f" Only after {needs}." if needs else ""
        lines.append(f"- {command.tag()}: {(command.__doc__ or '').strip()}{rule}")
        for field, slot in slots.items():
            also = f" Or: {', '.join(slot.literals)}." if slot.literals else ""
            lines.append(f"    {field}: {slot.description}{also}")
    reasons = ", ".join(reason.value for reason in DeclineReason)
    lines.append(
        'If there is nothing for the robot to do: {"commands":[],"reason":…,"verb":…}; '
        f"reason is one of {reasons}; verb is the action it lacks, else empty."
    )
    return "\n".join(lines)
