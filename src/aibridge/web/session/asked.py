"""What a link to a session asks for. Unknown values are left out: an old link still opens."""

from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request

from aibridge.store.text import can_be_stored
from aibridge.web.addresses import from_segment
from aibridge.web.listed import listed_of
from aibridge.web.ranges import moment_of
from aibridge.web.session.links import Links
from aibridge.web.session.selecting import Show

MOST_CHARACTERS = 300
"""Of what is searched for."""


def links_of(request: Request) -> Links:
    """The state of the page. Raises 404 for an initiator that is none: showing another's session would be wrong."""
    query = request.query_params
    initiator = query.get("initiator")
    text = query.get("q", "").strip()[:MOST_CHARACTERS]
    show = query.get("show", "")
    return Links(
        session_id=from_segment(request.path_params["session"]),
        initiator=needed_id(initiator) if initiator else None,
        text=text if can_be_stored(text) else "",
        show=Show(show) if show in set(Show) else Show.ALL,
        start=as_id(query.get("from")),
        since=moment_of(query.get("since")),
        listed=listed_of(request),
    )


def as_id(text: str | None) -> UUID | None:
    """The id that this text is."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def needed_id(text: str | None) -> UUID:
    """The same where nothing can be shown without it. Raises 404."""
    found = as_id(text)
    if found is None:
        raise HTTPException(404)
    return found
