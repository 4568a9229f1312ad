"""The command line as a person runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from models.options import DEFAULT_WEIGHTS

FRIDGE = "bring me a coke from the fridge"


def run(*given: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli", *given]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=os.environ | environment
    )


def stub(tmp_path: Path) -> dict[str, str]:
    return {
        "COMMAND_INTERPRETER_MODEL__BACKEND": "stub",
        "COMMAND_INTERPRETER_KNOWLEDGE__PATH": str(tmp_path / "chroma"),
    }


@pytest.mark.parametrize(
    "words", [(), ("serve",), ("interpret",), ("knowledge",), ("settings",), ("doctor",)]
)
def test_help_is_there(words: tuple[str, ...]) -> None:
    helped = run(*words, "--help")
    assert helped.returncode == 0
    assert "Usage" in helped.stdout


def test_settings_lists_what_the_environment_changed() -> None:
    listed = run("settings", "--json", COMMAND_INTERPRETER_SERVER__PORT="8123")
    assert json.loads(listed.stdout)["server"]["port"] == 8123


def test_a_wrong_setting_ends_with_one_clear_message() -> None:
    ended = run("settings", COMMAND_INTERPRETER_SERVER__PORT="x")
    assert ended.returncode == 1
    assert "server__port" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_interpret_asks_a_running_service(real: httpx.Client) -> None:
    asked = run("interpret", FRIDGE, "--url", str(real.base_url))
    assert [c["action"] for c in json.loads(asked.stdout)["commands"]] == [
        "go_to",
        "pick_object",
        "go_to",
        "give_object",
    ]


def test_interpret_works_without_a_service(tmp_path: Path) -> None:
    asked = run("interpret", FRIDGE, COMMAND_INTERPRETER_KNOWLEDGE__PATH=str(tmp_path / "chroma"))
    assert json.loads(asked.stdout)["outcome"] == "interpreted", asked.stderr


def test_nobody_at_the_url_is_told() -> None:
    asked = run("interpret", FRIDGE, "--url", "http://127.0.0.1:9")
    assert asked.returncode == 1
    assert "command-interpreter serve" in asked.stderr


def test_a_fault_of_the_service_is_passed_on(real: httpx.Client) -> None:
    asked = run("interpret", " ", "--url", str(real.base_url))
    assert asked.returncode == 1
    assert "invalid_request" in asked.stderr


def test_knowledge_goes_out_and_in_again(tmp_path: Path) -> None:
    environment = stub(tmp_path)
    exported = tmp_path / "out.yaml"
    assert run("knowledge", "export", "--output", str(exported), **environment).returncode == 0
    listed = json.loads(run("knowledge", "list", "rooms", **environment).stdout)
    assert "kitchen" in {entry["name"] for entry in listed}
    imported = run("knowledge", "import", str(exported), **environment)
    assert imported.returncode == 0, imported.stderr
    found = json.loads(run("knowledge", "query", "placements", "fridge", **environment).stdout)
    assert found[0]["name"] == "refrigerator"


@pytest.mark.parametrize("content", [None, b"this is no model", b""])
def test_a_missing_or_corrupt_model_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.gguf"
    if content is not None:
        path.write_bytes(content)
    ended = run(
        "serve",
        "--port",
        "0",
        COMMAND_INTERPRETER_MODEL__PATH=str(path),
        COMMAND_INTERPRETER_KNOWLEDGE__PATH=str(tmp_path / "chroma"),
    )
    assert ended.returncode == 1
    assert "broken.gguf" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ("model_file_missing" if content is None else "model_file_corrupt") in ended.stderr


def test_a_truncated_model_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(DEFAULT_WEIGHTS.read_bytes()[:1_000_000])
    ended = run(
        "serve",
        "--port",
        "0",
        COMMAND_INTERPRETER_MODEL__PATH=str(path),
        COMMAND_INTERPRETER_KNOWLEDGE__PATH=str(tmp_path / "chroma"),
    )
    assert ended.returncode == 1
    assert "model_file_corrupt" in ended.stderr


def test_a_port_in_use_is_told_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("serve", "--port", str(port), **stub(tmp_path))
    assert ended.returncode == 1
    assert f"{port} is in use" in ended.stderr
    assert "--port" in ended.stderr


def test_serve_answers_and_ends_cleanly_at_an_interrupt(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    log = tmp_path / "log"
    with log.open("w") as sink:
        service = subprocess.Popen(command, stderr=sink, env=os.environ | stub(tmp_path))
        try:
            url = None
            until = time.monotonic() + 60
            while url is None and time.monotonic() < until:
                time.sleep(0.05)
                found = re.search(r"url=(http://\S+)", re.sub(r"\x1b\[\d*m", "", log.read_text()))
                url = found.group(1) if found else None
            assert url is not None, log.read_text()
            assert httpx.get(f"{url}/health").is_success
        finally:
            service.send_signal(signal.SIGINT)
        assert service.wait(30) in (0, 130, -signal.SIGINT), log.read_text()


def test_doctor_finds_this_machine_sound(tmp_path: Path) -> None:
    environment = {
        "COMMAND_INTERPRETER_KNOWLEDGE__PATH": str(tmp_path / "chroma"),
        "COMMAND_INTERPRETER_SERVER__PORT": "0",
    }
    examined = run("doctor", **environment)
    assert "go_to" in examined.stdout, "the model is tried"
    assert "knowledge base" in examined.stdout


def test_doctor_names_what_is_wrong(tmp_path: Path) -> None:
    examined = run("doctor", COMMAND_INTERPRETER_MODEL__PATH=str(tmp_path / "no.gguf"))
    assert examined.returncode == 1
    assert "no.gguf" in examined.stdout
