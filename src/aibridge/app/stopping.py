"""SIGTERM and Ctrl-C, from the first moment of the event loop to its last: no moment may leave anything running."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopping:
    """What a signal does at this stage: interrupt the start or stop what runs. The shutdown cannot be hurried."""

    def __init__(self, break_off: Callable[[], object]) -> None:
        self._act = break_off
        self.asked = False
        """A signal came."""

    def ask(self) -> None:
        """A signal comes."""
        self.asked = True
        self._act()

    @contextmanager
    def by(self, stop: Callable[[], object]) -> Iterator[None]:
        """Have every signal call `stop` during the block, which begins with an await, and do nothing after it."""
        self._act = stop
        try:
            yield
        finally:
            self._act = _nothing


def _nothing() -> None:
    """The orderly end is under way."""


@contextmanager
def stopped_by_signals() -> Iterator[Stopping]:
    """Hear the signals until the loop closes. The block may be interrupted by them: then it ends without an error."""
    task = asyncio.current_task()
    assert task is not None
    stopping = Stopping(task.cancel)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.ask)
    try:
        yield stopping
    except asyncio.CancelledError:
        if not stopping.asked:
            raise
