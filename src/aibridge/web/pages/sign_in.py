"""The door: name and password, a link, the first owner, and the way out."""

from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from aibridge.auth.browsers import sha256_of
from aibridge.auth.passwords import check_rules
from aibridge.auth.usernames import why_not
from aibridge.errors import AlreadyExists, PasswordRefused
from aibridge.web.door import TooManyTries, checked, let_in
from aibridge.web.forms import Form, form_of
from aibridge.web.guard import cookie_of, for_anyone, look, parts_of
from aibridge.web.render import page
from aibridge.web.viewer import viewer_of
from aibridge.web.ways import safe_path

WRONG = "Name or password is wrong."
LINK_ENDED = "This link no longer works. Sign in with your name and password."
WELCOME_ENDED = "This link no longer works: there is an account already, or a newer link in the log."
MAX_NAME = 200


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """The context of the sign-in page."""

    next: str
    name: str = ""
    problem: str = ""


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """The context of the page that makes the first owner."""

    token: str
    username: str = ""
    name: str = ""
    errors: Mapping[str, str] = {}
    """By field."""


@for_anyone
async def show(request: Request) -> Response:
    """The form; or, with a link's token, the way in."""
    then = safe_path(request.query_params.get("next", "/"))
    token = request.query_params.get("token")
    if token is not None:
        return await _by_link(request, token, then)
    if await look(request) is not None:
        return RedirectResponse(then, 303)
    return page(request, "sign_in/page.html", Door(next=then))


@for_anyone
async def sign_in(request: Request) -> Response:
    """Let in whoever knows a name and its password."""
    form = form_of(request)
    then, name = safe_path(form.text("next")), form.text("name")
    try:
        user = await checked(request, name, form.secret("password"))
    except TooManyTries as tries:
        return page(request, "sign_in/page.html", Door(next=then, name=name, problem=str(tries)), status=429)
    if user is None:
        return page(request, "sign_in/page.html", Door(next=then, name=name, problem=WRONG), status=401)
    return await let_in(request, user.id, then)


async def _by_link(request: Request, token: str, then: str) -> Response:
    user_id = await parts_of(request).sign_ins.find_link(sha256_of(token))
    if user_id is None:
        return page(request, "sign_in/page.html", Door(next=then, problem=LINK_ENDED), status=401)
    return await let_in(request, user_id, then)


@for_anyone
async def welcome(request: Request) -> Response:
    """The form for the first owner, to whom the server has printed the link."""
    token = request.query_params.get("token", "")
    if not await parts_of(request).sign_ins.is_welcome(sha256_of(token)):
        return page(request, "sign_in/page.html", Door(next="/", problem=WELCOME_ENDED), status=401)
    return page(request, "sign_in/welcome.html", Welcome(token=token))


@for_anyone
async def create_first_owner(request: Request) -> Response:
    """Make the first owner, once, and let them in."""
    form, parts = form_of(request), parts_of(request)
    filled = Welcome(token=form.text("token"), username=form.text("username"), name=form.text("name"))
    errors = _refusals(filled, form)
    if errors:
        return page(request, "sign_in/welcome.html", msgspec.structs.replace(filled, errors=errors), status=422)
    secret_sha256 = sha256_of(filled.token)
    if not await parts.sign_ins.is_welcome(secret_sha256):
        return page(request, "sign_in/page.html", Door(next="/", problem=WELCOME_ENDED), status=401)
    hashed = await parts.passwords.hash(form.secret("password"))
    try:
        owner = await parts.sign_ins.create_first_owner(
            secret_sha256, username=filled.username, name=filled.name, password_hash=hashed
        )
    except AlreadyExists:
        return page(request, "sign_in/page.html", Door(next="/", problem=WELCOME_ENDED), status=401)
    return await let_in(request, owner, "/")


def _refusals(filled: Welcome, form: Form) -> dict[str, str]:
    errors = {}
    if (reason := why_not(filled.username)) is not None:
        errors["username"] = f"This username cannot be used: {reason}."
    if len(filled.name) > MAX_NAME or not filled.name.isprintable():
        errors["name"] = f"A name has at most {MAX_NAME} characters, all of them visible."
    try:
        check_rules(form.secret("password"), username=filled.username)
    except PasswordRefused as refused:
        errors["password"] = str(refused)
    return errors


async def sign_out(request: Request) -> Response:
    """End this browser's sign-in."""
    viewer = viewer_of(request)
    await parts_of(request).sign_ins.end(viewer.sign_in_id, viewer.user_id)
    return _out(request)


async def sign_out_everywhere(request: Request) -> Response:
    """End this person's sign-ins in all browsers, this one too."""
    await parts_of(request).sign_ins.end_all(viewer_of(request).user_id)
    return _out(request)


def _out(request: Request) -> Response:
    response = RedirectResponse("/signin", 303)
    cookie_of(request).drop(response)
    return response


ROUTES = [
    Route("/signin", show, methods=["GET"]),
    Route("/signin", sign_in, methods=["POST"]),
    Route("/welcome", welcome, methods=["GET"]),
    Route("/welcome", create_first_owner, methods=["POST"]),
    Route("/signout", sign_out, methods=["POST"]),
    Route("/signout/everywhere", sign_out_everywhere, methods=["POST"]),
]
