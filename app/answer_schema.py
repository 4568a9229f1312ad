"""A JSON schema that a client sent for the answer, held against the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from schemas.errors import InvalidRequest

MAX_REFERENCES = 2000
"""References followed in one check: schemas that refer to themselves can grow without bound."""

# A pattern can keep the regular expression engine busy for hours on a short text.
_REFUSED = frozenset({"pattern", "patternProperties", "$dynamicRef", "$recursiveRef"})
_HINT = "Send the plan's own schema: a list 'commands' of the union that GET /v1/commands has."


class AnswerSchema:
    """Raises ``InvalidRequest`` for a schema that is none, or that cannot be checked safely."""

    def __init__(self, schema: dict[str, Any] | bool) -> None:
        try:
            if found := _keywords(schema) & _REFUSED:
                raise InvalidRequest(
                    f"response_format: {', '.join(sorted(found))} is not supported", hint=_HINT
                )
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise InvalidRequest(f"response_format: {error.message}", hint=_HINT) from None
        except RecursionError:
            raise InvalidRequest("response_format: nested too deeply", hint=_HINT) from None
        self._schema = schema

    def check(self, content: str) -> None:
        """Hold the answer against it.

        Raises:
            InvalidRequest: the answer does not fit, or the schema cannot be followed.
        """
        validator = _counting()(self._schema, registry=Registry())  # no reference is fetched
        try:
            validator.validate(json.loads(content))
        except ValidationError as error:
            where = error.json_path
            raise InvalidRequest(
                f"response_format: no plan fits the schema: at {where}: {error.message[:200]}",
                hint=_HINT,
            ) from None
        except (Unresolvable, RecursionError) as error:
            raise InvalidRequest(
                f"response_format: a reference cannot be followed: {error}", hint=_HINT
            ) from None


def _keywords(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        return set(schema).union(*(_keywords(value) for value in schema.values()))
    if isinstance(schema, list):
        return set[str]().union(*(_keywords(value) for value in schema))
    return set()


def _counting() -> Any:
    follow = Draft202012Validator.VALIDATORS["$ref"]
    followed = 0

    def counted(*arguments: Any) -> Iterator[ValidationError]:
        nonlocal followed
        followed += 1
        if followed > MAX_REFERENCES:
            raise RecursionError("too many")
        yield from follow(*arguments) or ()

    return extend(Draft202012Validator, {"$ref": counted})  # type: ignore[no-untyped-call]
