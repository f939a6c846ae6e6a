"""Everyone who may ask: seen by owners and auditors, changed by owners."""

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from aibridge.auth.usernames import as_id
from aibridge.records import Role, UserStatus
from aibridge.store.people import User
from aibridge.store.roster import RosterEntry
from aibridge.store.sign_ins import SignIn
from aibridge.web.forms import form_of
from aibridge.web.guard import SEEING_ONLY, for_everyones_eyes, parts_of
from aibridge.web.linking import Links, links
from aibridge.web.paging import Paging, paging
from aibridge.web.people import changes
from aibridge.web.people.keys import LIFETIMES, SCOPES, MadeKey, ShownKey, create_key, keys_of, revoke_key
from aibridge.web.people.refused import FormRefused
from aibridge.web.render import page
from aibridge.web.viewer import viewer_of

LIMIT = 50
"""Users on a page."""
SAID = {
    "created": "The account is created. Create a key for it, or pass its password on.",
    "profile": "The changes are saved.",
    "suspended": "The account is suspended. Its keys and sign-ins no longer work.",
    "activated": "The account is active again.",
    "password": "The password is changed. Every browser of this account is signed out.",
    "revoked": "The key is revoked and no longer works.",
    "signed-out": "Every browser of this account is signed out.",
}


class Users(msgspec.Struct, frozen=True, kw_only=True):
    """The context of the list."""

    users: list[RosterEntry]
    text: str
    deleted: bool
    paging: Paging
    link: Links
    refused: FormRefused | None
    roles: tuple[Role, ...] = tuple(Role)


class OneUser(msgspec.Struct, frozen=True, kw_only=True):
    """The context of one user's page."""

    user: User
    keys: list[ShownKey]
    sign_ins: list[SignIn]
    said: str
    made: MadeKey | None
    refused: FormRefused | None
    lifetimes: tuple[tuple[str, str], ...] = LIFETIMES
    scopes: tuple[tuple[str, str], ...] = SCOPES
    roles: tuple[Role, ...] = tuple(Role)


# ------------------------------------------------------------------ the list


@for_everyones_eyes
async def users(request: Request) -> Response:
    """The list."""
    return await _list(request)


@for_everyones_eyes
async def create(request: Request) -> Response:
    """Make a user. Owners only."""
    _check_manages(request)
    try:
        made = await changes.create_user(parts_of(request), viewer_of(request), form_of(request))
    except FormRefused as refused:
        return await _list(request, refused=refused)
    return RedirectResponse(f"/users/{made.username}?said=created", 303)


async def _list(request: Request, *, refused: FormRefused | None = None) -> Response:
    query, roster = request.query_params, parts_of(request).roster
    text, deleted, offset = query.get("q", "").strip(), query.get("deleted") == "1", _offset(query.get("offset", ""))
    found, total = await roster.page(text, deleted=deleted, limit=LIMIT, offset=offset)
    shown = paging(offset, LIMIT, total)
    if not found and total:  # beyond the end: the last page
        found, total = await roster.page(text, deleted=deleted, limit=LIMIT, offset=shown.first - 1)
    context = Users(
        users=found,
        text=text,
        deleted=deleted,
        paging=shown,
        link=links(request, defaults={"offset": 0}),
        refused=refused,
    )
    return page(request, "people/users.html", context, "people/user_list.html", status=422 if refused else 200)


