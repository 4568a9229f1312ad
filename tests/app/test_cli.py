"""The command line as a person runs it."""

from __future__ import annotations

import contextlib
import http.client
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


def stub(knowledge: Path) -> dict[str, str]:
    return {"COMMAND_INTERPRETER_MODEL__BACKEND": "stub"} | kept_in(knowledge)


def kept_in(knowledge: Path) -> dict[str, str]:
    return {"COMMAND_INTERPRETER_KNOWLEDGE__PATH": str(knowledge)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A knowledge folder for the processes of this module, one after the other."""
    return tmp_path_factory.mktemp("cli") / "chroma"


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
    assert "COMMAND_INTERPRETER_SERVER__PORT" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("wrong", [("--port", "99999"), ("--port", "-1"), ("--host", "")])
def test_a_wrong_address_is_refused_like_a_wrong_setting(wrong: tuple[str, str]) -> None:
    ended = run("serve", *wrong)
    assert ended.returncode == 1
    assert f"COMMAND_INTERPRETER_SERVER__{wrong[0][2:].upper()}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_interpret_asks_a_running_service(real: httpx.Client) -> None:
    asked = run("interpret", FRIDGE, "--url", str(real.base_url))
    assert [c["action"] for c in json.loads(asked.stdout)["commands"]] == [
        "go_to",
        "pick_object",
        "go_to",
        "give_object",
    ]


def test_interpret_works_without_a_service(folder: Path) -> None:
    asked = run("interpret", FRIDGE, **kept_in(folder))
    assert json.loads(asked.stdout)["outcome"] == "interpreted", asked.stderr


def test_nobody_at_the_url_is_told() -> None:
    asked = run("interpret", FRIDGE, "--url", "http://127.0.0.1:9")
    assert asked.returncode == 1
    assert "command-interpreter serve" in asked.stderr


def test_a_url_needs_no_scheme(real: httpx.Client) -> None:
    asked = run("interpret", FRIDGE, "--no-ground", "--url", real.base_url.netloc.decode())
    assert json.loads(asked.stdout)["commands"][0] == {
        "action": "go_to",
        "location_to_go": "fridge",
    }


def test_an_empty_utterance_is_refused_before_a_model_is_loaded() -> None:
    asked = run("interpret", " ")
    assert asked.returncode == 1
    assert "invalid_request: text: the text is empty" in asked.stderr
    assert "loading" not in asked.stderr


def test_a_fault_of_the_service_is_passed_on(real: httpx.Client) -> None:
    asked = run("knowledge", "list", "planets", "--url", str(real.base_url))
    assert asked.returncode == 1
    assert "not_found" in asked.stderr
    assert "rooms, placements" in asked.stderr


def test_knowledge_goes_out_and_in_again(folder: Path, tmp_path: Path) -> None:
    exported = tmp_path / "out.yaml"
    assert run("knowledge", "export", "--output", str(exported), **stub(folder)).returncode == 0
    assert "kitchen" in exported.read_text()
    imported = run("knowledge", "import", str(exported), **stub(folder))
    assert imported.returncode == 0, imported.stderr
    assert json.loads(imported.stdout)["unchanged"]["rooms"] == 5
    assert json.loads(imported.stdout)["warnings"] == []


def test_an_export_that_cannot_be_written_says_so(folder: Path, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere" / "arena.yaml"):
        ended = run("knowledge", "export", "--output", str(path), **stub(folder))
        assert ended.returncode == 1
        assert f"{path} cannot be written" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_knowledge_of_a_running_service_is_listed_and_looked_up(real: httpx.Client) -> None:
    url = ("--url", str(real.base_url))
    listed = json.loads(run("knowledge", "list", "rooms", *url).stdout)
    assert "kitchen" in {entry["name"] for entry in listed}
    found = json.loads(run("knowledge", "query", "placements", "fridge", *url).stdout)
    assert found[0]["name"] == "refrigerator"


def test_a_file_that_holds_no_arena_is_refused(real: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("buy milk")
    for path in ("notes.txt", "nowhere.yaml"):
        ended = run("knowledge", "import", str(tmp_path / path), "--url", str(real.base_url))
        assert ended.returncode == 1
        assert path in ended.stderr
        assert "Traceback" not in ended.stderr


# What llama.cpp is given beside these, tests/models tries without a process for each.
@pytest.mark.parametrize("code", ["model_file_missing", "model_file_corrupt"])
def test_a_missing_or_corrupt_model_stops_the_start(
    folder: Path, tmp_path: Path, code: str
) -> None:
    path = tmp_path / "broken.gguf"
    if code == "model_file_corrupt":
        path.write_bytes(DEFAULT_WEIGHTS.read_bytes()[:1_000_000])
    ended = run(
        "serve", "--port", "0", COMMAND_INTERPRETER_MODEL__PATH=str(path), **kept_in(folder)
    )
    assert ended.returncode == 1
    assert "broken.gguf" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert code in ended.stderr


def test_a_broken_knowledge_folder_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "chroma.sqlite3").write_bytes(b"this is no database" * 1000)
    ended = run("serve", "--port", "0", **stub(tmp_path))
    assert ended.returncode == 1
    assert "store_corrupt" in ended.stderr
    assert str(tmp_path) in ended.stderr
    assert "Move the folder away" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_in_use_is_told_at_once(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("serve", "--port", str(port), **stub(folder))
    assert ended.returncode == 1
    assert f"{port} is in use" in ended.stderr
    assert "--port" in ended.stderr


def answered_after(seconds: float, url: str) -> bool:
    """Whether a second request is answered on a connection that lay idle so long."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", "/health")
        connection.getresponse().read()
        kept = connection.sock
        time.sleep(seconds)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200 and connection.sock is kept


