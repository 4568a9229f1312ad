"""Writes docs/api-reference.md from the service's OpenAPI; run it after a change of a route."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.main import create_app
from app.service import Service
from app.settings import Settings
from schemas import errors
from schemas.commands import COMMANDS

COMMAND_TYPES = {command.__name__ for command in COMMANDS}
TARGET = Path(__file__).with_name("api-reference.md")
HEAD = """# API reference

Written by `python -m docs.reference` from the service's OpenAPI, which `/openapi.json` has whole
and `/docs` shows to try out. What an answer holds stands under [shapes](#shapes), what can go wrong
under [errors](#errors).
"""
SHAPES = """## Shapes

What the bodies of requests and answers are made of. The commands themselves are explained by
`GET /v1/commands` and on the console.
"""
ERRORS = """## Errors

Every fault is `{"error": {"code", "message", "retryable", "hint"}, "request_id"}`. A `retryable`
one may be sent again as it is; 429, and 503 while the service starts, say in `Retry-After` after
how many seconds.

| code | status | retryable | when |
|---|---|---|---|"""


def reference() -> str:
    """The page's text."""
    api = create_app(Service(Settings())).openapi()
    routes = [
        _route(method.upper(), path, operation, api)
        for path, operations in api["paths"].items()
        for method, operation in operations.items()
    ]
    return "\n".join([HEAD, *routes, SHAPES, *_shapes(api), ERRORS, *_errors(), ""])


def _shapes(api: dict[str, Any]) -> list[str]:
    named: dict[str, dict[str, Any]] = {}
    for operations in api["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status.startswith("2"):
                    _collect(response, api, named)
    return [_shape(name, schema) for name, schema in named.items()]


def _collect(part: Any, api: dict[str, Any], named: dict[str, dict[str, Any]]) -> None:
    """The schemas a response refers to, in the order they are met; the commands left out."""
    if isinstance(part, list):
        for one in part:
            _collect(one, api, named)
    elif isinstance(part, dict):
        if "$ref" in part and (name := _type(part)) not in named:
            schema = _followed(part, api)
            fields = schema.get("properties", {})
            if "action" in fields:
                _collect(fields["grounding"], api, named)
            else:
                named[name] = schema
                _collect(schema, api, named)
        for key, one in part.items():
            if key not in ("discriminator", "$ref"):
                _collect(one, api, named)


def _shape(name: str, schema: dict[str, Any]) -> str:
    lines = [f"### {name}", "", *filter(None, [schema.get("description")]), ""]
    if "enum" in schema:
        lines += [f"One of {', '.join(f'`{one}`' for one in schema['enum'])}.", ""]
    if fields := schema.get("properties"):
        lines += ["| field | type | |", "|---|---|---|"]
        lines += [f"| `{field}` | {_type(one)} | {_told(one)} |" for field, one in fields.items()]
        lines.append("")
    return "\n".join(lines)


def _errors() -> list[str]:
    return [
        f"| `{one.code}` | {one.status} | {'yes' if one.retryable else ''} | {one.__doc__} |"
        for one in _faults(errors.CommandInterpreterError)
    ]


def _faults(
    above: type[errors.CommandInterpreterError],
) -> Iterator[type[errors.CommandInterpreterError]]:
    """The named faults, in the order of their tree."""
    for one in above.__subclasses__():
        if one.__module__ == errors.__name__:
            if "code" in vars(one):
                yield one
            yield from _faults(one)


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
            (name, "body", _type(one), name in required, _told(one))
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


def _told(schema: dict[str, Any]) -> str:
    """The field's own description, or that of the value it may be left out for."""
    found = [one.get("description", "") for one in (schema, *schema.get("anyOf", []))]
    return next(filter(None, found), "")


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[1])
    if options := schema.get("anyOf") or schema.get("oneOf"):
        told = list(dict.fromkeys(filter(None, map(_type, options))))
        return "command" if set(told) >= COMMAND_TYPES else " or ".join(told)
    if "const" in schema:
        return json.dumps(schema["const"])
    kind = str(schema.get("type", ""))
    if "prefixItems" in schema:
        return f"list of {len(schema['prefixItems'])} numbers"
    if kind == "array" and "items" in schema:
        items = _type(schema["items"])
        bounds = " to ".join(str(schema[k]) for k in ("minItems", "maxItems") if schema.get(k))
        return " ".join(filter(None, ["list of", bounds, items])) if items else "list"
    return kind


if __name__ == "__main__":
    TARGET.write_text(reference())
