"""aibridge tokens: everyone manages their own, owners everyone's. A secret is shown once, when it is made."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query

from aibridge.api.account_bodies import NewToken
from aibridge.api.account_events import tell
from aibridge.api.account_shapes import CreatedToken, Token, TokenOwner, TokenPage
from aibridge.api.bodies import BodyRoute
from aibridge.api.caller import Caller, CallerOf, Parts
from aibridge.api.paging import PageOf
from aibridge.api.parts import ApiParts
from aibridge.api.problems import Invalid
from aibridge.api.refusals import refusal
from aibridge.api.targets import visible_user
from aibridge.auth.lifetimes import check_end, lifetime, token_status
from aibridge.auth.roles import may_manage
from aibridge.auth.tokens import mint
from aibridge.errors import NotAllowed, NotFound, UserDeleted
from aibridge.records import UserStatus
from aibridge.store.people import Token as StoredToken
from aibridge.store.people import User

router = APIRouter(prefix="/tokens", tags=["tokens"], route_class=BodyRoute)

_MISSING = refusal(404, "No such token or user, or none that the caller may see", str(NotFound()))
_DELETED = refusal(409, "The user was deleted", str(UserDeleted()))
_TOO_LARGE = refusal(413, "A body of more than 64 KiB", "Request Entity Too Large: POST /api/v2/tokens")


async def _in_path(
    token: Annotated[str, Path(description="the public part of the token", examples=["mfrggzdfmztwq2lk"])],
    caller: CallerOf,
    parts: Parts,
) -> StoredToken:
    found = await parts.people.show_token(token) if token.isascii() and token.isalnum() else None
    if found is None or not _manages(caller, found.user_id):
        raise NotFound
    return found


TokenOf = Annotated[StoredToken, Depends(_in_path)]
"""The token that the path names, the caller's own unless they manage all."""


@router.get("", responses=_MISSING)
async def list_tokens(
    caller: CallerOf,
    page: PageOf,
    parts: Parts,
    user: Annotated[
        str | None, Query(max_length=64, description="whose: id, username or `me`", examples=["me"])
    ] = None,
) -> TokenPage:
    """Tokens, newest first, revoked and expired ones too: one's own, or for owners everyone's."""
    whose = None if may_manage(caller.identity.role) else caller.identity.user_id
    if user is not None:
        whose = (await _managed(user, caller, parts)).id
    rows, total = await parts.people.tokens_page(whose, limit=page.limit, offset=page.offset)
    return TokenPage(tokens=[_shape(row) for row in rows], total=total, count=total)


@router.post("", status_code=HTTPStatus.CREATED, responses=_MISSING | _DELETED | _TOO_LARGE)
async def create_token(caller: CallerOf, body: NewToken, parts: Parts) -> CreatedToken:
    """A new token. Its secret is in this answer and nowhere else; it opens nothing that the calling token does not."""
    user = await _managed(body.user or "me", caller, parts)
    if user.status is UserStatus.DELETED:
        raise UserDeleted
    if lacking := sorted(set(body.scopes) - caller.identity.scopes):
        raise NotAllowed(f"A token cannot make one with more scopes than its own: it lacks `{'`, `'.join(lacking)}`.")
    minted = mint()
    made = await parts.people.create_token(
        user,
        id=minted.id,
        secret_sha256=minted.secret_sha256,
        name=body.name,
        scopes=set(body.scopes),
        expires_at=_end(body),
    )
    tell(
        caller, "create token", target=made.id, of=made.username, scopes=sorted(made.scopes), expires_at=made.expires_at
    )
    return CreatedToken(**dict(_shape(made)), token=minted.token)


@router.get("/{token}", responses=_MISSING)
async def get_token(token: TokenOf) -> Token:
    """One token, without its secret."""
    return _shape(token)


@router.delete("/{token}", status_code=HTTPStatus.NO_CONTENT, responses=_MISSING)
async def revoke_token(token: TokenOf, caller: CallerOf, parts: Parts) -> None:
    """Revoke a token for good, at once and on every replica. It stays on the list."""
    if token.revoked_at is not None:
        return
    await parts.people.revoke_token(token.id)
    tell(caller, "revoke token", target=token.id, of=token.username)


def _manages(caller: Caller, user_id: UUID) -> bool:
    return caller.identity.user_id == user_id or may_manage(caller.identity.role)


async def _managed(text: str, caller: Caller, parts: ApiParts) -> User:
    """The user meant, whose tokens are the caller's to manage."""
    user = await visible_user(text, caller, parts.people)
    if not _manages(caller, user.id):
        raise NotAllowed("Only owners manage other people's tokens.")
    return user


def _end(body: NewToken) -> datetime | None:
    now = datetime.now(UTC)
    if body.lifetime is not None and body.expires_at is not None:
        raise Invalid("Say either how long or until when.", detail="`expires_at` says it already.", field="lifetime")
    field = "lifetime" if body.lifetime is not None else "expires_at"
    try:
        if body.lifetime is not None:
            return now + lifetime(body.lifetime)
        if body.expires_at is not None:
            check_end(body.expires_at, now=now)
    except ValueError as error:
        raise Invalid("This is not a valid expiry for a token.", detail=f"It must be {error}.", field=field) from error
    return body.expires_at


def _shape(row: StoredToken) -> Token:
    status = token_status(revoked_at=row.revoked_at, expires_at=row.expires_at, now=datetime.now(UTC))
    owner = TokenOwner(id=row.user_id, username=row.username, name=row.display_name)
    fields = {**msgspec.structs.asdict(row), "scopes": sorted(row.scopes)}
    return Token.model_validate({**fields, "user": owner, "status": status})