def test_serve_answers_and_ends_cleanly_at_an_interrupt(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    log = tmp_path / "log"
    with log.open("w") as sink:
        service = subprocess.Popen(command, stderr=sink, env=os.environ | stub(folder))
        try:
            url = None
            until = time.monotonic() + 60
            while url is None and time.monotonic() < until:
                time.sleep(0.05)
                found = re.search(r"url=(http://\S+)", re.sub(r"\x1b\[\d*m", "", log.read_text()))
                url = found.group(1) if found else None
            assert url is not None, log.read_text()
            assert httpx.get(f"{url}/health").is_success
            assert answered_after(6, url), "idle connections outlive the pools of clients"
        finally:
            service.send_signal(signal.SIGINT)
        assert service.wait(30) in (0, 130, -signal.SIGINT), log.read_text()


def test_doctor_finds_this_machine_sound(folder: Path) -> None:
    examined = run("doctor", COMMAND_INTERPRETER_SERVER__PORT="0", **kept_in(folder))
    assert "go_to" in examined.stdout, "the model is tried"
    assert "ok  knowledge base: 5 rooms" in examined.stdout


def test_doctor_names_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "chroma.sqlite3").write_bytes(b"this is no database" * 1000)
    model = str(tmp_path / "no.gguf")
    examined = run("doctor", COMMAND_INTERPRETER_MODEL__PATH=model, **kept_in(tmp_path))
    assert examined.returncode == 1
    wrong = [line for line in examined.stdout.splitlines() if line.startswith("wrong")]
    assert any(line.startswith("wrong  model: ") and "no.gguf" in line for line in wrong)
    assert any(line.startswith("wrong  knowledge base: ") for line in wrong)


def test_doctor_notes_names_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "arena.yaml").write_text("placements: [{name: plinth, room: atrium}]")
    arena = {"COMMAND_INTERPRETER_KNOWLEDGE__ARENA": str(tmp_path / "arena.yaml")}
    examined = run("doctor", **stub(tmp_path / "chroma"), **arena)
    assert "note  knowledge base: " in examined.stdout
    assert "there is no room 'atrium', named by placements/plinth" in examined.stdout


def test_beside_a_running_service_its_folder_is_left_alone(
    arena_folder: Path, client: httpx.Client
) -> None:
    told = run("knowledge", "list", **stub(arena_folder / "chroma"))
    assert told.returncode == 1
    assert "store_in_use" in told.stderr
    assert "--url" in told.stderr
    environment = stub(arena_folder / "chroma")
    environment["COMMAND_INTERPRETER_SERVER__PORT"] = str(client.base_url.port)
    examined = run("doctor", **environment)
    assert f"ok  port: {client.base_url.port} is this service's, ready with stub" in examined.stdout
    assert "note  knowledge base: not looked into" in examined.stdout
    assert "--url" in examined.stdout
