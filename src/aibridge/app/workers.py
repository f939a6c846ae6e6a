"""Several worker processes on one socket: started, watched and stopped by a parent that serves nothing itself."""

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

import structlog
import uvloop

from aibridge.app.serving import DRAIN_SECONDS, configure, kept_up, prepare, run_worker, url_of
from aibridge.config import Settings, load_settings
from aibridge.store.embedded import EmbeddedPostgres

RESTART_SECONDS = 1.0
"""Before a worker that died is replaced, so that one which cannot start does not spin."""
STOP_SECONDS = DRAIN_SECONDS + 4.0
"""What a worker gets to end by itself."""

log = structlog.get_logger(__name__)


async def supervise(settings: Settings, dsn: str, listener: socket.socket, embedded: EmbeddedPostgres | None) -> int:
    """Keep `settings.workers` processes running until a signal asks to stop."""
    await prepare(dsn)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    log.info("aibridge is listening", url=url_of(listener), workers=settings.workers)
    async with kept_up(embedded), asyncio.TaskGroup() as tasks:
        for _ in range(settings.workers):
            tasks.create_task(_keep_one(dsn, listener, stopping))
    return 0


async def _keep_one(dsn: str, listener: socket.socket, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        # A session of its own: Ctrl-C reaches the parent alone, which tells every worker once.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "aibridge.app.workers",
            stdin=asyncio.subprocess.PIPE,
            pass_fds=(listener.fileno(),),
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps({"dsn": dsn, "listener": listener.fileno()}).encode() + b"\n")
        await _until_it_ends(process, stopping)
        if not stopping.is_set():
            log.error("a worker ended by itself; starting another", status=process.returncode)
            await _wait(stopping, RESTART_SECONDS)


async def _until_it_ends(process: asyncio.subprocess.Process, stopping: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        ended = tasks.create_task(process.wait())
        asked = tasks.create_task(stopping.wait())
        await asyncio.wait((ended, asked), return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            process.send_signal(signal.SIGTERM)
            await asyncio.wait((ended,), timeout=STOP_SECONDS)
        if not ended.done():
            process.kill()
            await ended
        asked.cancel()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def main() -> int:
    """Run one worker: what the parent starts. Its standard input says where, and ends when the parent does."""
    told = json.loads(sys.stdin.buffer.readline())
    settings = load_settings(os.environ, Path.cwd())
    configure(settings)
    listener = socket.socket(fileno=told["listener"])
    uvloop.run(run_worker(settings, told["dsn"], listener, parent=sys.stdin.fileno()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
