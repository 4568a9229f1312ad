"""The command line: serve, interpret, knowledge, settings, doctor."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.settings import ENV_PREFIX, FILE_VARIABLE, Settings, load, settings_file
from schemas.errors import CommandInterpreterError

cli = typer.Typer(
    help="Turn what a person said to a robot into commands the robot can execute.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
knowledge_cli = typer.Typer(help="What the robot knows.", no_args_is_help=True)
cli.add_typer(knowledge_cli, name="knowledge")

out = Console()
err = Console(stderr=True)

Url = Annotated[
    str | None, typer.Option(help="Ask a running service instead, as in http://127.0.0.1:8000.")
]
Key = Annotated[str | None, typer.Option(help="The key of that service.", envvar=f"{ENV_PREFIX}KEY")]


@contextmanager
def _faults_told() -> Iterator[None]:
    """End with one clear message and code 1 where a named fault comes up."""
    try:
        yield
    except CommandInterpreterError as fault:
        err.print(f"[bold red]{fault.code}[/]: {fault.message}", highlight=False, soft_wrap=True)
        err.print(fault.hint, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


def main() -> None:
    """Entry point of ``command-interpreter``."""
    cli()
