"""Client of the Command Interpreter: typed answers, retries, streams; synchronous or not."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import cached_property
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from schemas.api import (
    BatchRequest,
    BatchResponse,
    Clarify,
    CommandEvent,
    ErrorResponse,
    Interpretation,
    Interpreted,
    InterpretRequest,
    Unsupported,
)

__all__ = [
    "AsyncClient",
    "Clarify",
    "Client",
    "CommandEvent",
    "Interpreted",
    "InterpreterError",
    "Outcome",
    "Unreachable",
    "Unsupported",
]

Outcome = Interpreted | Clarify | Unsupported

T = TypeVar("T")
R = TypeVar("R")

DEFAULT_URL = "http://127.0.0.1:8000"
_RETRIED = frozenset({429, 503})
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Interpretation)


class InterpreterError(Exception):
    """The service answered with a fault, or not in its own words."""

    def __init__(
        self, message: str, *, status: int = 0, code: str = "", hint: str = "", request_id: str = ""
    ) -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message, self.hint = message, hint
        self.status, self.code, self.request_id = status, code, request_id


class Unreachable(InterpreterError):
    """Nothing answers at the URL, or the connection broke off."""


class _Common:
    """What both clients hold: where the service is, and how patient to be."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        key: str | None = None,
        timeout: float = 60.0,
        retries: int = 4,
    ) -> None:
        """``timeout`` in seconds for one attempt; ``retries`` beyond the first."""
        self._retries = retries
        self._options: dict[str, Any] = {
            "base_url": url,
            "timeout": timeout,
            "headers": {"Authorization": f"Bearer {key}"} if key else {},
        }

    def _pause(self, attempt: int, response: httpx.Response | None) -> float | None:
        """Seconds until the next attempt; None where the answer stands."""
        if attempt >= self._retries:
            return None
        if response is not None and response.status_code not in _RETRIED:
            return None
        named = response.headers.get("retry-after", "") if response is not None else ""
        if named.isdigit():
            return float(named)
        return min(_FIRST_PAUSE * 2.0**attempt, _LONGEST_PAUSE) * random.uniform(0.5, 1.0)


