"""Every setting, its default and what it means; validated before anything is started.

Sources, the first that has a value wins: the command line, the environment
(``COMMAND_INTERPRETER_SERVER__PORT``), the settings file (TOML, one table a group), the default.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from knowledge_base.options import KnowledgeOptions
from models.options import LlamaCppOptions, ModelOptions
from schemas.errors import SettingsError

ENV_PREFIX = "COMMAND_INTERPRETER_"
FILE_VARIABLE = f"{ENV_PREFIX}SETTINGS"
KEY_VARIABLE = f"{ENV_PREFIX}KEY"
"""The key of the service that the command line asks."""
DEFAULT_FILE = Path("command-interpreter.toml")

_OTHER_VARIABLES = (FILE_VARIABLE, KEY_VARIABLE)
_UNKNOWN = "there is no such setting"


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerSettings(_Group):
    """Where the service listens and whom it lets in."""

    host: str = Field(
        "127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0 for every one."
    )
    port: int = Field(8000, ge=0, le=65535, description="TCP port; 0 takes any free one.")
    api_key: SecretStr | None = Field(
        None, min_length=8, description="Key that /v1 asks for; unset: open to all who reach it."
    )
    max_body_bytes: int = Field(
        65_536, ge=1024, description="Largest request body, but for knowledge imports."
    )
    max_import_bytes: int = Field(16 * 2**20, ge=1024, description="Largest knowledge import.")
    shutdown_seconds: float = Field(
        10.0, ge=0, description="Time that admitted requests get to finish at shutdown."
    )


class QueueSettings(_Group):
    """How many requests wait, and how long."""

    size: int = Field(64, ge=0, description="Requests that may wait for the model.")
    deadline_seconds: float = Field(
        30.0, gt=0, description="Time a request has from arrival to answer."
    )


class SessionSettings(_Group):
    """Conversations."""

    limit: int = Field(1000, ge=1, description="Sessions kept at once.")
    seconds: float = Field(
        300.0, gt=0, description="Time without a request after which a session is forgotten."
    )


class LogSettings(_Group):
    """The log on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level.")
    format: Literal["console", "json"] = Field(
        "console", description="For a person, or one JSON object a line."
    )


class Settings(BaseSettings):
    """All settings of the service."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,  # as "PORT=" in a compose file
        frozen=True,
        extra="forbid",
    )

    server: ServerSettings = ServerSettings()
    model: Annotated[ModelOptions, Field(discriminator="backend")] = LlamaCppOptions()
    knowledge: KnowledgeOptions = KnowledgeOptions()
    queue: QueueSettings = QueueSettings()
    sessions: SessionSettings = SessionSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="before")
    @classmethod
    def _default_backend(cls, values: Any) -> Any:
        model = values.get("model") if isinstance(values, dict) else None
        if isinstance(model, dict) and "backend" not in model:
            values = values | {"model": {"backend": "llama_cpp"} | model}
        return values

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = TomlConfigSettingsSource(settings_cls, toml_file=settings_file())
        return init_settings, env_settings, file


def settings_file() -> Path | None:
    """The settings file: the one the environment names, else the one in this folder, if any.

    Raises:
        SettingsError: the environment names a file that is not there.
    """
    named = os.environ.get(FILE_VARIABLE)
    if named is None:
        return DEFAULT_FILE if DEFAULT_FILE.is_file() else None
    if not Path(named).is_file():
        raise SettingsError(f"no settings file at {named}", hint=f"Correct {FILE_VARIABLE}.")
    return Path(named)


def load(**overrides: Any) -> Settings:
    """The settings in force; ``overrides`` are groups as given on the command line.

    Raises:
        SettingsError: a value is wrong, a variable is of no group, or the file is no TOML.
    """
    _expect_groups()
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("; ".join(map(_told, error.errors()))) from None
    except ValueError as error:  # tomllib's own error, and a JSON value pydantic cannot read
        raise SettingsError(f"the settings cannot be read: {error}") from None


def _expect_groups() -> None:
    """Pydantic refuses a variable of no setting in a known group; of no group, it reads none."""
    groups = tuple(f"{ENV_PREFIX}{name}".upper() for name in Settings.model_fields)
    for variable in os.environ:
        name = variable.upper()
        if not name.startswith(ENV_PREFIX) or name in _OTHER_VARIABLES:
            continue
        if name.split("__")[0] not in groups:
            raise SettingsError(f"{variable}: {_UNKNOWN}")


def _told(problem: Any) -> str:
    """One wrong value, under the name its variable has."""
    group, *field = problem["loc"]
    setting = field[-1:] if group == "model" else field  # between them stands the backend's name
    name = ENV_PREFIX + "__".join(map(str, (group, *setting))).upper()
    told = _UNKNOWN if problem["type"] == "extra_forbidden" else problem["msg"]
    return f"{name}: {told}"
