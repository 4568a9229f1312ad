"""A model on a server that speaks OpenAI's API, through Outlines' adapter for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import openai
import outlines
from openai.types.chat.chat_completion_chunk import Choice
from outlines.inputs import Chat
from outlines.types import JsonSchema

from models import lenient
from models.base import Decoded, Listener, _ignore, _never
from models.catalogue import answer_schema, catalogue
from models.options import RemoteOptions
from schemas.errors import Cancelled, ModelAnswerInvalid, ModelError, ModelUnavailable
from schemas.plan import Plan, TooMuch


class RemoteModel:
    """Asks a server; what it writes is read leniently, then validated.

    The server's own constraint is asked for by JSON Schema; order rules are checked afterwards.
    """

    def __init__(self, options: RemoteOptions) -> None:
        self._options = options
        self.name = options.model
        self.slots = options.concurrency
        self._closed = False
        self._client = openai.OpenAI(
            base_url=options.base_url,
            api_key=options.api_key.get_secret_value() if options.api_key else "none",
            timeout=options.timeout,
            max_retries=1,
        )
        self._format: Any = outlines.from_openai(self._client, options.model).type_adapter
        self._schema = JsonSchema(answer_schema()) if options.constrain else None
        self._system = catalogue() if options.system_prompt is None else options.system_prompt
        self._room = threading.BoundedSemaphore(options.concurrency)

    def plan(
        self,
        text: str,
        *,
        on_command: Listener = _ignore,
        cancelled: Callable[[], bool] = _never,
    ) -> Decoded:
        """Answer one utterance.

        Raises:
            Cancelled: ``cancelled`` said so.
            ModelUnavailable: the server does not answer, refuses, or was closed.
            ModelAnswerInvalid: its text holds no valid plan.
        """
        with self._room:
            choices = list(self._choices(text, cancelled))
        pieces = [choice.delta.content for choice in choices if choice.delta.content is not None]
        # Read leniently, an answer that was cut off would pass for a shorter plan.
        cut_off = any(choice.finish_reason == "length" for choice in choices)
        answer = TooMuch() if cut_off else lenient.read("".join(pieces), text)
        if isinstance(answer, Plan):
            for command in answer.commands:
                on_command(command)
        return Decoded(answer=answer, confidence=1.0, tokens=len(pieces), evaluations=len(pieces))

    def _choices(self, text: str, cancelled: Callable[[], bool]) -> Iterator[Choice]:
        """What the server streams. Outlines' own stream does not tell why it ended."""
        if self._closed:
            raise ModelUnavailable("the model was closed")
        try:
            stream = self._client.chat.completions.create(
                model=self._options.model,
                messages=self._format.format_input(self._chat(text)),
                **self._format.format_output_type(self._schema),
                temperature=0.0,
                max_tokens=self._options.max_tokens,
                stream=True,
            )
            for chunk in stream:
                if cancelled():
                    stream.close()
                    raise Cancelled("the client went away")
                yield from chunk.choices[:1]
        except openai.OpenAIError as error:
            raise self._translated(error) from error

    def _translated(self, cause: openai.OpenAIError) -> ModelError:
        where = f"the model server at {self._options.base_url}"
        if isinstance(cause, openai.APIStatusError):
            if cause.status_code in (401, 403):
                return ModelUnavailable(
                    f"{where} refuses the key",
                    hint="Set MODEL__REMOTE__API_KEY to its key.",
                )
            if cause.status_code == 404:
                return ModelUnavailable(
                    f"{where} knows no model {self._options.model!r}",
                    hint="Set MODEL__REMOTE__MODEL to one of the names its GET /models lists.",
                )
            return ModelUnavailable(f"{where} answers {cause.status_code}: {cause.message}")
        if isinstance(cause, openai.APIConnectionError):
            return ModelUnavailable(f"{where} does not answer: {cause}")
        return ModelAnswerInvalid(f"{where} gave no answer: {cause}")

    def _chat(self, text: str) -> Chat:
        messages: list[dict[str, Any]] = [{"role": "user", "content": text}]
        if self._system:
            messages.insert(0, {"role": "system", "content": self._system})
        return Chat(messages)

    def close(self) -> None:
        """Close the connections."""
        self._closed = True
        self._client.close()
