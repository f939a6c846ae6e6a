"""One's own account: keys, password, and where one is signed in."""

from datetime import datetime
from uuid import UUID

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from aibridge.store.people import User
from aibridge.web.door import let_in
from aibridge.web.forms import form_of
from aibridge.web.guard import parts_of
from aibridge.web.people import changes
from aibridge.web.people.browsers import browser_name
from aibridge.web.people.keys import LIFETIMES, SCOPES, MadeKey, ShownKey, create_key, keys_of, revoke_key
from aibridge.web.people.refused import FormRefused
from aibridge.web.render import page
from aibridge.web.viewer import viewer_of

SAID = {
    "profile": "Your profile is saved.",
    "password": "Your password is changed. Everywhere else you are signed out.",
    "revoked": "The key is revoked and no longer works.",
    "signed-out": "That browser is signed out.",
}
"""What the page says after a form was taken, by `said` in its link."""


class SignedInAt(msgspec.Struct, frozen=True, kw_only=True):
    """A browser with a sign-in."""

    id: UUID
    name: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    is_this: bool


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The context of the page."""

    user: User
    keys: list[ShownKey]
    sign_ins: list[SignedInAt]
    said: str
    made: MadeKey | None
    refused: FormRefused | None
    lifetimes: tuple[tuple[str, str], ...] = LIFETIMES
    scopes: tuple[tuple[str, str], ...] = SCOPES


async def _shown(
    request: Request, *, made: MadeKey | None = None, refused: FormRefused | None = None, status: int = 200
) -> Response:
    parts, viewer, user = parts_of(request), viewer_of(request), await _self(request)
    sign_ins = [
        SignedInAt(
            id=each.id,
            name=browser_name(each.user_agent),
            address=each.address,
            created_at=each.created_at,
            last_seen_at=each.last_seen_at,
            is_this=each.id == viewer.sign_in_id,
        )
        for each in await parts.sign_ins.of(viewer.user_id)
    ]
    context = Account(
        user=user,
        keys=await keys_of(parts, user),
        sign_ins=sign_ins,
        said=SAID.get(request.query_params.get("said", ""), ""),
        made=made,
        refused=refused,
    )
    return page(request, "people/account.html", context, status=422 if refused else status)


async def account(request: Request) -> Response:
    """The page."""
    return await _shown(request)


async def new_key(request: Request) -> Response:
    """Make a key and show it, once: the answer to the form is the only place where it stands."""
    try:
        made = await create_key(parts_of(request), viewer_of(request), await _self(request), form_of(request))
    except FormRefused as refused:
        return await _shown(request, refused=refused)
    return await _shown(request, made=made)


async def revoke(request: Request) -> Response:
    """Revoke one of one's keys."""
    user, key_id = await _self(request), request.path_params["key"]
    try:
        await revoke_key(parts_of(request), viewer_of(request), user, key_id, form_of(request))
    except FormRefused as refused:
        return await _shown(request, refused=refused)
    return RedirectResponse("/account?said=revoked", 303)


async def profile(request: Request) -> Response:
    """Change one's name and address."""
    try:
        await changes.change_profile(parts_of(request), viewer_of(request), await _self(request), form_of(request))
    except FormRefused as refused:
        return await _shown(request, refused=refused)
    return RedirectResponse("/account?said=profile", 303)


async def password(request: Request) -> Response:
    """Change one's password; this browser is let in again, all others are out."""
    user = await _self(request)
    try:
        await changes.set_password(parts_of(request), viewer_of(request), user, form_of(request))
    except FormRefused as refused:
        return await _shown(request, refused=refused)
    return await let_in(request, user.id, "/account?said=password")


async def end_sign_in(request: Request) -> Response:
    """Sign one of one's browsers out."""
    try:
        sign_in_id = UUID(request.path_params["sign_in"])
    except ValueError as error:
        raise HTTPException(404) from error
    await parts_of(request).sign_ins.end(sign_in_id, viewer_of(request).user_id)
    return RedirectResponse("/account?said=signed-out", 303)


async def _self(request: Request) -> User:
    found = await parts_of(request).people.find_user(viewer_of(request).user_id)
    assert found is not None  # users are never removed
    return found


ROUTES = [
    Route("/account", account, methods=["GET"]),
    Route("/account", profile, methods=["POST"]),
    Route("/account/keys", new_key, methods=["POST"]),
    Route("/account/keys/{key}/revoke", revoke, methods=["POST"]),
    Route("/account/password", password, methods=["POST"]),
    Route("/account/sign-ins/{sign_in}/end", end_sign_in, methods=["POST"]),
]
