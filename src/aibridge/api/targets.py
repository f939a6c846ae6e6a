"""Whom a request is about: `{user}` in a path or a body is an id, a username or `me`."""

from typing import Annotated

from fastapi import Depends, Path

from aibridge.api.caller import Caller, CallerOf, Parts
from aibridge.auth.roles import may_manage, may_read
from aibridge.auth.usernames import as_id, why_not
from aibridge.errors import NotAllowed, NotFound
from aibridge.store.people import People, User


async def visible_user(text: str, caller: Caller, people: People) -> User:
    """The user meant, also a deleted one by id. Raises `NotFound`, too, for whom the caller may not see."""
    me = caller.identity
    meant = me.user_id if text in {"me", me.username} else as_id(text)
    if meant is None and why_not(text) is not None:
        raise NotFound
    found = await people.find_user(text if meant is None else meant)
    if found is None or not may_read(me.role, user_id=me.user_id, initiator_id=found.id):
        raise NotFound
    return found


async def _in_path(
    user: Annotated[str, Path(description="id, username or `me`", examples=["me"])], caller: CallerOf, parts: Parts
) -> User:
    return await visible_user(user, caller, parts.people)


async def _owner(caller: CallerOf) -> Caller:
    if not may_manage(caller.identity.role):
        raise NotAllowed
    return caller


UserOf = Annotated[User, Depends(_in_path)]
"""The user that the path names, whom the caller may see."""

OwnerOf = Annotated[Caller, Depends(_owner)]
"""A caller who manages accounts; anyone else is told so before the body is looked at."""
