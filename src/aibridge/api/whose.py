"""Whose session is meant, where several people have one of its id."""

from collections.abc import Collection
from typing import Annotated
from uuid import UUID

from fastapi import Query

from aibridge.api.asking import reasons
from aibridge.api.caller import Caller
from aibridge.api.grammar import QueryRefused, Wrong
from aibridge.api.initiators import ids_of
from aibridge.api.parts import ApiParts
from aibridge.api.problems import Invalid

Whose = Annotated[
    str | None,
    Query(
        description="Whose session, where several people have one of this id: `me`, an id or a username. "
        "Without it, the one that was active last.",
        examples=["me"],
    ),
]


async def initiator_of(text: str | None, caller: Caller, parts: ApiParts) -> UUID | None:
    """The person who is named, if anyone is. Raises `Invalid`."""
    if text is None:
        return None
    try:
        return _only(text, await ids_of([text], caller, parts.people))
    except QueryRefused as refusal:
        raise Invalid("Invalid initiator query parameter.", validations=reasons(refusal)) from refusal


def _only(text: str, ids: Collection[UUID]) -> UUID:
    """The one who is meant. Raises `QueryRefused` when several have borne this name and were deleted."""
    if len(ids) > 1:
        listed = ", ".join(sorted(map(str, ids)))
        raise QueryRefused([Wrong("initiator", f'Several who were deleted were named "{text}"; give an id: {listed}')])
    return next(iter(ids))