class Client(_Common):
    """Blocks until the answer is there. Safe to share between threads.

    Use it in a ``with`` block, or ``close`` it.
    """

    @cached_property
    def _http(self) -> httpx.Client:
        return httpx.Client(**self._options)

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def interpret(
        self, text: str, *, session_id: str | None = None, ground: bool = True
    ) -> Outcome:
        """One utterance.

        Raises:
            InterpreterError: the service refused, after the retries.
        """
        body = InterpretRequest(text=text, session_id=session_id, ground=ground)
        response = self._send("/v1/interpret", body.model_dump())
        response.read()
        return _outcome(response.content)

    def interpret_batch(self, texts: Sequence[str], *, ground: bool = True) -> tuple[Outcome, ...]:
        """Up to 32 utterances, answered in order."""
        body = BatchRequest(texts=tuple(texts), ground=ground)
        response = self._send("/v1/interpret/batch", body.model_dump(mode="json"))
        response.read()
        return _batch(response.content)

    def stream(
        self, text: str, *, session_id: str | None = None, ground: bool = True
    ) -> Iterator[CommandEvent | Outcome]:
        """Each command the moment it is decoded, then the whole answer.

        Closing the iterator early stops the decoding.
        """
        body = InterpretRequest(text=text, session_id=session_id, ground=ground)
        response = self._send("/v1/interpret/stream", body.model_dump())
        events = _Events()
        try:
            for line in response.iter_lines():
                if (event := events.take(line)) is not None:
                    yield event
        except httpx.TransportError as error:
            raise Unreachable(f"the stream broke off: {error}") from error
        finally:
            response.close()
        events.finish()

    def _send(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """A response that is no fault, its body unread."""
        attempt = 0
        while True:
            request = self._http.build_request("POST", path, json=body)
            response: httpx.Response | None = None
            try:
                response = self._http.send(request, stream=True)
                if response.is_success:
                    return response
                response.read()
                response.close()
                fault: InterpreterError = _fault(response)
            except httpx.ConnectError as error:
                fault = Unreachable(f"{request.url}: {error}")
            except httpx.TransportError as error:
                raise Unreachable(f"{request.url}: {error!r}") from error
            pause = self._pause(attempt, response)
            if pause is None:
                raise fault
            time.sleep(pause)
            attempt += 1


class AsyncClient(_Common):
    """The same, to await."""

    @cached_property
    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(**self._options)

    async def aclose(self) -> None:
        """End the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def interpret(
        self, text: str, *, session_id: str | None = None, ground: bool = True
    ) -> Outcome:
        """One utterance; raises ``InterpreterError`` where the service refused."""
        body = InterpretRequest(text=text, session_id=session_id, ground=ground)
        response = await self._send("/v1/interpret", body.model_dump())
        await response.aread()
        return _outcome(response.content)

    async def interpret_batch(
        self, texts: Sequence[str], *, ground: bool = True
    ) -> tuple[Outcome, ...]:
        """Up to 32 utterances, answered in order."""
        body = BatchRequest(texts=tuple(texts), ground=ground)
        response = await self._send("/v1/interpret/batch", body.model_dump(mode="json"))
        await response.aread()
        return _batch(response.content)

    async def stream(
        self, text: str, *, session_id: str | None = None, ground: bool = True
    ) -> AsyncIterator[CommandEvent | Outcome]:
        """Each command the moment it is decoded, then the whole answer."""
        body = InterpretRequest(text=text, session_id=session_id, ground=ground)
        response = await self._send("/v1/interpret/stream", body.model_dump())
        events = _Events()
        try:
            async for line in response.aiter_lines():
                if (event := events.take(line)) is not None:
                    yield event
        except httpx.TransportError as error:
            raise Unreachable(f"the stream broke off: {error}") from error
        finally:
            await response.aclose()
        events.finish()

    async def _send(self, path: str, body: dict[str, Any]) -> httpx.Response:
        attempt = 0
        while True:
            request = self._http.build_request("POST", path, json=body)
            response: httpx.Response | None = None
            try:
                response = await self._http.send(request, stream=True)
                if response.is_success:
                    return response
                await response.aread()
                await response.aclose()
                fault: InterpreterError = _fault(response)
            except httpx.ConnectError as error:
                fault = Unreachable(f"{request.url}: {error}")
            except httpx.TransportError as error:
                raise Unreachable(f"{request.url}: {error!r}") from error
            pause = self._pause(attempt, response)
            if pause is None:
                raise fault
            await asyncio.sleep(pause)
            attempt += 1


class _Events:
    """Server-Sent Events, line by line."""

    def __init__(self) -> None:
        self._kind, self._data = "", ""
        self._whole = False

    def take(self, line: str) -> CommandEvent | Outcome | None:
        """The event that this line completes, if any."""
        name, _, value = line.partition(":")
        if name == "event":
            self._kind = value.strip()
        elif name == "data":
            self._data += value
        elif not line and self._data:
            kind, data = self._kind, self._data
            self._kind, self._data = "", ""
            return self._event(kind, data)
        return None

    def finish(self) -> None:
        """Raise ``Unreachable`` where the stream ended before its last event."""
        if not self._whole:
            raise Unreachable("the stream ended before the answer was whole")

    def _event(self, kind: str, data: str) -> CommandEvent | Outcome | None:
        if kind == "command":
            return _known(CommandEvent.model_validate_json, data)
        if kind == "interpretation":
            self._whole = True
            return _outcome(data.encode())
        if kind == "error":
            raise _fault_of(data.encode(), 200)
        return None


def _outcome(content: bytes) -> Outcome:
    return _known(_OUTCOME.validate_json, content)


def _batch(content: bytes) -> tuple[Outcome, ...]:
    return _known(BatchResponse.model_validate_json, content).interpretations


def _known(read: Callable[[T], R], content: T) -> R:
    try:
        return read(content)
    except ValidationError as error:
        raise InterpreterError(
            f"an answer this client does not know: {error.errors()[0]['msg']}",
            hint="Use the client of the service's own version.",
        ) from error


def _fault(response: httpx.Response) -> InterpreterError:
    return _fault_of(response.content, response.status_code)


def _fault_of(content: bytes, status: int) -> InterpreterError:
    try:
        body = ErrorResponse.model_validate(json.loads(content))
    except (ValueError, ValidationError):
        return InterpreterError(
            f"HTTP {status} without the service's error body",
            status=status,
            hint="Is the URL the Command Interpreter's?",
        )
    error = body.error
    return InterpreterError(
        error.message, status=status, code=error.code, hint=error.hint, request_id=body.request_id
    )
