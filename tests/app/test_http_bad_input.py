"""Whatever a client sends, it gets the contract's error body and never a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from app.service import Service
from app.settings import Settings
from knowledge_base import KnowledgeBase
from models.stub import StubModel
from tests.conftest import served, shared_parts

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def client(arena: KnowledgeBase) -> Iterator[httpx.Client]:
    """One service for all: what it refuses leaves nothing behind."""
    with served(Service(Settings(), load=shared_parts(StubModel(), arena))) as client:
        yield client


def error(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error", "request_id"}
    assert set(body["error"]) == {"code", "message", "retryable", "hint"}
    assert body["error"]["code"] == code
    assert body["error"]["hint"]
    assert body["request_id"] == response.headers["x-request-id"]
    detail: dict[str, object] = body["error"]
    return detail


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"text": " \n\t "},
        {"text": "go " * 5000},
        {"text": "go\u0000to"},
        {"text": "\u001b[31m"},
        {"text": "\u007f"},
        {"text": 7},
        {"text": None},
        {"text": ["go"]},
        {"text": "go", "ground": "maybe"},
        {"text": "go", "session_id": ""},
        {"text": "go", "session_id": "a b"},
        {"text": "go", "speed": "fast"},
        {},
        [],
        "go",
        None,
        17,
    ],
    ids=lambda body: json.dumps(body)[:40],
)
def test_a_wrong_body_is_refused_and_says_where(client: httpx.Client, body: object) -> None:
    response = client.post("/v1/interpret", content=json.dumps(body), headers=JSON)
    assert "body" in str(error(response, 422, "invalid_request")["message"])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"text": "go"',
        b'{"text": "\xff\xfe"}',
        b"\x00\x01\x02",
        b'{"text": "\\ud800"}',
        b"[" * 10_000,
        b'{"text": NaN}',
    ],
    ids=repr,
)
def test_what_is_no_json_is_refused(client: httpx.Client, content: bytes) -> None:
    error(client.post("/v1/interpret", content=content, headers=JSON), 422, "invalid_request")


def test_curls_default_content_type_is_told_apart(client: httpx.Client) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    response = client.post("/v1/interpret", content=b'{"text": "go"}', headers=form)
    assert "content-type" in str(error(response, 422, "invalid_request")["hint"])


@pytest.mark.parametrize("count", [0, 33])
def test_a_batch_has_1_to_32_texts(client: httpx.Client, count: int) -> None:
    response = client.post("/v1/interpret/batch", json={"texts": ["go"] * count})
    error(response, 422, "invalid_request")


def test_one_bad_text_refuses_the_batch(client: httpx.Client) -> None:
    response = client.post("/v1/interpret/batch", json={"texts": ["go", ""]})
    assert "texts.1" in str(error(response, 422, "invalid_request")["message"])


def test_a_body_over_the_limit_is_refused_before_it_is_read(client: httpx.Client) -> None:
    response = client.post("/v1/interpret", json={"text": "a" * 100_000})
    error(response, 413, "request_too_large")


def test_a_body_without_a_length_is_limited_too(client: httpx.Client) -> None:
    chunks = (b" " * 1000 for _ in range(100))
    response = client.post("/v1/interpret", content=chunks, headers=JSON)
    error(response, 413, "request_too_large")


def test_an_import_without_a_file_says_how_to_send_one(client: httpx.Client) -> None:
    for given in ({}, {"files": {"file": ("arena.yaml", b"rooms: []")}}):
        response = client.post("/v1/knowledge/import", **given)  # type: ignore[arg-type]
        assert "curl -F files=@" in str(error(response, 422, "invalid_request")["hint"])


def test_unknown_paths_and_methods(client: httpx.Client) -> None:
    error(client.get("/v1/nothing"), 404, "not_found")
    wrong = client.get("/v1/interpret")
    error(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"
    error(client.get("/v1/knowledge/planets"), 404, "not_found")
    error(client.get("/v1/knowledge/rooms/moon"), 404, "not_found")


def test_a_sane_request_id_is_kept_and_another_replaced(client: httpx.Client) -> None:
    kept = client.get("/health", headers={"x-request-id": "robot-1.42"})
    assert kept.headers["x-request-id"] == "robot-1.42"
    replaced = client.get("/health", headers={"x-request-id": "a b\tc"})
    assert replaced.headers["x-request-id"] not in ("", "a b\tc")


def test_broken_json_is_told_with_its_place(client: httpx.Client) -> None:
    response = client.post("/v1/interpret", content='{"text": "go" "to"}', headers=JSON)
    told = error(response, 422, "invalid_request")["message"]
    assert told == "the body is no JSON: Expecting ',' delimiter, at character 14"


def test_another_encoding_is_told(client: httpx.Client) -> None:
    content = '{"text": "caf\u00e9"}'.encode("latin-1")
    response = client.post("/v1/interpret", content=content, headers=JSON)
    assert "UTF-8" in str(error(response, 422, "invalid_request")["message"])
