"""Plays a reply onto a connection: writes, waits, breaks off. Callbacks only, so nothing has to be cancelled."""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable, Iterator

from aibridge.demo.received import Ending
from aibridge.demo.script import Cut, Hold, Pause

Step = bytes | Pause | Hold | Cut


class Player:
    """Writes the steps of one reply, as fast as the client reads them."""

    def __init__(
        self,
        transport: asyncio.Transport,
        steps: Iterator[Step],
        splits: Iterable[int],
        *,
        done: Callable[[Ending], None],
    ) -> None:
        self._transport = transport
        self._steps = split(steps, splits)
        self._done = done
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._blocked = False
        self._busy = False
        self._over = False

    def pause(self) -> None:
        """The client reads slower than we write."""
        self._blocked = True

    def resume(self) -> None:
        """The client caught up."""
        self._blocked = False
        if not self._busy:
            self.play()

    def stop(self, ending: Ending) -> None:
        """The connection is gone."""
        if self._timer is not None:
            self._timer.cancel()
        if not self._over:
            self._over = True
            self._done(ending)

    def play(self) -> None:
        """Write until something has to be waited for."""
        self._busy = False
        while not (self._over or self._blocked or self._busy or self._transport.is_closing()):
            match next(self._steps, None):
                case None:
                    self.stop(Ending.WHOLE)
                case Pause(seconds):
                    self._busy = True
                    self._timer = self._loop.call_later(seconds, self.play)
                case Hold(gate):
                    self._busy = True
                    gate.wait(self._soon)
                case Cut(reset):
                    self.stop(Ending.CUT)
                    hang_up(self._transport, reset=reset)
                case data:
                    self._transport.write(data)

    def _soon(self) -> None:
        self._timer = None
        self._loop.call_soon(self.play)


def split(steps: Iterator[Step], positions: Iterable[int]) -> Iterator[Step]:
    """Cut the bytes at these positions of the wire; between two pieces the event loop gets its turn."""
    ahead = iter(positions)
    target = next(ahead, None)
    if target is None:
        yield from steps
        return
    at = 0
    for step in steps:
        if not isinstance(step, bytes):
            yield step
            continue
        start, end = 0, at + len(step)
        while target is not None and target < end:
            if target > at + start:
                yield step[start : target - at]
                yield Pause(0)
                start = target - at
            target = next(ahead, None)
        yield step[start:]
        at = end


def hang_up(transport: asyncio.Transport, *, reset: bool) -> None:
    """Close the connection: with RST, losing what was not sent yet, or with FIN after it."""
    if not reset:
        transport.close()
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
