"""The remote backend against a server that speaks OpenAI's API over a real socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from models import BACKENDS, CommandModel
from models.catalogue import answer_schema, catalogue
from models.options import RemoteOptions
from models.remote import RemoteModel
from schemas.commands import COMMANDS
from schemas.errors import Cancelled, ModelAnswerInvalid, ModelUnavailable
from schemas.plan import MAX_COMMANDS, Plan, TooMuch, answer_from

COKE = "bring me a coke"
PLAN = {
    "commands": [
        {"action": "pick_object", "object_to_pick": "coke"},
        {"action": "go_to", "location_to_go": "start_location"},
        {"action": "give_object"},
    ]
}


@dataclass
class Server:
    """What the server says next, and what it was asked."""

    content: str = json.dumps(PLAN)
    status: int = 200
    finish: str | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""


def handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            server.asked.append(json.loads(body))
            server.keys.append(self.headers["authorization"])
            self.send_response(server.status)
            if server.status != 200:
                fault = json.dumps({"error": {"message": "no", "code": "x"}}).encode()
                self.send_header("content-length", str(len(fault)))
                self.end_headers()
                self.wfile.write(fault)
                return
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for start in range(0, len(server.content), 7):
                self._send({"content": server.content[start : start + 7]})
            self._send({}, server.finish)
            self.wfile.write(b"data: [DONE]\n\n")

        def _send(self, delta: dict[str, str], finish: str | None = None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            chunk = {
                "id": "1",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": "m",
                "choices": [choice],
            }
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")

        def log_message(self, *_: object) -> None:
            return

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    listening = ThreadingHTTPServer(("127.0.0.1", 0), handler(state))
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    state.url = f"http://127.0.0.1:{listening.server_port}/v1"
    yield state
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.fixture
def model(server: Server) -> Iterator[RemoteModel]:
    model = RemoteModel(
        RemoteOptions(base_url=server.url, model="robot", api_key=SecretStr("s3cret"), timeout=5)
    )
    yield model
    model.close()


def test_plan(model: RemoteModel, server: Server) -> None:
    heard: list[object] = []
    decoded = model.plan(COKE, on_command=heard.append)
    assert decoded.answer == answer_from(PLAN, COKE)
    assert isinstance(decoded.answer, Plan)
    assert tuple(heard) == decoded.answer.commands
    assert isinstance(model, CommandModel)
    (asked,) = server.asked
    assert asked["model"] == "robot"
    assert asked["messages"][-1] == {"role": "user", "content": COKE}
    assert asked["messages"][0]["role"] == "system"
    assert asked["response_format"]["json_schema"]["schema"]["anyOf"]
    assert server.keys == ["Bearer s3cret"]


def test_sloppy_answer(model: RemoteModel, server: Server) -> None:
    server.content = "Sure:\n```json\n" + json.dumps(PLAN).replace('"', "'")[:-1] + ",}\n```\nDone."
    assert model.plan(COKE).answer == answer_from(PLAN, COKE)


def test_unconstrained_without_system_prompt(server: Server) -> None:
    model = RemoteModel(RemoteOptions(base_url=server.url, constrain=False, system_prompt=""))
    assert model.plan(COKE).answer == answer_from(PLAN, COKE)
    model.close()
    assert "response_format" not in server.asked[0]
    assert [m["role"] for m in server.asked[0]["messages"]] == ["user"]


@pytest.mark.parametrize("size", [-2, -20, 60])
def test_an_answer_cut_off_is_no_shorter_plan(
    model: RemoteModel, server: Server, size: int
) -> None:
    heard: list[object] = []
    server.content, server.finish = server.content[:size], "length"
    assert model.plan(COKE, on_command=heard.append).answer == TooMuch()
    assert heard == []


@pytest.mark.parametrize("more", [0, 1, 20])
def test_more_commands_than_a_plan_has(model: RemoteModel, server: Server, more: int) -> None:
    command = {"action": "go_to", "location_to_go": "sofa"}
    server.content, server.finish = json.dumps([command] * (MAX_COMMANDS + more)), "stop"
    assert isinstance(model.plan(COKE).answer, TooMuch if more else Plan)


def test_a_server_that_constrains_can_write_what_is_too_much() -> None:
    plan, _ = answer_schema()["anyOf"]
    assert plan["properties"]["commands"]["maxItems"] == MAX_COMMANDS + 1


def test_no_plan(model: RemoteModel, server: Server) -> None:
    server.content = "I am a language model."
    with pytest.raises(ModelAnswerInvalid, match="I am a language model"):
        model.plan(COKE)


def test_going_away(model: RemoteModel) -> None:
    with pytest.raises(Cancelled):
        model.plan(COKE, cancelled=lambda: True)


@pytest.mark.parametrize(
    ("status", "hint"), [(401, "API_KEY"), (404, "REMOTE__MODEL"), (400, ""), (503, "")]
)
def test_server_faults(model: RemoteModel, server: Server, status: int, hint: str) -> None:
    server.status = status
    with pytest.raises(ModelUnavailable) as caught:
        model.plan(COKE)
    assert hint in caught.value.hint
    assert caught.value.retryable


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    model = RemoteModel(RemoteOptions(base_url=f"http://127.0.0.1:{port}/v1", timeout=2))
    with pytest.raises(ModelUnavailable, match="does not answer"):
        model.plan(COKE)
    model.close()


def test_server_that_stalls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as stalling:
        port = stalling.getsockname()[1]
        model = RemoteModel(RemoteOptions(base_url=f"http://127.0.0.1:{port}/v1", timeout=0.3))
        with pytest.raises(ModelUnavailable, match="does not answer"):
            model.plan(COKE)
        model.close()


def test_closed() -> None:
    model = BACKENDS["remote"](RemoteOptions())
    model.close()
    with pytest.raises(ModelUnavailable, match="closed"):
        model.plan(COKE)


def test_schema_and_catalogue_hold_every_command() -> None:
    schema, text = json.dumps(answer_schema()), catalogue()
    for command in COMMANDS:
        assert f'"{command.tag()}"' in schema
        assert f"- {command.tag()}:" in text
        for name, slot in command.slots().items():
            assert (f"{name}:" in text) == slot.generated
