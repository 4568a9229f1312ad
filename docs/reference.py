"""Writes docs/api-reference.md from the service's OpenAPI; run it after a change of a route."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.main import create_app
from app.service import Service
from app.settings import Settings

TARGET = Path(__file__).with_name("api-reference.md")
HEAD = """# API reference

Written by `python -m docs.reference` from the service's OpenAPI, which `/openapi.json` has whole
and `/docs` shows to try out. Every fault is
`{"error": {"code", "message", "retryable", "hint"}, "request_id"}`.
"""


def reference() -> str:
    """The page's text."""
    api = create_app(Service(Settings())).openapi()
    routes = [
        _route(method.upper(), path, operation, api)
        for path, operations in api["paths"].items()
        for method, operation in operations.items()
    ]
    return "\n".join([HEAD, *routes])


def _route(method: str, path: str, operation: dict[str, Any], api: dict[str, Any]) -> str:
    lines = [f"## {method} {path}", "", operation.get("description", operation["summary"]), ""]
    given = operation.get("parameters", [])
    rows = [
        (one["name"], one["in"], _type(one["schema"]), one["required"], one.get("description", ""))
        for one in given
        if one["in"] != "header" or one["name"].lower() == "if-match"
    ]
    body = operation.get("requestBody", {}).get("content", {})
    for media in body.values():
        schema = _followed(media["schema"], api)
        required = schema.get("required", [])
        rows += [
            (name, "body", _type(one), name in required, one.get("description", ""))
            for name, one in schema.get("properties", {}).items()
        ]
    if rows:
        lines += ["| field | in | type | required | |", "|---|---|---|---|---|"]
        lines += [
            f"| `{name}` | {place} | {kind} | {'yes' if needed else ''} | {what} |"
            for name, place, kind, needed, what in rows
        ]
        lines.append("")
    lines += [*_answer(operation), ""]
    return "\n".join(lines)


def _answer(operation: dict[str, Any]) -> list[str]:
    good = {k: v for k, v in operation["responses"].items() if k.startswith("2")}
    return [f"Answers {status}: {_content(response)}." for status, response in good.items()]


def _content(response: dict[str, Any]) -> str:
    content = response.get("content", {})
    if not content:
        return "nothing"
    return ", ".join(
        f"`{media}`{f' {kind}' if (kind := _type(one.get('schema', {}))) else ''}"
        for media, one in content.items()
    )


def _followed(schema: dict[str, Any], api: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return found


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[1])
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(filter(None, map(_type, options)))
    if "const" in schema:
        return json.dumps(schema["const"])
    kind = str(schema.get("type", ""))
    return f"list of {_type(schema['items'])}" if kind == "array" and "items" in schema else kind


if __name__ == "__main__":
    TARGET.write_text(reference())
