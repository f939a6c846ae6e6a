"""`GET /events`: what has just been recorded of what this person may see, as server-sent events.

`event: news` with `{"requests": 12}` (null: some). For `?since=…` and the filter of a list with `{"matching": 12}`: all
that matches it and ended since (null: many); with `at_once=1` not only when something comes. For
`?session=…&initiator=…` with `{"steps": 34}` whenever the session has grown. `event: ended` when nobody is signed in
any more: the page must not ask again. A stream that ends without it is asked for again, as when a role has changed.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from aibridge.auth.browsers import sha256_of
from aibridge.auth.usernames import as_id
from aibridge.errors import StoreUnavailable
from aibridge.records import Role
from aibridge.texts import TextRefused
from aibridge.web.guard import parts_of
from aibridge.web.live import News, Subscription
from aibridge.web.parts import WebParts
from aibridge.web.ranges import moment_of
from aibridge.web.requests.asked import list_filter
from aibridge.web.viewer import Viewer, viewer_of

HEARTBEAT = 15.0
"""Seconds of silence until a comment is sent: what stands between must not take the stream for dead."""
PACE = 0.5
"""Seconds between two events of a page."""
LONGEST = timedelta(days=1)
"""Before the page listens, as far as it is told what is new: it may have been left open for long."""
RETRY = b"retry: 2000\n\n"
"""Milliseconds after which a browser asks again when the stream ends."""
ENDED = b"event: ended\ndata: {}\n\n"
QUIET = b": nothing new\n\n"

Tell = Callable[[News], Awaitable[object | None]]
"""What a page is told of some news; None: nothing."""


async def events(request: Request) -> Response:
    """The stream. Somebody else's session is a 404."""
    parts, viewer = parts_of(request), viewer_of(request)
    session_id = request.query_params.get("session")
    scope = viewer.scope
    tell: Tell = _as_it_is
    if session_id is not None:
        initiator = as_id(request.query_params.get("initiator", "")) or viewer.user_id
        if viewer.scope not in {None, initiator}:
            raise HTTPException(404)
        scope, tell = initiator, await _growth(parts, session_id, initiator)
    elif "since" in request.query_params:
        tell = await _matching(request)
    stream = _stream(parts, viewer, scope, tell, at_once="at_once" in request.query_params)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def _as_it_is(news: News) -> object:
    return news


async def _matching(request: Request) -> Tell:
    """Tells how many requests that match a list's filter ended since it was shown."""
    viewer, parts, now = viewer_of(request), parts_of(request), datetime.now(UTC)
    since = moment_of(request.query_params["since"]) or now
    try:
        filter_ = await list_filter(request, request.query_params, now)
    except TextRefused:
        return _nothing
    told: int | None = 0

    async def tell(_: News) -> object | None:
        nonlocal told
        before, told = told, await parts.reader.newcomers(viewer.scope, filter_, max(since, now - LONGEST))
        return {"matching": told} if told != before else None

    return tell


async def _nothing(_: News) -> None:
    """Nothing matches what cannot be searched for."""


async def _growth(parts: WebParts, session_id: str, initiator: UUID) -> Tell:
    """Tells when the session has more steps than before."""
    known = await parts.pulse.session_steps(session_id, initiator)

    async def tell(_: News) -> object | None:
        nonlocal known
        before, known = known, await parts.pulse.session_steps(session_id, initiator)
        return {"steps": known} if known != before else None

    return tell


async def _stream(
    parts: WebParts, viewer: Viewer, scope: UUID | None, tell: Tell, *, at_once: bool
) -> AsyncIterator[bytes]:
    """`at_once`: tell what came between the page and this stream, too."""
    with parts.live.subscribed(scope) as subscription:
        if at_once:
            subscription.look()
        yield RETRY
        while not subscription.ended:
            await subscription.wait(HEARTBEAT)
            try:
                if subscription.take_doubt() and (role := await _role(parts, viewer)) is not viewer.role:
                    if role is None:
                        yield ENDED
                    return  # who may see more or less now is listened to anew
                yield await _said(subscription, tell)
            except StoreUnavailable:
                return  # the browser asks again in a moment
            await subscription.rest(PACE)


async def _role(parts: WebParts, viewer: Viewer) -> Role | None:
    """Asked when somebody's rights changed, and with every heartbeat, since sign-ins also end by themselves."""
    return await parts.sign_ins.role_of(sha256_of(viewer.secret))


async def _said(subscription: Subscription, tell: Tell) -> bytes:
    news = subscription.take()
    told = await tell(news) if news is not None else None
    return QUIET if told is None else b"event: news\ndata: " + msgspec.json.encode(told) + b"\n\n"


ROUTES = [Route("/events", events, methods=["GET"])]
