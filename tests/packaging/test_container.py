"""Dockerfile and compose.yaml: they parse, lint clean, and keep what a deployment relies on."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile_parse import DockerfileParser

from app.settings import ENV_PREFIX, Settings
from tests.packaging.tree import ROOT, project

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def steps() -> list[tuple[str, str]]:
    """(instruction, value) of every step, stages in order."""
    parser = DockerfileParser(fileobj=io.BytesIO(DOCKERFILE.encode()))
    return [(step["instruction"], step["value"]) for step in parser.structure]


def final_stage() -> list[tuple[str, str]]:
    """The steps after the last FROM."""
    found = steps()
    last = max(i for i, (instruction, _) in enumerate(found) if instruction == "FROM")
    return found[last:]


def last(instruction: str) -> str:
    """Value of the last such step of the final stage; fails if there is none."""
    return [value for name, value in final_stage() if name == instruction][-1]


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint is not None
    told = subprocess.run([hadolint, "-"], input=DOCKERFILE, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout


def test_each_variant_has_a_stage_to_build_and_one_to_run_in() -> None:
    stages = {value.split()[-1] for name, value in steps() if name == "FROM" and " AS " in value}
    assert {"build-cpu", "build-cuda", "run-cpu", "run-cuda"} <= stages


def test_the_image_does_not_run_as_root() -> None:
    user = last("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


def test_the_health_check_asks_the_route_that_answers_while_the_model_loads() -> None:
    check = last("HEALTHCHECK")
    assert "/health" in check
    compile(json.loads(check[check.index("[") :])[2], "HEALTHCHECK", "exec")


def test_data_and_weights_are_volumes_that_the_settings_point_into() -> None:
    volumes = json.loads(last("VOLUME"))
    settings = dict(re.findall(rf"({ENV_PREFIX}\w+)=(\S+)", DOCKERFILE))
    for variable in ("MODEL__PATH", "KNOWLEDGE__PATH"):
        assert settings[f"{ENV_PREFIX}{variable}"].startswith(tuple(f"{v}/" for v in volumes))


def test_every_variable_of_image_and_compose_is_a_setting() -> None:
    text = DOCKERFILE + (ROOT / "compose.yaml").read_text()
    for group, field in re.findall(rf"{ENV_PREFIX}([A-Z]+)__([A-Z_]+?)(?==|:|')", text):
        options = getattr(Settings(), group.lower())
        assert field.lower() in type(options).model_fields, f"{group}__{field}"


def test_the_image_starts_a_program_that_the_package_installs() -> None:
    assert json.loads(last("ENTRYPOINT"))[0] in project()["scripts"]
    assert json.loads(last("CMD")) == ["serve"]


def test_llama_cpp_is_built_for_any_machine() -> None:
    llama = next(value for name, value in steps() if name == "RUN" and "llama-cpp-python" in value)
    assert "-DGGML_NATIVE=off" in llama


@pytest.mark.parametrize("package", [*project()["scripts"].values()])
def test_the_build_context_holds_the_package(package: str) -> None:
    kept = (ROOT / ".dockerignore").read_text().splitlines()
    assert f"!{package.partition('.')[0]}" in kept
    assert "!constraints.txt" in kept


def test_the_plain_service_needs_no_profile_and_the_others_do() -> None:
    plain = [name for name, service in SERVICES.items() if "profiles" not in service]
    assert plain == ["interpreter"]


def test_the_chroma_profile_holds_the_server_its_service_talks_to() -> None:
    service = SERVICES["interpreter-chroma"]
    server = SERVICES["chroma"]
    address = service["environment"][f"{ENV_PREFIX}KNOWLEDGE__CHROMA_URL"]
    port = server["command"][server["command"].index("--port") + 1]
    assert address == f"http://chroma:{port}"
    assert service["profiles"] == server["profiles"]
    assert service["depends_on"]["chroma"]["condition"] == "service_healthy"
    assert "healthcheck" in server


def test_compose_names_only_volumes_it_declares() -> None:
    used = {m.partition(":")[0] for service in SERVICES.values() for m in service["volumes"]}
    assert used == set(COMPOSE["volumes"])


def test_the_cuda_service_builds_the_cuda_variant() -> None:
    service = SERVICES["interpreter-cuda"]
    assert service["build"]["args"]["VARIANT"] == "cuda"
    assert service["image"] != SERVICES["interpreter"]["image"]
