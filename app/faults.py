"""Every fault as the contract's error body; nothing a client sends ends in a stack trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.log import logger
from schemas.api import ErrorDetail, ErrorResponse
from schemas.errors import (
    CommandInterpreterError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
)


def error_of(fault: CommandInterpreterError, request_id: str) -> ErrorResponse:
    """The contract's error body for a fault."""
    detail = ErrorDetail(
        code=fault.code, message=fault.message, retryable=fault.retryable, hint=fault.hint
    )
    return ErrorResponse(error=detail, request_id=request_id)


def body_of(fault: CommandInterpreterError, request_id: str) -> JSONResponse:
    """The response for a fault."""
    body = error_of(fault, request_id)
    headers = {"WWW-Authenticate": "Bearer"} if fault.status == 401 else {}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    return JSONResponse(body.model_dump(), fault.status, headers)


def install(app: FastAPI) -> None:
    """Answer every exception that leaves a route with the contract's body."""

    @app.exception_handler(CommandInterpreterError)
    async def _named(request: Request, fault: CommandInterpreterError) -> JSONResponse:
        return body_of(fault, request.state.request_id)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        told = error.errors()
        fault = InvalidRequest(_told(told), hint=_hint(request, told))
        return body_of(fault, request.state.request_id)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        response = body_of(_translated(request, error), request.state.request_id)
        response.headers.update(error.headers or {})  # Allow, where the method is wrong
        return response

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
        logger().exception("unforeseen fault", exc_info=error)
        fault = CommandInterpreterError("the service hit a fault of its own")
        return body_of(fault, request.state.request_id)


def _translated(request: Request, error: HTTPException) -> CommandInterpreterError:
    if isinstance(error.__cause__, CommandInterpreterError):  # raised while the body was read
        return error.__cause__
    method, path = request.method, request.url.path
    if error.status_code == 404:
        return NotFound(f"there is no {path}")
    if error.status_code == 405:
        return MethodNotAllowed(f"{path} does not take {method}")
    if isinstance(error.__cause__, UnicodeDecodeError):
        return InvalidRequest("the body is no UTF-8", hint="Send JSON encoded as UTF-8.")
    return InvalidRequest(f"the body cannot be read: {error.detail}", hint=_hint(request))


def _told(errors: Sequence[Any]) -> str:
    return "; ".join(map(_problem, errors))


def _problem(error: Any) -> str:
    if error["type"] == "json_invalid":
        _, position = error["loc"]
        return f"the body is no JSON: {error['ctx']['error']}, at character {position}"
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg'].removeprefix('Value error, ')}"


def _hint(request: Request, errors: Sequence[Any] = ()) -> str | None:
    if any(e["loc"] == ("body", "files") for e in errors):
        return "Send the file in a form, as in: curl -F files=@my-arena.yaml"
    given = request.headers.get("content-type", "")
    if request.method in ("POST", "PUT") and "json" not in given and "multipart" not in given:
        return "Send JSON with the header 'content-type: application/json'."
    return None
