"""Interrupting a request from outside, exactly once and without a stray cancellation left behind."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from enum import Enum
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Reason(Enum):
    """Why a request was interrupted."""

    CLIENT_GONE = "the client went away"
    UNRECORDED = "the start of the request could not be recorded"


class Interrupted(Exception):
    """The guarded work was interrupted; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Connection(Protocol):
    """What the server tells about a client; see `server.GatewayProtocol`."""

    def watch(self, on_leave: Callable[[], None] | None) -> None:
        """Call `on_leave` when the client goes away."""
        ...

    @property
    def gone(self) -> bool:
        """Whether the client has gone away."""
        ...

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop it runs in."""
        ...


class Watch:
    """Cancels the guarded work of one request when the client leaves or its start cannot be recorded.

    A plain ASGI loop never notices that the client left: `send` becomes a no-op. The watch is removed before a pooled
    connection can be given to somebody else, and a cancellation it asked for is always consumed here.
    """

    __slots__ = ("_armed", "_connection", "_reason", "_task")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._task: asyncio.Task[Any] | None = None
        self._armed = False
        self._reason: Reason | None = None

    def interrupt(self, reason: Reason) -> None:
        """Break off the guarded work; without effect when none is guarded or it was interrupted before."""
        if self._armed and self._reason is None and self._task is not None:
            self._reason = reason
            self._task.cancel()

    async def guard(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work`; raises `Interrupted` when it was interrupted. May be used again after it returned."""
        if self._connection.gone:
            work.close()
            raise Interrupted(Reason.CLIENT_GONE)
        self._task = task = asyncio.current_task(self._connection.loop)
        assert task is not None
        self._armed = True
        self._connection.watch(self._left)
        delivered = False
        try:
            return await work
        except asyncio.CancelledError:
            if self._reason is None:
                raise
            delivered = True
            raise Interrupted(self._reason) from None
        finally:
            self._armed = False
            self._connection.watch(None)
            if self._reason is not None:
                if not delivered:  # the work ended by itself in the same moment: the cancellation is still under way
                    with suppress(asyncio.CancelledError):
                        await asyncio.sleep(0)
                task.uncancel()

    def _left(self) -> None:
        self.interrupt(Reason.CLIENT_GONE)
