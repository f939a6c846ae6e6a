"""Finds what follows a session's id in a path, although an id may contain anything, even slashes."""

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope


class LastSegment(APIRoute):
    """A route whose last segment is a word of ours: `/sessions/{session_id:rest}/export`.

    Servers decode a path before it is matched, and a session may be called `a/export`. Whether the slash before the
    word is part of the id shows in the path as it was sent: there it is `%2F`.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route, if the word was sent as a segment."""
        sent = scope.get("raw_path") or scope["path"].encode()
        word = self.path.rpartition("/")[2].encode()
        if sent.rpartition(b"/")[2] != word:
            return Match.NONE, {}
        return super().matches(scope)
