"""What went wrong, as a page with a way out; programs get JSON as they do at the API."""

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aibridge.errors import StoreError, StoreUnavailable
from aibridge.web.guard import look
from aibridge.web.render import page
from aibridge.web.security import SAFE_HEADERS

log = structlog.get_logger(__name__)


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """The context of an error's page."""

    title: str
    sentence: str


_SENTENCES = {
    400: Wrong(title="This request cannot be read", sentence="What was sent is not understood. Go back and try again."),
    403: Wrong(title="This is not allowed", sentence="You may see this, but not change it. Ask an owner."),
    404: Wrong(
        title="There is nothing here",
        sentence="This page does not exist, or you are not allowed to see it. Check the link, or look in the lists.",
    ),
    405: Wrong(title="This is not a form", sentence="The page cannot be used this way. Go back and try again."),
    413: Wrong(title="That is too much", sentence="The form is too large. Shorten it and try again."),
    503: Wrong(
        title="The database cannot be reached",
        sentence="Nothing that was recorded is lost. Wait a moment, then reload the page.",
    ),
}
_BROKEN = Wrong(
    title="Something went wrong",
    sentence="The mistake is ours, and it is in the log. Reload the page; if it happens again, tell an administrator.",
)
_NOTHING = {"message": "There is nothing here."}


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    wrong = _SENTENCES.get(error.status_code, _BROKEN)
    if error.detail and error.status_code == 403:  # noqa: PLR2004 - the status with several reasons
        wrong = msgspec.structs.replace(wrong, sentence=error.detail)
    return await _shown(request, wrong, error.status_code)


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("a page could not be made: the database cannot be reached", path=request.url.path, problem=str(error))
    return await _shown(request, _SENTENCES[503], 503)


async def _broken(request: Request, _: Exception) -> Response:
    """The server logs the traceback."""
    response = await _shown(request, _BROKEN, 500)
    response.headers.update(SAFE_HEADERS)
    return response


async def _shown(request: Request, wrong: Wrong, status: int) -> Response:
    if "text/html" not in request.headers.get("accept", "") and "hx-request" not in request.headers:
        return JSONResponse(_NOTHING if status == 404 else {"message": wrong.sentence}, status)  # noqa: PLR2004
    try:
        await look(request)
    except StoreError:
        request.state.viewer = None
    return page(request, "error.html", wrong, "error_part.html", status=status)


HANDLERS = {HTTPException: _refused, StoreUnavailable: _unavailable, Exception: _broken}
