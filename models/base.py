"""The contract every backend keeps, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from schemas.commands import RobotCommand
from schemas.plan import Answer

Listener = Callable[[RobotCommand], None]
"""Called in the caller's thread with each command the moment it is decoded."""


def _never() -> bool:
    return False


def _ignore(_: RobotCommand) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Decoded:
    """One utterance's answer and what it cost."""

    answer: Answer
    confidence: float
    """Probability, 0 to 1, that the whole answer is right."""
    slot_confidence: tuple[dict[str, float], ...] = ()
    """The same by field, one dict a command; empty where the backend cannot tell."""
    tokens: int = 0
    evaluations: int = 0
    """Forward passes of the model; fewer than ``tokens`` where the grammar forces some."""
    prompt_tokens: int = 0
    """Tokens of the prompt; 0 where the backend cannot tell."""


@runtime_checkable
class CommandModel(Protocol):
    """Turns an utterance into an answer."""

    @property
    def name(self) -> str:
        """What answers call the model, stable across restarts."""

    @property
    def slots(self) -> int:
        """How many calls of ``plan`` run at once without waiting for each other."""

    def plan(
        self,
        text: str,
        *,
        on_command: Listener = _ignore,
        cancelled: Callable[[], bool] = _never,
    ) -> Decoded:
        """Answer one utterance; blocks the calling thread.

        ``cancelled`` is asked between evaluations.

        Raises:
            Cancelled: ``cancelled`` said so.
            ModelError: the backend failed.
        """

    def close(self) -> None:
        """Free the weights and end the threads; later calls raise ``ModelUnavailable``."""
