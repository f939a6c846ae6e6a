"""The pages as one application.

A page is a module in `pages/` with its `ROUTES`, named in the table here; it may bring `FILTERS` for its templates.
"""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from aibridge.web.assets import Assets
from aibridge.web.errors import HANDLERS
from aibridge.web.forwarded import ForwardedAddress
from aibridge.web.guard import guarded
from aibridge.web.navigation import Navigation
from aibridge.web.pages import (
    account,
    events,
    neighbours,
    overview,
    requests,
    session,
    sessions,
    settings,
    setup,
    sign_in,
    theme,
    users,
)
from aibridge.web.parts import WebParts
from aibridge.web.render import Pages
from aibridge.web.security import SafeHeaders

PAGES = (account, events, neighbours, overview, requests, sessions, session, settings, setup, sign_in, theme, users)
"""Every module of pages. What is not here is not served, and not linked."""

WORTH_COMPRESSING = 500
"""Bytes."""
FAST = 4
"""Of gzip's nine levels: pages are made for one reader."""


def create_web(parts: WebParts) -> Starlette:
    """Build the pages of these parts."""
    table = [route for module in PAGES for route in module.ROUTES]
    assets, navigation = Assets(), Navigation({route.path for route in table})

    async def home(_: Request) -> Response:
        return RedirectResponse(navigation.home, 303)

    app = Starlette(
        routes=[
            Route("/static/{digest}/{path:path}", assets.answer),
            *(guarded(route) for route in (Route("/", home), *table)),
        ],
        middleware=[
            Middleware(ForwardedAddress, proxies=parts.facts.trusted_proxies),
            Middleware(SafeHeaders),
            Middleware(GZipMiddleware, minimum_size=WORTH_COMPRESSING, compresslevel=FAST),
        ],
        exception_handlers=HANDLERS,
    )
    app.router.redirect_slashes = False
    app.state.parts = parts
    app.state.pages = pages = Pages(assets, navigation)
    for module in PAGES:
        pages.add_filters(getattr(module, "FILTERS", {}))
    return app
