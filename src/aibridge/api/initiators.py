"""Whom a query means: `me`, an id or a username, as far as the caller may know."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from aibridge.api.caller import Caller
from aibridge.api.grammar import QueryRefused, Wrong
from aibridge.api.search import Query
from aibridge.auth.roles import restricted_to
from aibridge.auth.usernames import as_id
from aibridge.filters import Filter
from aibridge.store.people import People


async def resolved(query: Query, caller: Caller, people: People) -> Filter:
    """The query's filter with its initiators. Raises `QueryRefused`."""
    if not query.initiators:
        return query.filter
    return msgspec.structs.replace(query.filter, initiator_ids=await ids_of(query.initiators, caller, people))


async def ids_of(texts: Iterable[str], caller: Caller, people: People) -> frozenset[UUID]:
    """The ids of these people. Raises `QueryRefused` for each name that the caller may not see, or that is nobody's."""
    found = {text: await _ids_of(text, caller, people) for text in texts}
    wrong = [Wrong("initiator", _nobody(text)) for text, ids in found.items() if not ids]
    if wrong:
        raise QueryRefused(wrong)
    return frozenset(id_ for ids in found.values() for id_ in ids)


def _nobody(text: str) -> str:
    who = f'user "{text}" either does not exist, or you are unauthorized to view them'
    return f'Query param "initiator" has invalid value: {who}'


async def _ids_of(text: str, caller: Caller, people: People) -> Sequence[UUID]:
    """An id is not looked up: nothing is on record under one that is nobody's.

    A name is that of who bears it now; where nobody does, of those who bore it when they were deleted. The record goes
    on naming them so.
    """
    if (id_ := as_id(text)) is not None:
        return [id_]
    me = caller.identity
    if text in {"me", me.username}:
        return [me.user_id]
    return await people.find_bearers(text) if restricted_to(me.role, me.user_id) is None else []
