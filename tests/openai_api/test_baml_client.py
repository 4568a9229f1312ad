"""A client that BAML generates from the command classes, on the OpenAI routes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from schemas.commands import COMMANDS, RobotCommand

GENERATOR = f"""
generator python {{
  output_type "python/pydantic"
  output_dir "../"
  version "{version("baml-py")}"
  default_client_mode sync
}}

client<llm> Interpreter {{
  provider "openai-generic"
  options {{
    base_url env.INTERPRETER_URL
    api_key "none"
    model "any"
  }}
}}

function Interpret(text: string) -> CommandList {{
  client Interpreter
  prompt #"
    {{{{ _.role("system") }}}} {{{{ ctx.output_format }}}}
    {{{{ _.role("user") }}}} {{{{ text }}}}
  "#
}}
"""

PROGRAM = """
import json, sys
from baml_client.sync_client import b
print(b.Interpret(sys.argv[1]).model_dump_json())
stream = b.stream.Interpret(sys.argv[1])
seen = [len(partial.commands) for partial in stream]
print(json.dumps([stream.get_final_response().model_dump(), seen]))
"""


def baml_class(command: type[RobotCommand]) -> str:
    fields = "".join(f"  {field} string\n" for field in command.slots())
    return f'class {command.__name__} {{\n  action "{command.tag()}"\n{fields}}}\n'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("baml")
    sources = folder / "baml_src"
    sources.mkdir()
    union = " | ".join(command.__name__ for command in COMMANDS)
    listed = f"class CommandList {{\n  commands ({union})[]\n}}\n"
    text = GENERATOR + "".join(map(baml_class, COMMANDS)) + listed
    (sources / "main.baml").write_text(text)
    cli = [sys.executable, "-c", "from baml_py import invoke_runtime_cli as c; c()"]
    subprocess.run(
        [Path(sys.executable).with_name("baml-cli"), "generate", "--from", str(sources)]
        if Path(sys.executable).with_name("baml-cli").exists()
        else [*cli, "generate", "--from", str(sources)],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.mark.parametrize(
    "text",
    ["bring me a coke from the fridge", "tell me how many drinks there are on the sofa", "sing"],
)
def test_baml_gets_the_plan_of_interpret(real: httpx.Client, project: Path, text: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, text],
        cwd=project,
        env=os.environ | {"INTERPRETER_URL": f"{real.base_url}/v1", "BAML_LOG": "off"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    whole, stream = map(json.loads, ran.stdout.splitlines())
    expected = real.post("/v1/interpret", json={"text": text, "ground": False}).json()
    assert whole["commands"] == expected["commands"]
    assert stream[0] == whole
