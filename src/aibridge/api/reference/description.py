"""The OpenAPI description: FastAPI's, with an example of every shape and of every answer."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from aibridge.api.reference.examples import Schema, example_of
from aibridge.errors import NotFound, ScopeMissing, TokenInvalid

INTRODUCTION = """The record of an LLM gateway: who asked what, which tools the model chose and why, what it cost.

Send an aibridge token with the scope `api` as `Authorization: Bearer`. Members read their own record, owners and
auditors everyone's. What one may not see looks as if it did not exist.

Times are RFC 3339 in UTC, ids are UUIDs, lists are never null. Totals are exact, for the filter and the caller's
rights. Every error has the same shape, `Problem`; its `validations` name the fields that are wrong. A query parameter
that is unknown, or given twice, is an error too: a filter is never left out in silence.

The record is also available below `/api/v2/ai-gateway`, and read-only below `/api/experimental/aibridge`."""

TAGS = (
    {
        "name": "interceptions",
        "description": "The request log: each request to a provider, with what it asked and what came back.",
    },
    {
        "name": "sessions",
        "description": "Interceptions in context: sessions, their threads, and the steps of each thread.",
    },
    {"name": "usage", "description": "What was requested and spent. These figures stay when the record is removed."},
    {"name": "search", "description": "Full-text search in prompts, thoughts, tool calls and errors."},
    {
        "name": "prices",
        "description": "The deployment's own prices, which take precedence over the list that comes with aibridge. "
        "They apply from then on; what is on record does not change.",
    },
    {"name": "models, clients, providers", "description": "Values to filter by: the distinct ones on record."},
    {
        "name": "users",
        "description": "Who may use aibridge. Everyone sees and edits their own profile, owners manage everyone.",
    },
    {"name": "tokens", "description": "What gives access to the gateway and this API. The secret is shown once."},
)

_PROBLEMS: Mapping[str, Mapping[str, str]] = {
    "400": {"message": "The request has invalid values."},
    "401": {"message": str(TokenInvalid())},
    "403": {"message": str(ScopeMissing())},
    "404": {"message": str(NotFound())},
    "413": {"message": "Request Entity Too Large: POST /api/v2/users"},
    "503": {
        "message": "The record cannot be read right now.",
        "detail": "The database cannot be reached. Try again in a moment.",
    },
    "default": {"message": "Internal error.", "detail": "The log of the server says more."},
}
"""Of the answers for which a route has no example of its own."""


_UNTOLD = "Successful Response"
"""What FastAPI says of an answer about which nobody said anything."""


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of this application; relative to where its root is mounted."""
    description = app.openapi()
    shapes = description["components"]["schemas"]
    for shape in shapes.values():
        if shape["type"] == "object":
            shape.setdefault("examples", [example_of(shape, shapes)])
    for operation in operations(description):
        _exemplify(operation, shapes)
    return description


def operations(description: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operation of a description."""
    for path in description["paths"].values():
        yield from path.values()


def _exemplify(operation: dict[str, Any], shapes: Mapping[str, Schema]) -> None:
    bodies = [(None, operation["requestBody"])] if "requestBody" in operation else []
    for status, answer in operation["responses"].items():
        if answer["description"] == _UNTOLD:
            answer["description"] = HTTPStatus(int(status)).phrase
    for status, answer in [*bodies, *operation["responses"].items()]:
        for content in answer.get("content", {}).values():
            if "example" not in content and "examples" not in content:
                problem = _PROBLEMS.get(status or "")
                content["example"] = problem or example_of(content["schema"], shapes)