def _offset(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - a bigint's


# ------------------------------------------------------------------ one of them


@for_everyones_eyes
async def user(request: Request) -> Response:
    """One user."""
    return await _one(request, await _named(request))


@for_everyones_eyes
async def profile(request: Request) -> Response:
    """Change name, address, role."""
    return await _change(request, changes.change_profile, "profile")


@for_everyones_eyes
async def status(request: Request) -> Response:
    """Suspend, or activate."""
    wanted = UserStatus.ACTIVE if form_of(request).text("status") == UserStatus.ACTIVE else UserStatus.SUSPENDED
    found = await _managed(request)
    try:
        await changes.set_status(parts_of(request), viewer_of(request), found, wanted)
    except FormRefused as refused:
        return await _one(request, found, refused=refused)
    return _back(found, "activated" if wanted is UserStatus.ACTIVE else "suspended")


@for_everyones_eyes
async def delete(request: Request) -> Response:
    """Delete for good."""
    found = await _managed(request)
    try:
        await changes.delete_user(parts_of(request), viewer_of(request), found, form_of(request))
    except FormRefused as refused:
        return await _one(request, found, refused=refused)
    return RedirectResponse(f"/users/{found.id}", 303)


@for_everyones_eyes
async def password(request: Request) -> Response:
    """Set a password; one's own is changed on one's account page."""
    if (await _managed(request)).id == viewer_of(request).user_id:
        raise HTTPException(404)
    return await _change(request, changes.set_password, "password")


@for_everyones_eyes
async def sign_out(request: Request) -> Response:
    """Sign somebody out everywhere."""
    found = await _managed(request)
    await parts_of(request).sign_ins.end_all(found.id)
    return _back(found, "signed-out")


@for_everyones_eyes
async def new_key(request: Request) -> Response:
    """Make a key for somebody and show it, once."""
    found = await _managed(request)
    try:
        made = await create_key(parts_of(request), viewer_of(request), found, form_of(request))
    except FormRefused as refused:
        return await _one(request, found, refused=refused)
    return await _one(request, found, made=made)


@for_everyones_eyes
async def revoke(request: Request) -> Response:
    """Revoke one of somebody's keys."""
    found = await _managed(request)
    try:
        await revoke_key(parts_of(request), viewer_of(request), found, request.path_params["key"], form_of(request))
    except FormRefused as refused:
        return await _one(request, found, refused=refused)
    return _back(found, "revoked")


async def _change(request: Request, change: changes.Change, said: str) -> Response:
    found = await _managed(request)
    try:
        await change(parts_of(request), viewer_of(request), found, form_of(request))
    except FormRefused as refused:
        return await _one(request, found, refused=refused)
    return _back(found, said)


async def _one(
    request: Request, found: User, *, made: MadeKey | None = None, refused: FormRefused | None = None
) -> Response:
    parts = parts_of(request)
    context = OneUser(
        user=found,
        keys=await keys_of(parts, found),
        sign_ins=await parts.sign_ins.of(found.id),
        said=SAID.get(request.query_params.get("said", ""), ""),
        made=made,
        refused=refused,
    )
    return page(request, "people/user.html", context, status=422 if refused else 200)


async def _named(request: Request) -> User:
    """The user of the path, by name or id."""
    named = request.path_params["user"]
    found = await parts_of(request).people.find_user(as_id(named) or named) if named.isprintable() else None
    if found is None:
        raise HTTPException(404)
    return found


async def _managed(request: Request) -> User:
    """The same, to be changed. Who was deleted stays so."""
    _check_manages(request)
    found = await _named(request)
    if found.status is UserStatus.DELETED:
        raise HTTPException(404)
    return found


def _check_manages(request: Request) -> None:
    if not viewer_of(request).manages:
        raise HTTPException(403, SEEING_ONLY)


def _back(found: User, said: str) -> Response:
    return RedirectResponse(f"/users/{found.username}?said={said}", 303)


ROUTES = [
    Route("/users", users, methods=["GET"]),
    Route("/users", create, methods=["POST"]),
    Route("/users/{user}", user, methods=["GET"]),
    Route("/users/{user}", profile, methods=["POST"]),
    Route("/users/{user}/status", status, methods=["POST"]),
    Route("/users/{user}/delete", delete, methods=["POST"]),
    Route("/users/{user}/password", password, methods=["POST"]),
    Route("/users/{user}/sign-out", sign_out, methods=["POST"]),
    Route("/users/{user}/keys", new_key, methods=["POST"]),
    Route("/users/{user}/keys/{key}/revoke", revoke, methods=["POST"]),
]
