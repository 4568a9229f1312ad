"""The bodies of the HTTP API: what clients send and what they get back."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal, Union

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetPydanticSchema,
    SerializeAsAny,
    create_model,
)

from schemas.commands import COMMANDS, RobotCommand
from schemas.grounding import Fields, Score

LONG_TEXT = 300
"""Characters that three GPSR commands in one breath have."""

MAX_TEXT_LENGTH = 1000
"""Characters of an utterance."""

MAX_BATCH = 32


def _speakable(text: str) -> str:
    if not text.strip():
        raise ValueError("the text is empty: send what the person said")
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n\r":
            raise ValueError(f"the text holds the control character U+{ord(character):04X}")
    return text


Text = Annotated[
    str,
    Field(description="What the person said, as transcribed.", max_length=MAX_TEXT_LENGTH),
    AfterValidator(_speakable),
]
SessionId = Annotated[
    str,
    Field(
        description="Names a conversation: the next text may answer the question of the last.",
        min_length=1,
        max_length=128,
        pattern=r"^[\x21-\x7e]+$",
    ),
]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InterpretRequest(_Body):
    """One utterance."""

    text: Text
    session_id: SessionId | None = None
    ground: Annotated[bool, Field(description="Tie the slots to the knowledge base.")] = True


class BatchRequest(_Body):
    """Several utterances, answered in order."""

    texts: Annotated[tuple[Text, ...], Field(min_length=1, max_length=MAX_BATCH)]
    ground: bool = True


def _with_grounding(command: type[RobotCommand]) -> type[RobotCommand]:
    left_out: Any = Field(default=None, exclude_if=lambda value: not value)
    return create_model(
        command.__name__,
        __base__=command,
        __doc__=command.__doc__,
        grounding=(Fields | None, left_out),
    )


GROUNDED: dict[type[RobotCommand], type[RobotCommand]] = {c: _with_grounding(c) for c in COMMANDS}
"""Each command class with the one addition answers make: ``grounding`` by field."""

_GroundedUnion: Any = Annotated[
    Union[tuple(GROUNDED.values())],  # noqa: UP007  the members are known at run time only
    Field(discriminator="action"),
]

InterpretedCommand = Annotated[
    SerializeAsAny[RobotCommand], GetPydanticSchema(lambda _, handler: handler(_GroundedUnion))
]


class Timings(_Body):
    """Milliseconds a request spent where."""

    queue: float
    model: float
    grounding: float
    total: float


class _Answer(_Body):
    model_config = ConfigDict(use_attribute_docstrings=True)

    request_id: str
    """As in the log and in the header X-Request-ID."""
    text: str
    """What was sent."""
    outcome: str
    commands: tuple[InterpretedCommand, ...]
    question: str | None
    reason: str | None
    confidence: Score
    """The model's, that the plan is right; calibrated for the default weights."""
    model: str
    timings_ms: Timings


class Interpreted(_Answer):
    """Every command is executable."""

    outcome: Literal["interpreted"] = "interpreted"
    question: None = None
    reason: None = None


class Clarify(_Answer):
    """A slot is ambiguous or unknown. Or, without commands, it was too much at once, or the plan is
    likelier wrong than right."""

    outcome: Literal["clarify"] = "clarify"
    question: str
    """To be asked; the next text with the same session_id may be the answer."""
    reason: None = None


class Unsupported(_Answer):
    """Not a task for this robot; ``reason`` says why."""

    outcome: Literal["unsupported"] = "unsupported"
    commands: Annotated[tuple[InterpretedCommand, ...], Field(max_length=0)] = ()
    question: None = None
    reason: str
    """Which action the robot lacks, or why this is no task."""


Interpretation = Annotated[Interpreted | Clarify | Unsupported, Field(discriminator="outcome")]


class CommandEvent(_Body):
    """One command of a stream, the moment it is decoded and grounded."""

    index: int
    command: InterpretedCommand


class BatchResponse(_Body):
    """One interpretation per text, in order."""

    request_id: str
    interpretations: tuple[Interpretation, ...]


class ErrorDetail(_Body):
    """What went wrong and what to do."""

    code: str
    message: str
    retryable: bool
    hint: str


class ErrorResponse(_Body):
    """The body of every answer that is a fault."""

    error: ErrorDetail
    request_id: str
