"""The two cookies: who is signed in, and which theme the pages have."""

from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response

from aibridge.store.sign_ins import LONGEST

THEME = "aibridge_theme"
_YEAR = 365 * 24 * 3600


class Theme(StrEnum):
    """How the pages look."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"

    @property
    def next(self) -> "Theme":
        """The one that the button turns to."""
        order = list(Theme)
        return order[(order.index(self) + 1) % len(order)]


class SignInCookie:
    """Holds the secret of a sign-in. Sent to this host only, hidden from scripts, and never over plain HTTP behind TLS.

    `__Host-` makes browsers refuse one that another host or a plain connection wants to set (RFC 6265bis, 4.1.3.2).
    """

    def __init__(self, *, is_https: bool) -> None:
        self._secure = is_https
        self.name = "__Host-aibridge" if is_https else "aibridge"

    def read(self, request: Request) -> str | None:
        """The secret that the browser sent."""
        return request.cookies.get(self.name)

    def put(self, response: Response, secret: str) -> None:
        """Give the browser a secret."""
        response.set_cookie(
            self.name,
            secret,
            max_age=int(LONGEST.total_seconds()),
            path="/",
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )

    def drop(self, response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(self.name, path="/", httponly=True, samesite="lax", secure=self._secure)


def theme_of(request: Request) -> Theme:
    """The theme that this browser chose."""
    chosen = request.cookies.get(THEME)
    return Theme(chosen) if chosen in list(Theme) else Theme.SYSTEM


def put_theme(response: Response, theme: Theme, *, secure: bool) -> None:
    """Have the browser keep a theme."""
    response.set_cookie(THEME, theme, max_age=_YEAR, path="/", httponly=True, samesite="lax", secure=secure)
