"""The FastAPI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from app import faults, routes
from app.requests import BodyLimit, RequestContext
from app.routes.knowledge import IMPORT_PATH
from app.service import Service
from schemas.api import ErrorResponse

DESCRIPTION = """Turns what a person said to a service robot into commands the robot can execute,
each slot tied to what the robot knows; or a question back; or an honest no."""

_FAULTS: dict[int | str, dict[str, object]] = {
    "4XX": {"model": ErrorResponse, "description": "The request is at fault."},
    "5XX": {"model": ErrorResponse, "description": "The service cannot answer now."},
}


def create_app(service: Service) -> FastAPI:
    """The application around a service, which it starts and closes."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        await service.close()

    # /docs from files of this machine: FastAPI's own page asks a CDN, and a robot may be offline.
    app = FastAPIOffline(
        redoc_url=None,
        static_url="/docs/static",
        favicon_url="/console/icon.svg",
        title="Command Interpreter",
        version=version("command-interpreter"),
        description=DESCRIPTION,
        lifespan=lifespan,
        responses=_FAULTS,
    )
    app.state.service = service
    faults.install(app)
    for router in routes.KEYED:
        app.include_router(router, dependencies=routes.GUARD)
    for router in routes.OPEN:
        app.include_router(router)
    limits = service.settings.server
    app.add_middleware(
        BodyLimit,
        limit=limits.max_body_bytes,
        exceptions={IMPORT_PATH: limits.max_import_bytes},
    )
    app.add_middleware(RequestContext, metrics=service.metrics)
    return app
