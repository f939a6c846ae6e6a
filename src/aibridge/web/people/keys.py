"""API keys: made, shown once, revoked by who knows their name."""

from datetime import UTC, datetime, timedelta

import msgspec
from starlette.exceptions import HTTPException

from aibridge.auth import account_log
from aibridge.auth.lifetimes import TokenStatus, lifetime, token_status
from aibridge.auth.tokens import mint
from aibridge.errors import NotFound
from aibridge.records import Scope, UserStatus
from aibridge.store.people import Token, User
from aibridge.web.forms import Form
from aibridge.web.parts import WebParts
from aibridge.web.people.refused import FormRefused
from aibridge.web.viewer import Viewer

MAX_NAME = 200
LIFETIMES = (("30d", "30 days"), ("90d", "90 days"), ("365d", "1 year"), ("", "Never"))
"""What the form offers; any other time that the API understands is taken too."""
SCOPES = (("gateway", "Models"), ("api", "The record"), ("gateway api", "Models and the record"))
"""What a key may open, as a form says it, and in words."""
NEW, REVOKE = "new-key", "revoke"
"""The forms."""


class ShownKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as its owner sees it."""

    id: str
    name: str
    """What it is for; `Unnamed` when nobody said."""
    prefix: str
    """The part of the key that is not a secret."""
    opens: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_client: str | None
    status: TokenStatus
    confirm: str
    """What has to be typed to revoke it."""


class MadeKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made."""

    key: str
    """With its secret: shown this once."""
    name: str


async def keys_of(parts: WebParts, user: User) -> list[ShownKey]:
    """All keys of somebody, newest first; those that work before the others."""
    shown = [_shown(token) for token in await parts.people.list_tokens(user.id)]
    return sorted(shown, key=lambda key: key.status is not TokenStatus.ACTIVE)


async def create_key(parts: WebParts, viewer: Viewer, user: User, form: Form) -> MadeKey:
    """Make a key for somebody. Raises `FormRefused`."""
    name, opens = _name(form), form.text("opens") or "gateway"
    if user.status is not UserStatus.ACTIVE:
        raise FormRefused(NEW, "name", "Activate the account first: its keys would not work.")
    if opens not in dict(SCOPES):
        raise FormRefused(NEW, "opens", "Choose what the key gives access to.")
    minted = mint()
    made = await parts.people.create_token(
        user,
        id=minted.id,
        secret_sha256=minted.secret_sha256,
        name=name,
        scopes={Scope(scope) for scope in opens.split()},
        expires_at=_end(form.text("lifetime")),
    )
    account_log.tell(
        "create token",
        actor=viewer.username,
        actor_id=viewer.user_id,
        target=made.id,
        of=made.username,
        scopes=sorted(made.scopes),
        expires_at=made.expires_at,
    )
    return MadeKey(key=minted.token, name=name)


async def revoke_key(parts: WebParts, viewer: Viewer, user: User, key_id: str, form: Form) -> None:
    """Revoke somebody's key. Raises `FormRefused` unless its name was typed, and 404 for a key of another."""
    token = await parts.people.show_token(key_id) if key_id.isascii() and key_id.isalnum() else None
    if token is None or token.user_id != user.id:
        raise HTTPException(404)
    shown = _shown(token)
    if form.text("confirm") != shown.confirm:
        raise FormRefused(REVOKE, token.id, f"Type {shown.confirm} to revoke this key.")
    try:
        await parts.people.revoke_token(token.id, user_id=user.id)
    except NotFound as gone:
        raise HTTPException(404) from gone
    account_log.tell("revoke token", actor=viewer.username, actor_id=viewer.user_id, target=token.id, of=token.username)


def _shown(token: Token) -> ShownKey:
    now = datetime.now(UTC)
    prefix = f"aib_{token.id[:8]}"
    return ShownKey(
        id=token.id,
        name=token.name or "Unnamed",
        prefix=f"{prefix}…",
        opens=dict(SCOPES)[" ".join(scope for scope in Scope if scope in token.scopes)],
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        last_used_client=token.last_used_client,
        status=token_status(revoked_at=token.revoked_at, expires_at=token.expires_at, now=now),
        confirm=token.name.strip() or prefix,
    )


def _name(form: Form) -> str:
    name = form.text("name")
    if not name:
        raise FormRefused(NEW, "name", "Give the key a name, such as laptop.")
    if len(name) > MAX_NAME or not name.isprintable():
        raise FormRefused(NEW, "name", f"A name has at most {MAX_NAME} characters, all of them visible.")
    return name


def _end(text: str) -> datetime | None:
    if not text:
        return None
    try:
        lasting: timedelta = lifetime(text)
    except ValueError as error:
        raise FormRefused(NEW, "lifetime", f"It must be {error}.") from error
    return datetime.now(UTC) + lasting
