"""Whom a query means: `me`, an id or a username, as far as the caller may know."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from aibridge.api.caller import Caller
from aibridge.api.grammar import QueryRefused, Wrong
from aibridge.api.search import Query
from aibridge.api.targets import visible_user
from aibridge.auth.usernames import as_id
from aibridge.errors import NotFound
from aibridge.filters import Filter
from aibridge.store.people import People


async def resolved(query: Query, caller: Caller, people: People) -> Filter:
    """The query's filter with its initiators. Raises `QueryRefused`."""
    if not query.initiators:
        return query.filter
    return msgspec.structs.replace(query.filter, initiator_ids=await ids_of(query.initiators, caller, people))


async def ids_of(texts: Iterable[str], caller: Caller, people: People) -> frozenset[UUID]:
    """The ids of these people. Raises `QueryRefused` for each name that the caller may not see, or that is nobody's."""
    found = {text: await _id_of(text, caller, people) for text in texts}
    wrong = [Wrong("initiator", _nobody(text)) for text, id_ in found.items() if id_ is None]
    if wrong:
        raise QueryRefused(wrong)
    return frozenset(id_ for id_ in found.values() if id_ is not None)


def _nobody(text: str) -> str:
    who = f'user "{text}" either does not exist, or you are unauthorized to view them'
    return f'Query param "initiator" has invalid value: {who}'


async def _id_of(text: str, caller: Caller, people: People) -> UUID | None:
    """An id is not looked up: nothing is on record under one that is nobody's."""
    if (id_ := as_id(text)) is not None:
        return id_
    try:
        return (await visible_user(text, caller, people)).id
    except NotFound:
        return None
