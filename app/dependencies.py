"""What routes ask for: the service, its ready parts, the caller's key, the request's id.

All are coroutines: FastAPI sends each plain function through a thread of its own. And they are
few and flat: FastAPI solves every dependency of a dependency anew at every request, for about as
much time as a small answer takes to write.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from app.metrics import Metrics
from app.service import Ready, Service
from knowledge_base import KnowledgeBase
from schemas.errors import Cancelled, Unauthorized

T = TypeVar("T")

_BEARER = HTTPBearer(auto_error=False, description="The service's key, if it has one.")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False)


async def service(request: Request) -> Service:
    """The application's service."""
    found: Service = request.app.state.service
    return found


async def ready(request: Request) -> Ready:
    """The loaded parts; answers 503 until they are there."""
    return (await service(request)).ready()


async def knowledge(request: Request) -> KnowledgeBase:
    """The knowledge base."""
    return (await ready(request)).parts.knowledge


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request for an interpretation needs besides its body."""

    request_id: str
    """As in the log and in the header X-Request-ID."""
    parts: Ready
    metrics: Metrics


async def asked(request: Request) -> Asked:
    """The loaded parts and what this request is known by; answers 503 until they are there."""
    found = await service(request)
    return Asked(request.state.request_id, found.ready(), found.metrics)


async def authorised(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    header: Annotated[str | None, Security(_HEADER)],
) -> None:
    """Let in who has the key, or everyone where none is set."""
    key = (await service(request)).settings.server.api_key
    given = bearer.credentials if bearer else header
    if key is None:
        return
    if given is None:
        raise Unauthorized("this service asks for a key")
    if not secrets.compare_digest(given.encode(), key.get_secret_value().encode()):
        raise Unauthorized("the key is wrong")


async def unless_gone(request: Request, answer: Awaitable[T]) -> T:
    """The answer, or ``Cancelled`` as soon as the client closes the connection."""
    work = asyncio.ensure_future(answer)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
        raise Cancelled("the client closed the connection")
    finally:
        gone.cancel()
        work.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


ServiceOf = Annotated[Service, Depends(service)]
ReadyParts = Annotated[Ready, Depends(ready)]
Knowledge = Annotated[KnowledgeBase, Depends(knowledge)]
AskedFor = Annotated[Asked, Depends(asked)]
