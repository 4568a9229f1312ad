"""Our own YAML: one list of entries a collection."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from knowledge_base.collections import COLLECTIONS
from knowledge_base.importers.arena import Arena
from schemas.errors import ImportRejected


def read(files: Mapping[str, str]) -> Arena:
    """The entries of every YAML file that has a collection at its top.

    Raises:
        ImportRejected: the YAML is broken, or an entry is.
    """
    found = Arena()
    for name, text in files.items():
        if not name.lower().endswith((".yaml", ".yml")):
            continue
        try:
            data = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ImportRejected(f"{name} is no YAML: {_told(error)}") from None
        if isinstance(data, dict) and set(data) & set(COLLECTIONS):
            _add(found, name, data)
    return found


def _told(error: yaml.YAMLError) -> str:
    """What is wrong, and in which line where the parser says it."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem} in line {error.problem_mark.line + 1}"
    return str(error).splitlines()[0]


def _add(found: Arena, name: str, data: Mapping[str, object]) -> None:
    for collection, entries in data.items():
        if not isinstance(entries, list):
            raise ImportRejected(f"{name}: {collection} is no list of entries")
        for number, fields in enumerate(entries):
            if not isinstance(fields, dict):
                raise ImportRejected(f"{name}: {collection}[{number}] has no fields")
            found.put(collection, fields, f"{name}: {collection}[{number}]")
