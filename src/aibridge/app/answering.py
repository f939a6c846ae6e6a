"""One process that answers requests: its log, its socket, its server, and how it ends."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator

import structlog
import uvicorn

from aibridge.app.memory import collecting_rarely
from aibridge.app.parts import Worker, open_worker
from aibridge.app.stopping import Stopping
from aibridge.config import Settings
from aibridge.errors import SettingsError
from aibridge.gateway.server import GatewayProtocol
from aibridge.ops.logs import LogFormat, configure_logs
from aibridge.ops.metrics.board import Board

DRAIN_SECONDS = 20
"""Running streams may go on for so long after SIGTERM; then they end as `interrupted`."""
BREAK_OFF_SECONDS = 1.0
"""Seconds for an interrupted stream to close its connections."""
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048

log = structlog.get_logger(__name__)


def configure(settings: Settings) -> None:
    """Set up this process's log."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    configure_logs(LogFormat(settings.log_format.value), level=level)


async def run_worker(
    settings: Settings,
    dsn: str,
    listener: socket.socket,
    stopping: Stopping,
    *,
    parent: int | None = None,
    board: Board | None = None,
    seat: int = 0,
) -> None:
    """Serve on one socket until asked to stop, or until the pipe `parent` closes: its other end has died.

    `board` and `seat`: see `open_worker`.
    """
    async with open_worker(settings, dsn, board=board, seat=seat) as worker:
        server = GatewayServer(worker)
        with stopping.by(server.stop), _ending_with(parent, server), collecting_rarely():
            if parent is None:
                log.info("aibridge is listening", url=url_of(listener))
            await server.serve(sockets=[listener])


@contextlib.contextmanager
def _ending_with(parent: int | None, server: "GatewayServer") -> Iterator[None]:
    if parent is None:
        yield
        return
    loop = asyncio.get_running_loop()

    def orphaned() -> None:
        loop.remove_reader(parent)
        server.stop()

    loop.add_reader(parent, orphaned)
    try:
        yield
    finally:
        loop.remove_reader(parent)


class GatewayServer(uvicorn.Server):
    """uvicorn with our protocol. Signals are the composition root's, so that the database outlives the last stream."""

    def __init__(self, worker: Worker, *, drain_seconds: int = DRAIN_SECONDS) -> None:
        config = uvicorn.Config(
            worker.face,
            http=GatewayProtocol,
            interface="asgi3",  # it would be guessed from whether the application is a coroutine function
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=drain_seconds,
        )
        super().__init__(config)
        self._health = worker.health
        self._live = worker.live

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: uvicorn would raise them again at its end, before ours."""
        yield

    def stop(self) -> None:
        """Take no new requests; running ones may end, unless this is said twice."""
        if self.should_exit:
            self.force_exit = True
        self._health.drain()
        self._live.end()
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let running requests end, then interrupt the rest; each hands its end to the recorder before it goes."""
        await super().shutdown(sockets)
        left = set(self.server_state.tasks)
        for task in left:
            task.cancel()  # uvicorn does so at its timeout, but not when it was told twice
        if left:
            await asyncio.wait(left, timeout=BREAK_OFF_SECONDS)

    async def _wait_tasks_to_complete(self) -> None:
        for connection in list(self.server_state.connections):
            connection.shutdown()  # uvicorn has told the others; this one came through the closing door
        await super()._wait_tasks_to_complete()


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises `SettingsError` that names the setting."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, since asyncio sends small writes at once (TCP_NODELAY) only where it is.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as problem:
        listener.close()
        raise SettingsError(
            f"Cannot listen on {host}:{port} ({problem.strerror}). Set AIBRIDGE_LISTEN to a free address."
        ) from None
    listener.set_inheritable(True)
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the address a person can open."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
