"""Closing a connection on which nothing is asked for too long."""

import asyncio
from collections.abc import Callable


class Silence:
    """One timer for the life of a connection; when it fires, it checks whether a request came meanwhile.

    Starting and stopping one for every request costs 2 µs of its CPU.
    """

    __slots__ = ("_ends_at", "_is_broken", "_loop", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, is_broken: Callable[[], bool]) -> None:
        """`is_broken` says whether a request is under way."""
        self._loop = loop
        self._is_broken = is_broken
        self._ends_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def begins(self, limit: float, close: Callable[[], None]) -> None:
        """Call `close` unless something is asked within `limit` seconds from now."""
        self._ends_at = ends_at = self._loop.time() + limit
        if self._timer is not None and self._timer.when() > ends_at:
            self.ends()
        if self._timer is None:
            self._timer = self._loop.call_at(ends_at, self._look, close)

    def ends(self) -> None:
        """Close nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, close: Callable[[], None]) -> None:
        self._timer = None
        if self._is_broken():
            return  # it begins again when the answer is complete
        if self._loop.time() < self._ends_at:
            self._timer = self._loop.call_at(self._ends_at, self._look, close)
        else:
            close()
