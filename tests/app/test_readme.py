"""What the README shows is what the service answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx

README = (Path(__file__).parents[2] / "README.md").read_text()
VARIES = ("request_id", "confidence", "timings_ms", "model")


def test_the_curl_of_the_readme_gets_the_answer_of_the_readme(real: httpx.Client) -> None:
    said = re.search(r"curl -s localhost:8000(\S+) -d '(.+?)'", README)
    shown = re.search(r"```json\n(.+?)```", README, re.S)
    assert said is not None
    assert shown is not None
    answer = real.post(said.group(1), json=json.loads(said.group(2))).json()
    assert without(answer) == without(json.loads(shown.group(1)))


def without(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key not in VARIES}
