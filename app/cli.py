"""The command line: serve, interpret, knowledge, settings, doctor."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from app.settings import (
    ENV_PREFIX,
    FILE_VARIABLE,
    KEY_VARIABLE,
    Settings,
    load,
    settings_file,
)
from schemas.api import InterpretRequest
from schemas.errors import CommandInterpreterError, InvalidRequest

cli = typer.Typer(
    help="Turn what a person said to a robot into commands the robot can execute.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
knowledge_cli = typer.Typer(help="What the robot knows.", no_args_is_help=True)
cli.add_typer(knowledge_cli, name="knowledge")

out = Console()
err = Console(stderr=True)


def _with_scheme(url: str | None) -> str | None:
    return f"http://{url}" if url and "://" not in url else url


Url = Annotated[
    str | None,
    typer.Option(
        help="Ask a running service instead, as in http://127.0.0.1:8000.", callback=_with_scheme
    ),
]
Key = Annotated[str | None, typer.Option(help="The key of that service.", envvar=KEY_VARIABLE)]


@contextmanager
def _faults_told() -> Iterator[None]:
    """End with one clear message and code 1 where a named fault comes up."""
    try:
        yield
    except CommandInterpreterError as fault:
        err.print(f"[bold red]{fault.code}[/]: {fault.message}", highlight=False, soft_wrap=True)
        err.print(fault.hint, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port.")] = None,
) -> None:
    """Serve HTTP until interrupted."""
    from app.server import serve as serve_until_interrupted

    given = {"host": host, "port": port}
    with _faults_told():
        serve_until_interrupted(load(server={k: v for k, v in given.items() if v is not None}))


@cli.command()
def interpret(
    text: Annotated[str, typer.Argument(help="What the person said.")],
    url: Url = None,
    key: Key = None,
    ground: Annotated[bool, typer.Option(help="Tie slots to the knowledge base.")] = True,
    session: Annotated[str | None, typer.Option(help="Session of the conversation.")] = None,
) -> None:
    """Interpret one utterance and print the answer as JSON."""
    from app.doorway import Local, Remote

    with _faults_told():
        body = _request(text, ground, session)
        door = Remote(url, key) if url else Local(load(), _progress)
        with door:
            out.print_json(json.dumps(door.interpret(body)))


@knowledge_cli.command("import")
def knowledge_import(
    path: Annotated[Path, typer.Argument(help="YAML, areas.json, a template folder or its zip.")],
    url: Url = None,
    key: Key = None,
) -> None:
    """Add what a file or folder describes to what the robot knows."""
    _print_knowledge("import_path", url, key, path)


@knowledge_cli.command("list")
def knowledge_list(
    collection: Annotated[
        str | None, typer.Argument(help="rooms, placements …; none: all.")
    ] = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """List collections, or the entries of one."""
    _print_knowledge("list", url, key, collection)


@knowledge_cli.command("query")
def knowledge_query(
    collection: Annotated[str, typer.Argument(help="rooms, placements, objects …")],
    text: Annotated[str, typer.Argument(help="The words to look up.")],
    limit: Annotated[int, typer.Option(min=1, max=100)] = 5,
    url: Url = None,
    key: Key = None,
) -> None:
    """Show what some words may mean, best first."""
    _print_knowledge("query", url, key, collection, text, limit)


@knowledge_cli.command("export")
def knowledge_export(
    output: Annotated[
        Path | None, typer.Option(help="File to write; none: standard output.")
    ] = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """Write everything the robot knows as YAML that 'knowledge import' reads."""
    with _faults_told(), _knowledge_door(url, key) as door:
        text = door.export()
    if output is None:
        sys.stdout.write(text)
        return
    with _faults_told():
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InvalidRequest(
                f"{output} cannot be written: {error.strerror}",
                hint="Name a file in a folder that is there and may be written.",
            ) from None
    err.print(f"written to {output}")


@cli.command()
def settings(
    as_json: Annotated[bool, typer.Option("--json", help="Values alone, as JSON.")] = False,
) -> None:
    """Print every setting: its variable, its value in force, what it means."""
    with _faults_told():
        found = load()
    if as_json:
        out.print_json(found.model_dump_json())
        return
    for variable, value, meaning in rows(found):
        out.print(f"[bold]{variable}[/] = {escape(value)}", soft_wrap=True, highlight=False)
        out.print(Padding(f"[dim]{escape(meaning)}[/]", (0, 0, 0, 4)))
    out.print(f"Settings file: {settings_file() or 'none'} (name one with {FILE_VARIABLE})")


@cli.command()
def doctor() -> None:
    """Say what is wrong with this machine's install, model, GPU and knowledge base."""
    from app.doctor import examine

    marks = {True: "[green]ok[/]", False: "[bold red]wrong[/]", None: "[yellow]note[/]"}
    sound = True
    for finding in examine():
        sound = sound and finding.sound is not False
        out.print(f"{marks[finding.sound]}  {finding.subject}: {finding.told}", soft_wrap=True)
        if finding.advice:
            out.print(f"    → {finding.advice}", soft_wrap=True)
    raise typer.Exit(0 if sound else 1)


@cli.command()
def openapi() -> None:
    """Print the HTTP API's OpenAPI document."""
    from app.main import create_app
    from app.service import Service

    with _faults_told():
        out.print_json(json.dumps(create_app(Service(load())).openapi()))


def rows(found: Settings) -> Iterator[tuple[str, str, str]]:
    """Variable, value in force and meaning of every setting."""
    for group, value in found:
        for field, info in type(value).model_fields.items():
            variable = f"{ENV_PREFIX}{group}__{field}".upper()
            shown = getattr(value, field)
            yield variable, "unset" if shown is None else str(shown), info.description or ""


def _request(text: str, ground: bool, session: str | None) -> dict[str, Any]:
    """The body to send; what is wrong with it is told before a model is loaded."""
    try:
        request = InterpretRequest(text=text, ground=ground, session_id=session)
    except ValidationError as error:
        told = "; ".join(
            f"{one['loc'][0]}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors()
        )
        raise InvalidRequest(told, hint="Give the words the person said.") from None
    return request.model_dump()


@contextmanager
def _knowledge_door(url: str | None, key: str | None) -> Iterator[Any]:
    from app.doorway import LocalKnowledge, Remote

    with Remote(url, key) if url else LocalKnowledge(load(), _progress) as door:
        yield door


def _print_knowledge(verb: str, url: str | None, key: str | None, *given: Any) -> None:
    with _faults_told(), _knowledge_door(url, key) as door:
        out.print_json(json.dumps(getattr(door, verb)(*given)))


def _progress(stage: str) -> None:
    err.print(f"[dim]{stage} …[/]", highlight=False)


def main() -> None:
    """Entry point of ``command-interpreter``."""
    cli()


if __name__ == "__main__":
    main()
