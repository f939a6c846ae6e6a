"""System, light, dark: kept in a cookie, so that the server renders the theme and nothing flashes."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from aibridge.web.cookies import put_theme, theme_of
from aibridge.web.forms import form_of
from aibridge.web.guard import for_anyone, parts_of
from aibridge.web.ways import safe_path


@for_anyone
async def turn(request: Request) -> Response:
    """Turn to the next theme and go back to where the button was."""
    response = RedirectResponse(safe_path(form_of(request).text("next")), 303)
    put_theme(response, theme_of(request).next, secure=parts_of(request).facts.is_https)
    return response


ROUTES = [Route("/theme", turn, methods=["POST"])]
