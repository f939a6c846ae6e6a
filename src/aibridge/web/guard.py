"""Stands before every page: who is asking, may they, and does a form really come from one of our pages."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from aibridge.auth.browsers import is_form_token, sha256_of
from aibridge.web.cookies import SignInCookie
from aibridge.web.forms import TOKEN_FIELD, read_form
from aibridge.web.parts import WebParts
from aibridge.web.security import comes_from_us
from aibridge.web.viewer import Viewer, made_viewer

Endpoint = Callable[[Request], Awaitable[Response]]
_E = TypeVar("_E", bound=Endpoint)

SAFE = frozenset(("GET", "HEAD"))
ELSEWHERE = (
    "This form was sent from another page, or before you signed in anew. Go back, reload the page and try again."
)
SEEING_ONLY = "You may see this, but not change it. Ask an owner."


def parts_of(request: Request) -> WebParts:
    """The parts that the composition root gave to the pages."""
    parts: WebParts = request.app.state.parts
    return parts


def for_anyone(endpoint: _E) -> _E:
    """Mark a page that is shown without signing in."""
    endpoint.for_anyone = True  # type: ignore[attr-defined]
    return endpoint


def for_everyones_eyes(endpoint: _E) -> _E:
    """Mark a page that only those who see everyone's record find: owners and auditors."""
    endpoint.for_everyones_eyes = True  # type: ignore[attr-defined]
    return endpoint


def guarded(route: Route) -> Route:
    """The same route behind the guard."""
    endpoint: Endpoint = route.endpoint

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        refused = await _admit(request, endpoint)
        return refused if refused is not None else await endpoint(request)

    return Route(route.path, answer, methods=route.methods, name=route.name)


async def look(request: Request) -> Viewer | None:
    """Who is asking; looked up once for each request. Raises `StoreUnavailable`."""
    if not hasattr(request.state, "viewer"):
        request.state.viewer = await _look_up(request)
    viewer: Viewer | None = request.state.viewer
    return viewer


def cookie_of(request: Request) -> SignInCookie:
    """How this deployment's cookie is called and kept."""
    return SignInCookie(is_https=parts_of(request).facts.is_https)


async def _look_up(request: Request) -> Viewer | None:
    secret = cookie_of(request).read(request)
    if secret is None:
        return None
    found = await parts_of(request).sign_ins.find(sha256_of(secret))
    return made_viewer(found, secret) if found else None


async def _admit(request: Request, endpoint: Any) -> Response | None:
    """What is answered instead of the page; None: go on."""
    viewer = await look(request)
    if request.method not in SAFE and not comes_from_us(request, parts_of(request).facts.access_url):
        raise HTTPException(403, ELSEWHERE)
    if viewer is None and not hasattr(endpoint, "for_anyone"):
        return _to_sign_in(request)
    if viewer is not None and hasattr(endpoint, "for_everyones_eyes") and not viewer.sees_everyone:
        raise HTTPException(404)
    if request.method not in SAFE:
        request.state.form = form = await read_form(request)
        if viewer is not None and not is_form_token(viewer.secret, form.secret(TOKEN_FIELD)):
            raise HTTPException(403, ELSEWHERE)
    return None


def _to_sign_in(request: Request) -> Response:
    """To the door, and back here afterwards; what a script asked for is shown nowhere else, so the whole page goes."""
    if "hx-request" in request.headers:
        here = request.headers.get("hx-current-url", "")
        return Response(status_code=401, headers={"hx-redirect": sign_in_url(path_of(here))})
    if request.method not in SAFE:
        return RedirectResponse("/signin", 303)
    return RedirectResponse(sign_in_url(path_of(str(request.url))), 303)


def path_of(url: str) -> str:
    """Path and query of an address, without its host."""
    _, _, rest = url.partition("://")
    _, slash, path = rest.partition("/")
    return slash + path


def sign_in_url(then: str) -> str:
    """The door, with the way on behind it."""
    return f"/signin?{urlencode({'next': then})}" if then and then != "/" else "/signin"
