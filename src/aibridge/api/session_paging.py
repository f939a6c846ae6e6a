"""Which part of the sessions, or of one session's threads, is asked for."""

from functools import partial
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Path, Query
from pydantic import BeforeValidator
from starlette.convertors import PathConvertor, register_url_convertor

from aibridge.api.paging import Page
from aibridge.api.problems import Invalid


class _Rest(PathConvertor):
    """The rest of a path, also with line breaks: what clients call their sessions is their own."""

    regex: ClassVar[str] = "(?s:.*)"


register_url_convertor("rest", _Rest())

DEFAULT_THREADS = 50
MAX_THREADS = 200

AfterSession = Annotated[
    str | None,
    Query(
        description="The id of the last session of the previous page. Not together with `offset`. Several people may "
        "have sessions with one id: `next` of the previous page also says whose it is."
    ),
]
AfterInitiator = Annotated[
    UUID | None, Query(description="The id of that session's initiator. Only together with `after_session_id`.")
]

SessionIdInPath = Annotated[
    str,
    Path(
        description="The session's id, percent-encoded. It may hold anything, slashes too.",
        examples=["0b2cf0ae-54e1-4c1b-b1a0-7d1f3ad1a4b6"],
    ),
]


def _uuid(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid(f"Invalid {name} query parameter.", detail=f'"{text}" is not a UUID.', field=name) from error


def _threads(text: str | int) -> int:
    digits = str(text).lstrip("0")
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= len(str(MAX_THREADS)) else 0
    if not 1 <= number <= MAX_THREADS:
        detail = f"Limit must be between 1 and {MAX_THREADS}."
        raise Invalid("Invalid limit query parameter.", detail=detail, field="limit")
    return number


AfterThread = Annotated[
    Annotated[UUID, BeforeValidator(partial(_uuid, "after_id"))] | None,
    Query(description="The id of an interception of the session: threads that begin after it."),
]
BeforeThread = Annotated[
    Annotated[UUID, BeforeValidator(partial(_uuid, "before_id"))] | None,
    Query(
        description="The id of an interception of the session: the threads next to it that begin before, still in "
        "order of their starts. Not together with `after_id`."
    ),
]
Threads = Annotated[
    int,
    BeforeValidator(_threads),
    Query(
        description=f"How many threads at most, 1 to {MAX_THREADS}.",
        json_schema_extra={"minimum": 1, "maximum": MAX_THREADS},
    ),
]
"""Malformed values of these three are answered in words of their own, as those of lists are."""


def next_page(q: str, page: Page, *, after_session: str, after_initiator: UUID) -> str:
    """The query string of the page behind this session."""
    cursor = {"after_session_id": after_session, "after_initiator_id": str(after_initiator)}
    return urlencode({**({"q": q} if q else {}), "limit": page.limit, **cursor})


def check_cursor(session: str | None, initiator: UUID | None) -> None:
    """Refuses a cursor that is not a session of anybody. Raises `Invalid`."""
    if initiator is not None and session is None:
        raise Invalid(
            "Query parameters have invalid values.",
            detail="after_initiator_id says whose session after_session_id is; give both.",
            field="after_session_id",
        )


def unknown_cursor(session: str | None) -> Invalid:
    """The refusal of a cursor that is not a session, or none that the caller may see."""
    return _bad_cursor(f'after_session_id: session "{session}" not found')


def ambiguous_cursor(session: str | None) -> Invalid:
    """The refusal of a cursor that may be the session of several people."""
    return _bad_cursor(f'after_session_id: several people have a session "{session}"; give after_initiator_id too')


def _bad_cursor(detail: str) -> Invalid:
    return Invalid("Query parameter has invalid value.", detail=detail, field="after_session_id")
