"""People: owners manage them, auditors see them, everyone sees and describes themselves."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query

from aibridge.api.account_bodies import NewUser, PasswordBody, UserPatch
from aibridge.api.account_events import differences, tell
from aibridge.api.account_shapes import Me, User, UserPage
from aibridge.api.bodies import BodyRoute
from aibridge.api.caller import Caller, CallerOf, Parts
from aibridge.api.paging import PageOf
from aibridge.api.parts import ApiParts
from aibridge.api.problems import Invalid
from aibridge.api.refusals import refusal
from aibridge.api.targets import OwnerOf, UserOf
from aibridge.auth.passwords import check_rules
from aibridge.auth.roles import may_manage
from aibridge.errors import LastOwner, NotAllowed, NotFound, PasswordRefused, UserDeleted
from aibridge.records import UserStatus
from aibridge.store.people import User as StoredUser
from aibridge.store.people import UserChange

router = APIRouter(prefix="/users", tags=["users"], route_class=BodyRoute)

_MISSING = refusal(404, "No such user, or none that the caller may see", str(NotFound()))
_TAKEN = refusal(409, "A live user bears this name", "There is a user dana already.")
_LAST_OWNER = refusal(409, "The last active owner, or for PATCH a deleted user", str(LastOwner()))
_DELETED = refusal(409, "The user was deleted", str(UserDeleted()))
_TOO_LARGE = refusal(413, "A body of more than 64 KiB", "Request Entity Too Large: POST /api/v2/users")


@router.get("")
async def list_users(
    caller: CallerOf,
    page: PageOf,
    parts: Parts,
    *,
    deleted: Annotated[bool, Query(description="deleted users too, behind the others")] = False,
) -> UserPage:
    """Everyone by username; a member sees only themselves."""
    rows, total = await parts.people.users_page(caller.viewer, deleted=deleted, limit=page.limit, offset=page.offset)
    return UserPage(users=[User.model_validate(row) for row in rows], total=total, count=total)


@router.post("", status_code=HTTPStatus.CREATED, responses=_TAKEN | _TOO_LARGE)
async def create_user(caller: OwnerOf, body: NewUser, parts: Parts) -> User:
    """A new active user. Owners only."""
    made = await parts.people.create_user(
        body.username, role=body.role, name=body.name, email=body.email or None, avatar_url=body.avatar_url
    )
    tell(caller, "create user", target=made.id, of=made.username, role=made.role)
    return User.model_validate(made)


@router.get("/me")
async def get_me(caller: CallerOf, parts: Parts) -> Me:
    """Whose token this is, and what it opens."""
    identity = caller.identity
    found = await parts.people.find_user(identity.user_id)
    assert found is not None  # users are never removed
    return Me.model_validate(
        {**msgspec.structs.asdict(found), "token_id": identity.token_id, "scopes": sorted(identity.scopes)}
    )


@router.get("/{user}", responses=_MISSING)
async def get_user(user: UserOf) -> User:
    """One user; deleted ones by id."""
    return User.model_validate(user)


@router.patch("/{user}", responses=_MISSING | _LAST_OWNER | _TOO_LARGE)
async def change_user(user: UserOf, caller: CallerOf, body: UserPatch, parts: Parts) -> User:
    """Change a user: owners everything of everyone but their own role, others their own name, email and avatar.

    Rights count at once, on every replica.
    """
    _check_may_change(caller, user, body)
    changed = await parts.people.change_user(user.id, _change(body))
    if what := differences(user, changed):
        tell(caller, "change user", target=user.id, of=user.username, **what)
    return User.model_validate(changed)


@router.delete("/{user}", status_code=HTTPStatus.NO_CONTENT, responses=_MISSING | _LAST_OWNER)
async def delete_user(user: UserOf, caller: OwnerOf, parts: Parts) -> None:
    """Delete a user for good: all tokens are revoked, the username is free, the record stays under the old name."""
    if user.status is UserStatus.DELETED:
        return
    await parts.people.set_status(user.id, UserStatus.DELETED)
    tell(caller, "delete user", target=user.id, of=user.username)


@router.put("/{user}/password", status_code=HTTPStatus.NO_CONTENT, responses=_MISSING | _DELETED | _TOO_LARGE)
async def set_password(user: UserOf, caller: CallerOf, body: PasswordBody, parts: Parts) -> None:
    """Set a password: one's own with the current one, if there is one; as an owner, anyone's."""
    _check_manages(caller, user)
    if user.id == caller.identity.user_id:
        await _check_current(user, body.current_password, parts)
    try:
        check_rules(body.password, username=user.username)
    except PasswordRefused as refused:
        raise Invalid("This cannot be a password.", detail=str(refused), field="password") from refused
    await parts.people.set_password_hash(user.id, await parts.passwords.hash(body.password))
    tell(caller, "set password", target=user.id, of=user.username)


def _check_manages(caller: Caller, found: StoredUser) -> None:
    """Everyone manages themselves, owners everyone who is left."""
    if found.id != caller.identity.user_id and not may_manage(caller.identity.role):
        raise NotAllowed
    if found.status is UserStatus.DELETED:
        raise UserDeleted


def _check_may_change(caller: Caller, found: StoredUser, body: UserPatch) -> None:
    _check_manages(caller, found)
    if body.role is not None and body.role is not found.role and found.id == caller.identity.user_id:
        raise NotAllowed("Nobody changes their own role. Ask another owner.")
    if (body.role is not None or body.status is not None) and not may_manage(caller.identity.role):
        raise NotAllowed("Only owners change roles and statuses.")


def _change(body: UserPatch) -> UserChange:
    return UserChange(
        name=body.name,
        email=msgspec.UNSET if body.email is None else body.email or None,
        avatar_url=body.avatar_url,
        role=body.role,
        status=body.status,
    )


async def _check_current(found: StoredUser, given: str | None, parts: ApiParts) -> None:
    if found.password_hash is None:
        return
    if given is None or not await parts.passwords.verify(found.password_hash, given):
        raise Invalid("The current password is missing or wrong.", field="current_password")
