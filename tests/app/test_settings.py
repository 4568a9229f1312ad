"""Settings come from environment and file, are validated at start, and are all described."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli import rows
from app.settings import FILE_VARIABLE, Settings, load
from models.options import LlamaCppOptions, RemoteOptions
from schemas.errors import SettingsError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_valid_and_local() -> None:
    settings = load()
    assert settings.server.host == "127.0.0.1"
    assert isinstance(settings.model, LlamaCppOptions)


def test_environment_beats_file_beats_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("command-interpreter.toml").write_text("[server]\nport = 9000\nhost = '0.0.0.0'\n")
    monkeypatch.setenv("COMMAND_INTERPRETER_SERVER__PORT", "9001")
    settings = load()
    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 9001)


def test_a_backend_is_chosen_by_name_and_a_path_alone_means_llama_cpp(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COMMAND_INTERPRETER_MODEL__PATH", "/somewhere/else.gguf")
    assert load().model == LlamaCppOptions(path=Path("/somewhere/else.gguf"))
    monkeypatch.delenv("COMMAND_INTERPRETER_MODEL__PATH")
    monkeypatch.setenv("COMMAND_INTERPRETER_MODEL__BACKEND", "remote")
    monkeypatch.setenv("COMMAND_INTERPRETER_MODEL__BASE_URL", "http://127.0.0.1:11434/v1")
    found = load().model
    assert isinstance(found, RemoteOptions)
    assert found.base_url == "http://127.0.0.1:11434/v1"


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("SERVER__PORT", "eighty", "server__port"),
        ("SERVER__PORT", "70000", "server__port"),
        ("SERVER__COLOUR", "red", "server__COLOUR"),
        ("QUEUE__DEADLINE_SECONDS", "0", "queue__deadline_seconds"),
        ("MODEL__BACKEND", "abacus", "model"),
        ("SERVER", "{", "server"),
        ("SERVRE__PORT", "8001", "COMMAND_INTERPRETER_SERVRE__PORT: there is no such setting"),
        ("PORT", "8001", "COMMAND_INTERPRETER_PORT: there is no such setting"),
        ("MODEL__TREADS", "2", "COMMAND_INTERPRETER_MODEL__TREADS: there is no such setting"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"COMMAND_INTERPRETER_{variable}", value)
    with pytest.raises(SettingsError) as wrong:
        load()
    assert told.lower() in wrong.value.message.lower()
    assert "settings" in wrong.value.hint


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("SERVER__HOST", "SERVER__API_KEY", "MODEL__PATH"):
        monkeypatch.setenv(f"COMMAND_INTERPRETER_{variable}", "")
    assert load() == Settings()
    assert load().server.host == "127.0.0.1"


def test_the_command_line_beats_the_environment_and_leaves_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COMMAND_INTERPRETER_SERVER__PORT", "9001")
    monkeypatch.setenv("COMMAND_INTERPRETER_SERVER__HOST", "::1")
    server = load(server={"port": 9002}).server
    assert (server.host, server.port) == ("::1", 9002)


def test_a_file_that_is_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FILE_VARIABLE, "/nowhere.toml")
    with pytest.raises(SettingsError, match="nowhere"):
        load()


def test_a_file_that_is_no_toml_is_told() -> None:
    Path("command-interpreter.toml").write_text("[server\n")
    with pytest.raises(SettingsError, match="cannot be read"):
        load()


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMAND_INTERPRETER_SERVER__API_KEY", "correct-horse")
    settings = load()
    assert "correct-horse" not in settings.model_dump_json()
    assert all("correct-horse" not in value for _, value, _ in rows(settings))


def test_every_setting_is_described() -> None:
    for variable, _, meaning in rows(load()):
        assert meaning, variable
