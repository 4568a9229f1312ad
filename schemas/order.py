"""The order rules of a plan, as one small automaton over the facts that commands need and change.

Validation walks it and the decoding grammar is made of it, so a plan that breaks a rule can
neither be decoded nor accepted: nothing is placed or given before it is picked, nobody is
followed, guided, asked or questioned before being found.
"""

from __future__ import annotations

from collections.abc import Iterable

from schemas.commands import COMMANDS, Fact, RobotCommand

State = frozenset[Fact]
"""What is true between two commands."""

START: State = frozenset()


def step(state: State, command: type[RobotCommand]) -> State | None:
    """The state after the command, or None where the rules forbid it."""
    if not command.needs <= state:
        return None
    return (state - command.loses) | command.gains


def transitions() -> dict[State, dict[type[RobotCommand], State]]:
    """Every state that can be reached from the start, with the commands it allows."""
    table: dict[State, dict[type[RobotCommand], State]] = {}
    open_states = [START]
    while open_states:
        state = open_states.pop()
        if state in table:
            continue
        table[state] = {c: after for c in COMMANDS if (after := step(state, c)) is not None}
        open_states.extend(table[state].values())
    return table


def first_breach(commands: Iterable[RobotCommand]) -> tuple[int, frozenset[Fact]] | None:
    """Index of the first command that comes too early and the facts it lacks, if any."""
    state = START
    for index, command in enumerate(commands):
        after = step(state, type(command))
        if after is None:
            return index, command.needs - state
        state = after
    return None
