"""What is set for this deployment, and how it is. Read only: settings come from the environment or the file."""

import asyncio
from datetime import timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aibridge.errors import StoreError
from aibridge.store.keeping import Glance
from aibridge.web.guard import for_everyones_eyes, parts_of
from aibridge.web.parts import Facts
from aibridge.web.render import page

MOST_COUNTED = 1000
"""Of what is aged: hardly anything, unless the retention was just made shorter, and then it is enough to know that."""
COUNTING_SECONDS = 0.5
"""What a page waits for the connection that counts; removing, which takes batches of 20 ms, has the same."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The context of the page."""

    facts: Facts
    retention: str
    """In words."""
    aged: Glance | None
    """What is older than the retention and will be removed, counted up to `most_counted`; None: not known."""
    down: dict[str, str]
    """Which parts do not work, and why; empty when all is well."""
    listening: int
    """Pages that are open at this worker."""
    most_counted: int = MOST_COUNTED


@for_everyones_eyes
async def settings(request: Request) -> Response:
    """The page."""
    parts = parts_of(request)
    report = await parts.readiness.report()
    down = report["down"]
    assert isinstance(down, dict)
    context = Settings(
        facts=parts.facts,
        retention=_in_words(parts.facts.retention),
        aged=await _aged(request),
        down=down,
        listening=len(parts.live),
    )
    return page(request, "settings/page.html", context)


async def _aged(request: Request) -> Glance | None:
    parts = parts_of(request)
    if parts.facts.retention is None:
        return None
    try:
        async with asyncio.timeout(COUNTING_SECONDS):
            return await parts.keeping.glance(parts.facts.retention, most=MOST_COUNTED)
    except (StoreError, TimeoutError):
        return None


def _in_words(retention: timedelta | None) -> str:
    if retention is None:
        return "For ever"
    days, rest = divmod(retention, timedelta(days=1))
    hours = rest // timedelta(hours=1)
    return f"{days} days" + (f", {hours} hours" if hours else "") if days else f"{hours} hours"


ROUTES = [Route("/settings", settings, methods=["GET"])]
