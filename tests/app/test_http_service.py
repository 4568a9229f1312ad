"""The service over a real socket: states, keys, queue, deadlines, lost clients, metrics."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable

import httpx
import pytest
from structlog.testing import capture_logs

from app.service import Parts, Service
from app.settings import QueueSettings, ServerSettings, Settings
from knowledge_base import KnowledgeBase
from models.base import Decoded, Listener
from models.stub import StubModel
from schemas.errors import Cancelled, ModelFileMissing
from schemas.plan import Decline, DeclineReason
from tests.conftest import Served, served, shared_parts

UTTERANCE = {"text": "bring me a coke from the fridge"}


class Slow:
    """A model that decodes until it is told to stop."""

    name = "slow"
    slots = 1

    def __init__(self) -> None:
        self.started = threading.Event()
        self.stopped = threading.Event()
        self.release = threading.Event()

    def plan(
        self,
        text: str,
        *,
        on_command: Listener = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Decoded:
        self.started.set()
        until = time.monotonic() + 20
        while time.monotonic() < until and not self.release.wait(0.01):
            if cancelled():
                self.stopped.set()
                raise Cancelled("told to stop")
        return Decoded(Decline(reason=DeclineReason.CHIT_CHAT), 1.0)

    def close(self) -> None:
        self.release.set()


def slow_service(arena: KnowledgeBase, **queue: float) -> tuple[Slow, Service]:
    model = Slow()
    settings = Settings(queue=QueueSettings(**queue))  # type: ignore[arg-type]
    return model, Service(settings, load=shared_parts(model, arena))


def test_health_answers_while_loading_and_ready_says_why_not(arena: KnowledgeBase) -> None:
    release = threading.Event()

    def load(*_: object) -> Parts:
        release.wait(60)
        return shared_parts(StubModel(), arena)()

    service = Service(Settings(), load=load)
    server = Served(service)
    server.start()
    with httpx.Client(base_url=server.url) as client:
        assert client.get("/health").json() == {"status": "alive"}
        refused = client.get("/ready")
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "not_ready"
        assert refused.json()["error"]["retryable"]
        assert refused.headers["retry-after"] == "1"
        assert client.post("/v1/interpret", json=UTTERANCE).status_code == 503
        release.set()
        until = time.monotonic() + 60
        while client.get("/ready").status_code != 200 and time.monotonic() < until:
            time.sleep(0.01)
        assert client.get("/ready").json()["status"] == "ready"
    server.stop()


def test_a_failed_start_is_told_by_ready_and_to_whoever_serves() -> None:
    told: list[Exception] = []

    def load(*_: object) -> Parts:
        raise ModelFileMissing("no file at nowhere.gguf")

    with served(Service(Settings(), load=load, on_failure=told.append)) as client:
        body = client.get("/ready").json()
    assert "nowhere.gguf" in body["error"]["message"]
    assert "MODEL__PATH" in body["error"]["hint"]
    assert isinstance(told[0], ModelFileMissing)


def test_a_key_is_asked_for_by_v1_and_by_nothing_else(arena: KnowledgeBase) -> None:
    settings = Settings(server=ServerSettings(api_key="correct-horse"))  # type: ignore[arg-type]
    with served(Service(settings, load=shared_parts(StubModel(), arena))) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"X-API-Key": "wröng".encode()}):
            refused = client.post("/v1/interpret", json=UTTERANCE, headers=headers)
            assert refused.status_code == 401
            assert refused.json()["error"]["code"] == "unauthorized"
            assert refused.headers["www-authenticate"] == "Bearer"
        for headers in ({"Authorization": "Bearer correct-horse"}, {"X-API-Key": "correct-horse"}):
            assert client.post("/v1/interpret", json=UTTERANCE, headers=headers).is_success
        for path in ("/health", "/ready", "/metrics", "/docs", "/openapi.json"):
            assert client.get(path).is_success


def test_a_full_queue_answers_429_with_retry_after(arena: KnowledgeBase) -> None:
    model, service = slow_service(arena, size=0)
    with served(service) as client:
        first = threading.Thread(target=lambda: client.post("/v1/interpret", json=UTTERANCE))
        first.start()
        assert model.started.wait(30)
        refused = httpx.post(f"{client.base_url}/v1/interpret", json=UTTERANCE)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["error"]["retryable"]
        model.release.set()
        first.join(10)


def test_a_deadline_answers_504_and_stops_the_decoding(arena: KnowledgeBase) -> None:
    model, service = slow_service(arena, deadline_seconds=0.2)
    with served(service) as client:
        late = client.post("/v1/interpret", json=UTTERANCE)
        assert late.status_code == 504
        assert late.json()["error"]["code"] == "deadline_exceeded"
        assert model.stopped.wait(30)


@pytest.mark.parametrize("path", ["/v1/interpret", "/v1/interpret/stream"])
def test_a_client_that_goes_away_stops_the_decoding(arena: KnowledgeBase, path: str) -> None:
    model, service = slow_service(arena)
    with served(service) as client:
        body = json.dumps(UTTERANCE).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        with socket.create_connection(("127.0.0.1", client.base_url.port or 0)) as robot:
            robot.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            assert model.started.wait(30)
        assert model.stopped.wait(30)
        until = time.monotonic() + 5
        while b"pending_requests 0.0" not in client.get("/metrics").content:
            assert time.monotonic() < until
            time.sleep(0.01)


def test_shutdown_finishes_what_was_admitted(arena: KnowledgeBase) -> None:
    model, service = slow_service(arena)
    answers: list[httpx.Response] = []
    with served(service) as client:
        url = f"{client.base_url}/v1/interpret"
        robot = threading.Thread(target=lambda: answers.append(httpx.post(url, json=UTTERANCE)))
        robot.start()
        assert model.started.wait(30)
        threading.Timer(0.3, model.release.set).start()
    robot.join(10)
    assert answers[0].status_code == 200


@pytest.mark.parametrize("path", ["/", "/health", "/ready"])
def test_a_probe_may_ask_for_the_head_alone(client: httpx.Client, path: str) -> None:
    head = client.head(path)
    assert head.status_code == 200
    assert head.content == b""


def test_metrics_count_outcomes(client: httpx.Client, stub: StubModel) -> None:
    assert client.post("/v1/interpret", json={"text": "stop"}).json()["outcome"] == "unsupported"
    text = client.get("/metrics").text
    assert 'command_interpreter_interpretations_total{outcome="unsupported"} 1.0' in text
    assert 'route="/v1/interpret",status="200"' in text
    assert "command_interpreter_ready 1.0" in text


def test_the_docs_name_every_route_and_the_error_body(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    for path in ("/v1/interpret", "/v1/interpret/batch", "/v1/commands", "/v1/knowledge/import"):
        assert path in document["paths"]
    assert "ErrorResponse" in document["components"]["schemas"]
    assert client.get("/docs").is_success


def test_a_start_logs_names_that_lead_nowhere(
    arena: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ("there is no room 'atrium', named by placements/plinth",)
    monkeypatch.setattr(KnowledgeBase, "warnings", lambda _: told)
    service = Service(Settings(), load=shared_parts(StubModel(), arena))
    with capture_logs() as logs, served(service):
        pass
    warned = [one["warning"] for one in logs if one["log_level"] == "warning"]
    assert warned == list(told)
