"""Refusals as the description of the API shows them: each an example that a request really gets."""

from typing import Any

import msgspec

from aibridge.api.shapes import Problem

Responses = dict[int | str, dict[str, Any]]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is refused."""

    asked: str
    """What follows the path, such as `?limit=1001`."""
    answer: dict[str, Any]


def case(
    asked: str, message: str, *, detail: str | None = None, field: str | None = None, reason: str | None = None
) -> Case:
    """A refusal of `asked`; `reason`: what its one validation says, where that is not the detail or the message."""
    answer: dict[str, Any] = {"message": message}
    if detail is not None:
        answer["detail"] = detail
    if field is not None:
        answer["validations"] = [{"field": field, "detail": reason or detail or message}]
    return Case(asked=asked, answer=answer)


def bad_request(*cases: Case) -> Responses:
    """The 400 of a route, by examples."""
    return {
        400: {
            "model": Problem,
            "description": "A value is wrong; `validations` name the field.",
            "content": {
                "application/json": {
                    "examples": {each.asked: {"summary": each.asked, "value": each.answer} for each in cases}
                }
            },
        }
    }


def refusal(status: int, description: str, message: str) -> Responses:
    """Any other refusal, by one example."""
    return {
        status: {
            "model": Problem,
            "description": description,
            "content": {"application/json": {"example": {"message": message}}},
        }
    }


def missing(message: str) -> Responses:
    """The 404 of a route: what the caller may not see looks as if it were not there."""
    return refusal(404, "There is no such thing, or the caller may not see it.", message)


PAGE = (
    case(
        "?limit=1001",
        "Invalid pagination limit value.",
        detail="Pagination limit must be in range (0, 1000]",
        field="limit",
    ),
    case(
        "?offset=-1",
        "Invalid pagination offset value.",
        detail="Pagination offset must be in range [0, 2147483647]",
        field="offset",
    ),
)
"""Of every list."""


def both(cursor: str, asked: str) -> Case:
    """The refusal of a cursor beside an offset."""
    return case(
        asked,
        "Query parameters have invalid values.",
        detail=f"Cannot use both {cursor} and offset pagination in the same request.",
        field=cursor,
    )


def queries(resource: str) -> tuple[Case, ...]:
    """Refused queries on interceptions or sessions."""
    message = f"Invalid {resource} search query."
    invalid = 'Query param "{}" has invalid value: '
    return (
        case(
            "?q=model:a:b",
            message,
            field="q",
            reason="Query element \"model:a:b\" can only contain 1 ':'; put the value into double quotes",
        ),
        case(
            "?q=outcome:lost",
            message,
            field="outcome",
            reason=invalid.format("outcome")
            + '"lost" is not one of completed, failed, cancelled, truncated, interrupted',
        ),
        case(
            "?q=initiator:nobody",
            message,
            field="initiator",
            reason=invalid.format("initiator")
            + 'user "nobody" either does not exist, or you are unauthorized to view them',
        ),
        case(
            "?q=started_after:yesterday",
            message,
            field="started_after",
            reason='Query param "started_after" must be a valid date format (RFC 3339 in double quotes, '
            'such as started_after:"2026-01-02T03:04:05Z"): cannot read "yesterday"',
        ),
    )
