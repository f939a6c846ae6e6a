"""`aibridge demo`: from the first line to the last, whatever ends it."""

import asyncio
import contextlib
import functools
import os
import signal
import socket
import sys
from collections.abc import Iterator

import uvloop

from aibridge.app.answering import bind, configure
from aibridge.config import Settings
from aibridge.demo.house import open_house, quiet
from aibridge.demo.run import run


def demo(settings: Settings, *, past: int) -> int:
    """Run the demo until SIGTERM or Ctrl-C, then return 0 within a few seconds with nothing left running.

    `past`: so many invented interceptions of the weeks before are on record when it begins. Of the settings it obeys
    `listen`, `data_dir` and the database's address, where it makes a database of its own.

    Raises:
        AIBridgeError: it cannot start; the message says why. It may stand in a group.

    """
    configure(quiet(settings))
    with contextlib.closing(bind(settings.listen.host, settings.listen.port)) as listener:
        uvloop.run(_until_stopped(settings, listener, past))
    return 0


async def _until_stopped(settings: Settings, listener: socket.socket, past: int) -> None:
    start = functools.partial(open_house, settings, listener, past)
    with _stopped_by(signal.SIGTERM, signal.SIGINT) as stopping, contextlib.suppress(asyncio.CancelledError):
        await run(start, say=_say)
    if stopping.is_set():
        _say("The demo has ended. What it recorded is kept until its next start.")


def _say(line: str) -> None:
    try:
        print(line, flush=True)  # noqa: T201 - a command's output
    except BrokenPipeError:  # `aibridge demo | head`: nobody reads any more, and the play goes on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _stopped_by(*signals: signal.Signals) -> Iterator[asyncio.Event]:
    """Cancel the running task at the first of these signals; later ones change nothing."""
    loop, task, stopping = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()
    assert task is not None

    def stop() -> None:
        if not stopping.is_set():
            stopping.set()
            task.cancel()

    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield stopping
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
