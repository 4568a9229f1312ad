"""The service on a socket, until it is told to stop or fails to start."""

from __future__ import annotations

import errno
import socket

import uvicorn

from app import log
from app.main import create_app
from app.service import Service
from app.settings import ServerSettings, Settings
from schemas.errors import CommandInterpreterError, SettingsError

_KEEP_ALIVE = 75
"""Seconds an idle connection stays open: longer than clients keep one for reuse, or a request may
be sent on a connection that is just being closed."""


def listen(settings: ServerSettings) -> socket.socket:
    """A socket that listens.

    Raises:
        SettingsError: the port is in use, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen()  # before it is said: who reads "listening" may connect at once
    except OSError as error:
        listening.close()
        where = f"{settings.host}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"{where} is in use",
                hint="Stop what listens there, or choose another port: --port 8001, or "
                "COMMAND_INTERPRETER_SERVER__PORT=8001 before 'make serve'.",
            ) from None
        raise SettingsError(
            f"cannot listen on {where}: {error.strerror}", hint="Correct --host or --port."
        ) from None
    return listening


def serve(settings: Settings) -> None:
    """Serve until interrupted.

    Raises:
        CommandInterpreterError: the socket, the model or the knowledge base failed at start.
    """
    log.configure(settings.log)
    listening = listen(settings.server)
    failures: list[CommandInterpreterError] = []

    def stop(fault: CommandInterpreterError) -> None:
        failures.append(fault)
        server.should_exit = True

    service = Service(settings, on_failure=stop)
    config = uvicorn.Config(
        create_app(service),
        log_config=None,
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=round(settings.server.shutdown_seconds) or None,
    )
    server = uvicorn.Server(config)
    host, port = listening.getsockname()[:2]
    log.logger().info("listening", url=f"http://{host}:{port}", docs=f"http://{host}:{port}/docs")
    server.run(sockets=[listening])
    if failures:
        raise failures[0]
