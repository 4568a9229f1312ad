"""Structured logs: one event a line, with the request id of the request it belongs to."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from app.settings import LogSettings


def configure(settings: LogSettings) -> None:
    """Send our events and those of the libraries through one renderer to standard error."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for noisy in (
        "httpx",
        "httpcore",
        "uvicorn.access",
        "sentence_transformers",
        "chromadb",
        "gguf",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def logger(**initial: Any) -> structlog.stdlib.BoundLogger:
    """A logger of the service."""
    bound: structlog.stdlib.BoundLogger = structlog.get_logger("command_interpreter", **initial)
    return bound
