"""What a request asks of the record: its query with the people in it found, as a filter."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from fastapi import Depends, Query

from aibridge.api.caller import Caller, CallerOf, Parts
from aibridge.api.problems import InvalidQuery
from aibridge.api.search import SearchInvalid, Wrong, read_record_query
from aibridge.api.shapes import Validation
from aibridge.api.targets import visible_user
from aibridge.auth.usernames import as_id
from aibridge.errors import NotFound
from aibridge.filters import Filter
from aibridge.store.people import People

T = TypeVar("T")

Q = Annotated[
    str,
    Query(
        description=(
            "`key:value` terms, all of which must hold; of one key given several times, any. Keys: `initiator` (`me`, "
            "id or username), `provider` (type), `provider_name` (instance), `model`, `client`, `session_id`, "
            "`outcome`, `error_type`, `credential_kind`, `credential_type`, `tool`, `started_after`, `started_before` "
            "(RFC 3339, inclusive). Values with blanks or colons stand in double quotes. Exact and case-sensitive."
        ),
        examples=['initiator:me client:"Claude Code" outcome:failed started_after:"2026-01-02T03:04:05Z"'],
    ),
]


def read(message: str, reading: Callable[[], T]) -> T:
    """What `reading` a query gives. Raises `InvalidQuery` with this message."""
    try:
        return reading()
    except SearchInvalid as error:
        raise invalid(message, error.wrong) from error


def invalid(message: str, wrong: Sequence[Wrong]) -> InvalidQuery:
    """A wrong query as the problem that is told."""
    return InvalidQuery(message, [Validation(field=each.field, detail=each.detail) for each in wrong])


async def filter_of(q: str, caller: Caller, people: People, *, message: str) -> Filter:
    """The filter that a query on the record stands for. Raises `InvalidQuery`."""
    query = read(message, lambda: read_record_query(q))
    if not query.initiators:
        return query.filter
    found, wrong = set(), []
    for text in query.initiators:
        initiator = await _initiator(text, caller, people)
        if initiator is None:
            detail = f'user "{text}" either does not exist, or you are unauthorized to view them'
            wrong.append(Wrong("initiator", f'Query param "initiator" has invalid value: {detail}'))
        else:
            found.add(initiator)
    if wrong:
        raise invalid(message, wrong)
    return msgspec.structs.replace(query.filter, initiator_ids=frozenset(found))


async def _initiator(text: str, caller: Caller, people: People) -> UUID | None:
    """An id is taken as it is: one that nobody has matches nothing."""
    if (given := as_id(text)) is not None:
        return given
    try:
        return (await visible_user(text, caller, people)).id
    except NotFound:
        return None


async def initiator_in_query(
    caller: CallerOf,
    parts: Parts,
    initiator: Annotated[
        str | None,
        Query(
            description="whose: id, username or `me`, where several people have a session of this id", examples=["me"]
        ),
    ] = None,
) -> UUID | None:
    """The person that the parameter names. Raises `NotFound` for one whom the caller may not see."""
    if initiator is None:
        return None
    return (await visible_user(initiator, caller, parts.people)).id


InitiatorOf = Annotated[UUID | None, Depends(initiator_in_query)]
