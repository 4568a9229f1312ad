"""The routes, one module a subject. To add one, write its module and name its router here."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from app.dependencies import authorised
from app.routes import commands, console, health, interpret, knowledge, openai

OPEN: tuple[APIRouter, ...] = (health.router, console.router)
"""Routes that ask for no key."""

KEYED: tuple[APIRouter, ...] = (
    interpret.router,
    commands.router,
    knowledge.router,
    openai.router,
)
"""Routes that ask for the service's key, if it has one."""

GUARD = [Depends(authorised)]
