"""The generator's own data files, read once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def table(name: str) -> dict[str, Any]:
    """The YAML file of that name under ``data``."""
    text = (files("training.generator.data") / f"{name}.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return loaded


@cache
def lines(name: str) -> tuple[str, ...]:
    """The lines of a text file under ``data``."""
    text = (files("training.generator.data") / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.split("\n") if line)
