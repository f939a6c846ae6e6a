"""From a request or a session to its neighbour in the list that somebody came from.

They are looked for when somebody goes there, so that the pages cost the same with their arrows. At an end of the list
the way leads back, with the word that there is none.
"""

from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from aibridge.errors import CursorUnknown
from aibridge.filters import Filter
from aibridge.texts import TextRefused
from aibridge.web.addresses import session_path
from aibridge.web.guard import parts_of
from aibridge.web.listed import WAYS, listed_of
from aibridge.web.requests.asked import list_filter
from aibridge.web.session.asked import links_of
from aibridge.web.viewer import viewer_of


async def beside_request(request: Request) -> Response:
    """The request above or below one in the list."""
    listed, way, id_ = listed_of(request), _way(request), request.path_params["id"]
    filter_, reader = await _filter(request), parts_of(request).reader
    try:
        found = await reader.interception_beside(viewer_of(request).scope, filter_, id_, newer=way == "newer")
    except CursorUnknown as why:
        raise HTTPException(404) from why
    path = listed.to(f"/requests/{found}") if found else listed.to(f"/requests/{id_}", end=way)
    return RedirectResponse(path, 303)


async def beside_session(request: Request) -> Response:
    """The session above or below one in the list."""
    links, way, viewer = links_of(request), _way(request), viewer_of(request)
    filter_, reader = await _filter(request), parts_of(request).reader
    try:
        found = await reader.session_beside(
            viewer.scope, filter_, links.session_id, initiator=links.initiator, newer=way == "newer"
        )
    except CursorUnknown as why:
        raise HTTPException(404) from why
    id_, whose, end = (*found, None) if found else (links.session_id, links.initiator, way)
    initiator = str(whose) if whose and viewer.sees_everyone else None
    return RedirectResponse(links.listed.to(session_path(id_), initiator=initiator, end=end), 303)


def _way(request: Request) -> str:
    return request.url.path.rpartition("/")[2]


async def _filter(request: Request) -> Filter:
    """That of the list."""
    try:
        return await list_filter(request, listed_of(request).query, datetime.now(UTC))
    except TextRefused as why:
        raise HTTPException(400) from why


ROUTES = [
    *(Route(f"/requests/{{id:uuid}}/{way}", beside_request) for way in WAYS),
    *(Route(f"/sessions/{{session}}/{way}", beside_session) for way in WAYS),
]
