"""The command set, as JSON Schema."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import TypeAdapter

from schemas.commands import Command

router = APIRouter(prefix="/v1/commands", tags=["commands"])

_SCHEMA: dict[str, Any] = TypeAdapter(Command).json_schema()


@router.get("")
async def commands() -> dict[str, Any]:
    """The JSON Schema of the union of all commands, told apart by ``action``."""
    return _SCHEMA
