"""Everything the node does, without ROS: HTTP in, strings out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

EMPTY_PLAN = '{"commands":[]}'


class InterpreterUnavailable(Exception):
    """The service is out of reach, or refused."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One interpretation, ready to be put into messages."""

    outcome: str
    interpretation: str
    message: str


class Bridge:
    """A connection to the service.

    Args:
        url: as in http://127.0.0.1:8000.
        key: the service's key; empty: none.
        timeout: seconds without a byte after which an answer is given up.
    """

    def __init__(self, url: str, key: str = "", timeout: float = 30.0) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout)

    def close(self) -> None:
        """End the connection."""
        self._http.close()

    def plan(self, text: str) -> str:
        """``{"commands":[…]}`` without grounding, as home2's service answers.

        Raises:
            InterpreterUnavailable: see its message.
        """
        answer = self._events("/v1/interpret/stream", {"text": text, "ground": False})
        return _compact({"commands": answer["commands"]})

    def interpret(
        self,
        text: str,
        session_id: str = "",
        on_command: Callable[[int, str], None] = lambda index, command: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Answer | None:
        """The grounded answer; each command as JSON on the way; None once cancelled.

        ``cancelled`` is asked after each command; then the service stops decoding.

        Raises:
            InterpreterUnavailable: see its message.
        """
        body = {"text": text, "session_id": session_id or None}
        whole = self._events("/v1/interpret/stream", body, on_command, cancelled)
        if not whole:
            return None
        message = whole["question"] or whole["reason"] or ""
        return Answer(whole["outcome"], _compact(whole), message)

    def _events(
        self,
        path: str,
        body: dict[str, Any],
        on_command: Callable[[int, str], None] = lambda index, command: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> dict[str, Any]:
        kind = ""
        try:
            with self._http.stream("POST", path, json=body) as response:
                if response.is_error:
                    response.read()
                    raise InterpreterUnavailable(_told(response))
                for line in response.iter_lines():
                    if cancelled():
                        return {}
                    name, _, value = line.partition(":")
                    if name == "event":
                        kind = value.strip()
                    if name != "data":
                        continue
                    data: dict[str, Any] = json.loads(value)
                    if kind == "command":
                        on_command(data["index"], _compact(data["command"]))
                    elif kind == "interpretation":
                        return data
                    elif kind == "error":
                        raise InterpreterUnavailable(_sentence(data["error"]))
        except httpx.TransportError as error:
            raise InterpreterUnavailable(
                f"no answer from {self._http.base_url}: {error}"
            ) from error
        raise InterpreterUnavailable("the answer broke off")


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _told(response: httpx.Response) -> str:
    try:
        return _sentence(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {response.status_code}: is this the Command Interpreter's URL?"


def _sentence(error: dict[str, Any]) -> str:
    return f"{error['code']}: {error['message']}. {error['hint']}"
