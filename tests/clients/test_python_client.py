"""The Python client against the service on a real socket, and against sockets that misbehave."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from app.service import Service
from app.settings import ServerSettings, Settings
from clients.python.command_interpreter_client import (
    AsyncClient,
    Clarify,
    Client,
    CommandEvent,
    Interpreted,
    InterpreterError,
    Outcome,
    Unreachable,
    Unsupported,
)
from knowledge_base import KnowledgeBase
from models.stub import StubModel
from schemas.errors import ModelUnavailable
from tests.conftest import served, shared_parts

FETCH = "bring me a coke from the fridge"
FOLDER = Path(__file__).parents[2] / "clients" / "python"


@pytest.fixture
def robot(client: httpx.Client) -> Iterator[Client]:
    with Client(str(client.base_url)) as robot:
        yield robot


@pytest.fixture
async def arobot(client: httpx.Client) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(str(client.base_url)) as robot:
        yield robot


def test_answers_are_the_services_own_classes(robot: Client) -> None:
    answer = robot.interpret(FETCH)
    assert isinstance(answer, Interpreted)
    assert [c.action for c in answer.commands] == ["go_to", "pick_object", "go_to", "give_object"]
    grounding = answer.commands[0].grounding  # type: ignore[attr-defined]
    assert grounding["location_to_go"].id == "refrigerator"


def test_a_session_carries_a_question_to_its_answer(robot: Client) -> None:
    asked = robot.interpret("bring me the cola from the table", session_id="s")
    assert isinstance(asked, Clarify)
    assert isinstance(robot.interpret("the kitchen table", session_id="s"), Interpreted)


def test_a_batch_is_answered_in_order(robot: Client) -> None:
    answers = robot.interpret_batch([FETCH, "sing"], ground=False)
    assert [type(a) for a in answers] == [Interpreted, Unsupported]


def test_a_stream_gives_commands_then_the_answer(robot: Client) -> None:
    events = list(robot.stream(FETCH))
    assert [e.index for e in events if isinstance(e, CommandEvent)] == [0, 1, 2, 3]
    assert isinstance(events[-1], Interpreted)
    commands = [e.command for e in events if isinstance(e, CommandEvent)]
    assert tuple(commands) == events[-1].commands


def test_closing_a_stream_stops_the_decoding(robot: Client, stub: StubModel) -> None:
    stub.delay = 0.2
    events = robot.stream(FETCH)
    next(events)
    events.close()  # type: ignore[attr-defined]
    stub.delay = 0.0
    assert isinstance(robot.interpret(FETCH), Interpreted)


async def test_the_async_client_does_the_same(arobot: AsyncClient, robot: Client) -> None:
    answer = await arobot.interpret(FETCH)
    assert answer.commands == robot.interpret(FETCH).commands
    batch = await arobot.interpret_batch(["sing", FETCH])
    assert [type(a) for a in batch] == [Unsupported, Interpreted]
    events: list[CommandEvent | Outcome] = [e async for e in arobot.stream(FETCH)]
    assert len(events) == 5
    assert isinstance(events[-1], Interpreted)


async def test_a_node_may_keep_a_client_without_a_with_block(client: httpx.Client) -> None:
    robot, arobot = Client(str(client.base_url)), AsyncClient(str(client.base_url))
    assert robot.interpret(FETCH).commands == (await arobot.interpret(FETCH)).commands
    robot.close()
    await arobot.aclose()


def test_what_the_schemas_refuse_is_not_sent(robot: Client, stub: StubModel) -> None:
    for text in ("", "a" * 1001, "\x00"):
        with pytest.raises(ValidationError):
            robot.interpret(text)
    assert stub.history == []


def test_a_fault_of_the_service_keeps_its_name(robot: Client, stub: StubModel) -> None:
    stub.enqueue(*[ModelUnavailable("gone")] * 2)
    with Client(str(robot._options["base_url"]), retries=0) as impatient:
        with pytest.raises(InterpreterError) as fault:
            impatient.interpret(FETCH)
        assert (fault.value.status, fault.value.code) == (503, "model_unavailable")
        assert fault.value.hint
        assert fault.value.request_id
        with pytest.raises(InterpreterError, match="gone"):
            list(impatient.stream(FETCH))


def test_a_wrong_key_is_not_tried_again(arena: KnowledgeBase) -> None:
    settings = Settings(server=ServerSettings(api_key="correct-horse"))  # type: ignore[arg-type]
    with served(Service(settings, load=shared_parts(StubModel(), arena))) as client:
        url = str(client.base_url)
        with Client(url, key="wrong") as robot, pytest.raises(InterpreterError) as fault:
            robot.interpret(FETCH)
        assert fault.value.code == "unauthorized"
        with Client(url, key="correct-horse") as robot:
            assert isinstance(robot.interpret(FETCH), Interpreted)


class Reluctant(HTTPServer):
    """Refuses as scripted, then passes what the service answered."""

    def __init__(self, refusals: list[tuple[int, str | None]], answer: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.refusals = refusals
        self.answer = answer
        self.times: list[float] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Reluctant

    def do_POST(self) -> None:
        self.server.times.append(time.monotonic())
        self.rfile.read(int(self.headers["content-length"]))
        status, wait = self.server.refusals.pop(0) if self.server.refusals else (200, None)
        body = self.server.answer if status == 200 else b"{}"
        self.send_response(status)
        if wait is not None:
            self.send_header("Retry-After", wait)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def answer(client: httpx.Client) -> bytes:
    return client.post("/v1/interpret", json={"text": FETCH}).content


async def test_refusals_are_waited_out_as_the_service_says(answer: bytes) -> None:
    for _ in range(2):
        server = Reluctant([(429, "1"), (503, None)], answer)
        if _:
            async with AsyncClient(server.url) as arobot:
                assert isinstance(await arobot.interpret(FETCH), Interpreted)
        else:
            with Client(server.url) as robot:
                assert isinstance(robot.interpret(FETCH), Interpreted)
        first, second, third = server.times
        assert second - first >= 1
        assert 0.05 < third - second < 3
        server.stop()


def test_patience_ends(answer: bytes) -> None:
    server = Reluctant([(503, "0")] * 9, answer)
    with Client(server.url, retries=2) as robot, pytest.raises(InterpreterError) as fault:
        robot.interpret(FETCH)
    assert fault.value.status == 503
    assert len(server.times) == 3
    server.stop()


def test_a_stranger_at_the_url_is_told_from_the_service() -> None:
    server = Reluctant([], b'{"hello": 1}')
    with Client(server.url) as robot:
        for ask in (robot.interpret, lambda text: robot.interpret_batch([text])):
            with pytest.raises(InterpreterError, match="does not know"):
                ask(FETCH)
        server.answer = b'event: command\ndata: {"hello": 1}\n\n'
        with pytest.raises(InterpreterError, match="does not know"):
            list(robot.stream(FETCH))
    server.stop()


@pytest.mark.parametrize(
    "cut", [b"", b'event: command\ndata: {"ind', b": a comment\n\n"], ids=["at once", "mid", "idle"]
)
def test_a_stream_cut_in_the_middle_is_told(cut: bytes) -> None:
    server = Reluctant([], cut)
    with Client(server.url) as robot, pytest.raises(Unreachable, match="before the answer was"):
        list(robot.stream(FETCH))
    server.stop()


def test_a_closed_port_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}", retries=1) as robot, pytest.raises(Unreachable):
        robot.interpret(FETCH)


PROGRAM = """
import sys, schemas, command_interpreter_client as c
assert schemas.__file__.startswith(sys.argv[2]), schemas.__file__
with c.Client(sys.argv[1]) as robot:
    print(robot.interpret("go to the office").commands[0].action)
assert not {"app", "models", "fastapi", "llama_cpp"} & set(sys.modules)
"""


def test_it_installs_and_works_alone(client: httpx.Client, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    quiet = {"check": True, "capture_output": True, "text": True}
    copy = tmp_path / "checkout"
    subprocess.run(
        ["cp", "-r", "--parents", "clients/python", "schemas", copy_to(copy)],
        cwd=FOLDER.parents[1],
        **quiet,
    )  # type: ignore[call-overload]
    alone = tmp_path / "alone"
    subprocess.run(
        [
            *pip,
            "install",
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            "--target",
            str(alone),
            str(copy / "clients" / "python"),
        ],
        **quiet,
    )  # type: ignore[call-overload]
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(client.base_url), str(alone)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(alone)},
        **quiet,
    )  # type: ignore[call-overload]
    assert ran.stdout.strip() == "go_to"


def copy_to(folder: Path) -> str:
    folder.mkdir()
    return str(folder)
