"""The two ways the command line reaches an interpreter: a running service, or one of its own."""

from __future__ import annotations

import io
import json
import os
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx

from app.interpreter import Call, Interpreter
from app.service import load_parts
from app.sessions import Sessions
from app.settings import Settings
from knowledge_base import KnowledgeBase
from schemas.api import InterpretRequest
from schemas.errors import CommandInterpreterError, InvalidRequest, ServiceError

Progress = Callable[[str], None]


class ServiceUnreachable(ServiceError):
    """Nothing answers at the URL."""

    code = "service_unreachable"
    default_hint = "Start the service with 'command-interpreter serve', or correct --url."


class Refused(CommandInterpreterError):
    """The running service answered with a fault of its own."""

    code = "refused"


class Remote:
    """A running service, over HTTP."""

    def __init__(self, url: str, key: str | None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def interpret(self, body: dict[str, Any]) -> Any:
        """The answer to one request body."""
        return self._ask("POST", "/v1/interpret", json=body).json()

    def import_path(self, path: Path) -> Any:
        """Send a file, or a folder as a zip."""
        name, data = packed(path)
        return self._ask("POST", "/v1/knowledge/import", files={"files": (name, data)}).json()

    def list(self, collection: str | None) -> Any:
        """The collections, or the entries of one."""
        return self._ask("GET", f"/v1/knowledge{f'/{collection}' if collection else ''}").json()

    def query(self, collection: str, text: str, limit: int) -> Any:
        """What the words may mean."""
        body = {"text": text, "limit": limit}
        return self._ask("POST", f"/v1/knowledge/{collection}/query", json=body).json()

    def export(self) -> str:
        """Everything, as YAML."""
        return self._ask("GET", "/v1/knowledge/export").text

    def _ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        try:
            response = self._client.request(method, path, **given)
        except (httpx.TransportError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise ServiceUnreachable(f"{self._client.base_url}: {error}") from None
        if response.is_error:
            raise _refused(response)
        return response


class LocalKnowledge:
    """The knowledge base of this machine, without a model."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._knowledge = KnowledgeBase.open(settings.knowledge, progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._knowledge.close()

    def import_path(self, path: Path) -> Any:
        """Import a file or folder."""
        return self._knowledge.import_path(path).model_dump(mode="json")

    def list(self, collection: str | None) -> Any:
        """The collections, or the entries of one."""
        found = self._knowledge.entries(collection) if collection else self._knowledge.collections()
        return [item.model_dump(mode="json") for item in found]

    def query(self, collection: str, text: str, limit: int) -> Any:
        """What the words may mean."""
        found = self._knowledge.query(collection, text, limit)
        return [candidate.model_dump(mode="json") for candidate in found]

    def export(self) -> str:
        """Everything, as YAML."""
        return self._knowledge.export()


class Local:
    """An interpreter of this process."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._parts = load_parts(settings, progress)
        limits = settings.sessions
        sessions = Sessions(limits.limit, limits.seconds)
        self._interpreter = Interpreter(self._parts.model, self._parts.knowledge, sessions)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.model.close()
        self._parts.knowledge.close()

    def interpret(self, body: dict[str, Any]) -> Any:
        """The answer to one request body."""
        request = InterpretRequest.model_validate(body)
        answer = self._interpreter.interpret(request, Call(uuid.uuid4().hex))
        return answer.model_dump(mode="json")


def packed(path: Path) -> tuple[str, bytes]:
    """A file as it is, a folder as a zip of the files in it.

    Raises:
        InvalidRequest: nothing is there.
    """
    if path.is_file():
        return path.name, path.read_bytes()
    if not path.is_dir():
        raise InvalidRequest(f"there is no {path}", hint="Give a file or a folder.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder, _, names in os.walk(path):
            for name in sorted(names):
                file = Path(folder, name)
                archive.write(file, file.relative_to(path.parent))
    return f"{path.name}.zip", buffer.getvalue()


def _refused(response: httpx.Response) -> Refused:
    try:
        error = json.loads(response.text)["error"]
        return Refused(f"{error['code']}: {error['message']}", hint=error["hint"])
    except (ValueError, KeyError, TypeError):
        hint = "Is this URL the command interpreter's?"
        return Refused(f"HTTP {response.status_code} without our error body", hint=hint)
