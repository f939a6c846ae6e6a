"""Several worker processes on one socket: started, watched and stopped by a parent that serves nothing itself."""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Awaitable
from contextlib import suppress
from typing import BinaryIO

import structlog

from aibridge.app.answering import DRAIN_SECONDS, url_of
from aibridge.app.stopping import Stopping
from aibridge.ops.metrics.board import Board, board_file

RESTART_SECONDS = 1.0
"""Before a worker that died is replaced, so that one which cannot start does not spin."""
STOP_SECONDS = DRAIN_SECONDS + 4.0
"""Seconds a worker gets to end by itself."""

log = structlog.get_logger(__name__)


async def supervise(workers: int, dsn: str, listener: socket.socket, stopping: Stopping) -> None:
    """Keep this many processes running until asked to stop; a second request is passed on to them as well."""
    log.info("aibridge is listening", url=url_of(listener), workers=workers)
    with board_file(workers) as figures:
        fleet = _Fleet(dsn, listener, figures)
        with stopping.by(fleet.stop):
            async with asyncio.TaskGroup() as tasks:
                for seat in range(workers):
                    tasks.create_task(fleet.keep_one(seat))


class _Fleet:
    """The workers, as their parent knows them."""

    def __init__(self, dsn: str, listener: socket.socket, figures: BinaryIO) -> None:
        """`figures` is the file of the board that they count on."""
        self._dsn = dsn
        self._listener = listener
        self._figures = figures
        self._seats = Board.of(figures.fileno()).seats
        self._ending = asyncio.Event()
        self._running: set[asyncio.subprocess.Process] = set()

    def stop(self) -> None:
        """Pass the word on. Nobody may wait for an answer at a socket that is not read any more."""
        self._ending.set()
        self._listener.close()
        for process in self._running:
            _send(process, signal.SIGTERM)

    async def keep_one(self, seat: int) -> None:
        """Run a worker, and another one in its place should it die."""
        while not self._ending.is_set():
            process = await self._start(seat)
            await self._until_it_ends(process)
            self._seats[seat].vacate()
            if not self._ending.is_set():
                log.error("a worker ended by itself; starting another", status=process.returncode)
                await _within(RESTART_SECONDS, self._ending.wait())

    async def _start(self, seat: int) -> asyncio.subprocess.Process:
        descriptors = self._listener.fileno(), self._figures.fileno()
        # A session of its own: Ctrl-C reaches the parent alone, which passes it on.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "aibridge.app.worker",
            stdin=asyncio.subprocess.PIPE,
            pass_fds=descriptors,
            start_new_session=True,
        )
        assert process.stdin is not None
        told = {"dsn": self._dsn, "listener": descriptors[0], "board": descriptors[1], "seat": seat}
        with suppress(RuntimeError):  # uvloop's word for one that has ended already, as where the word came meanwhile
            process.stdin.write(json.dumps(told).encode() + b"\n")
        return process

    async def _until_it_ends(self, process: asyncio.subprocess.Process) -> None:
        self._running.add(process)
        if self._ending.is_set():  # the word was passed on before this one was there
            _send(process, signal.SIGTERM)
        async with asyncio.TaskGroup() as tasks:
            ended, ending = tasks.create_task(process.wait()), tasks.create_task(self._ending.wait())
            await asyncio.wait((ended, ending), return_when=asyncio.FIRST_COMPLETED)
            ending.cancel()
            if not ended.done():
                await asyncio.wait((ended,), timeout=STOP_SECONDS)
            self._running.discard(process)
            if not ended.done():
                _send(process, signal.SIGKILL)


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has just ended by itself
        process.send_signal(number)


async def _within(seconds: float, work: Awaitable[object]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await work
