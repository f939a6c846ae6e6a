"""Connect a client: three steps to copy, and word of the first request."""

from datetime import UTC, datetime

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aibridge.store.pulse import Arrival
from aibridge.web.forms import form_of
from aibridge.web.guard import parts_of
from aibridge.web.linking import Links, links
from aibridge.web.people.keys import MadeKey, create_key
from aibridge.web.people.refused import FormRefused
from aibridge.web.ranges import moment_of
from aibridge.web.render import page
from aibridge.web.setup.clients import CLIENTS, TOKEN, Client, Place, Step
from aibridge.web.viewer import viewer_of

DEFAULTS = {"client": "claude-code", "key": "central"}


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """The context of the page."""

    chosen: str
    client: Client
    steps: tuple[Step, Step]
    own_key: bool
    """The steps for people with a key of their own are shown."""
    allow_byok: bool
    clients: tuple[tuple[str, Client], ...]
    made: MadeKey | None
    refused: FormRefused | None
    arrival: Arrival | None
    since: datetime
    """What came from then on is what is waited for."""
    link: Links


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """The context of the line that waits."""

    arrival: Arrival | None
    since: datetime


async def setup(request: Request) -> Response:
    """The page; with `since`, for browsers without scripts, also what came since."""
    since = moment_of(request.query_params.get("since"))
    if since is None:
        return _shown(request)
    return _shown(request, arrival=await parts_of(request).pulse.first_arrival(viewer_of(request).user_id, since))


async def new_key(request: Request) -> Response:
    """Make a key and show the steps with it in them, once."""
    parts, viewer = parts_of(request), viewer_of(request)
    user = await parts.people.find_user(viewer.user_id)
    assert user is not None  # users are never removed
    try:
        made = await create_key(parts, viewer, user, form_of(request))
    except FormRefused as refused:
        return _shown(request, refused=refused)
    return _shown(request, made=made)


async def received(request: Request) -> Response:
    """The line that waits: what came since the page was opened; 204 while nothing has, and the line stays."""
    since = moment_of(request.query_params.get("since"))
    if since is None:
        raise HTTPException(400)
    arrival = await parts_of(request).pulse.first_arrival(viewer_of(request).user_id, since)
    if arrival is None:
        return Response(status_code=204)
    return page(request, "setup/received.html", Received(arrival=arrival, since=since))


def _shown(
    request: Request,
    *,
    made: MadeKey | None = None,
    refused: FormRefused | None = None,
    arrival: Arrival | None = None,
) -> Response:
    facts, query = parts_of(request).facts, request.query_params
    chosen = query.get("client", "")
    chosen = chosen if chosen in CLIENTS else DEFAULTS["client"]
    own_key = query.get("key") == "own" and facts.allow_byok
    place = Place(access_url=facts.access_url, token=made.key if made else TOKEN, own_key=own_key)
    context = Setup(
        chosen=chosen,
        client=CLIENTS[chosen],
        steps=CLIENTS[chosen].steps(place),
        own_key=own_key,
        allow_byok=facts.allow_byok,
        clients=tuple(CLIENTS.items()),
        made=made,
        refused=refused,
        arrival=arrival,
        since=moment_of(query.get("since")) or datetime.now(UTC),
        link=links(request, defaults=DEFAULTS),
    )
    return page(request, "setup/page.html", context, status=422 if refused else 200)


ROUTES = [
    Route("/setup", setup, methods=["GET"]),
    Route("/setup", new_key, methods=["POST"]),
    Route("/setup/received", received, methods=["GET"]),
]
