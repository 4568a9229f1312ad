"""The decoding grammar: the order automaton over actions around one JSON schema a command.

The text is in llguidance's Lark dialect, which Outlines' ``CFG`` type carries. One rule a state,
one ``%json`` rule a command; an empty list of commands is followed by the reason.
"""

from __future__ import annotations

import json
from typing import Any

from schemas.commands import RobotCommand
from schemas.order import START, State, transitions
from schemas.plan import MAX_VERB_LENGTH, DeclineReason


def grammar() -> str:
    """Lark text that accepts exactly the answers in compact JSON that obey the order rules.

    How many commands they have is not bounded: who decodes stops at ``plan.too_much``. Counted by
    the grammar, each of its states would be one for every number of commands before it.
    """
    table = transitions()
    names = {state: _rule_name(state) for state in table}
    used = {command for edges in table.values() for command in edges}
    lines = [
        'start: "{\\"commands\\":[" (first | decline)',
        f"first: {_alternatives(table[START], names)}",
        *_decline(),
    ]
    for state, edges in table.items():
        lines.append(f'{names[state]}: "]}}" | "," ({_alternatives(edges, names)})')
    for command in sorted(used, key=lambda c: c.tag()):
        lines.append(f"{command.tag()}: {_json(command.generation_schema())}")
    return "\n".join(lines) + "\n"


def _json(schema: dict[str, Any]) -> str:
    """An inline JSON rule; without the option llguidance lets the model write blanks."""
    return f"%json {json.dumps({'x-guidance': {'whitespace_flexible': False}, **schema})}"


def _rule_name(state: State) -> str:
    return "_".join(["after", *sorted(fact.value for fact in state)])


def _alternatives(edges: dict[type[RobotCommand], State], names: dict[State, str]) -> str:
    return " | ".join(f"{command.tag()} {names[after]}" for command, after in edges.items())


def _decline() -> list[str]:
    reason = _json({"enum": [r.value for r in DeclineReason]})
    verb = _json({"type": "string", "maxLength": MAX_VERB_LENGTH})
    return [
        'decline: "],\\"reason\\":" reason ",\\"verb\\":" verb "}"',
        f"reason: {reason}",
        f"verb: {verb}",
    ]
