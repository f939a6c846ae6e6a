"""`aibridge serve`: database, sockets, workers, and their orderly end."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import structlog
import uvicorn
import uvloop

from aibridge.app.parts import Worker, open_worker
from aibridge.config import Settings
from aibridge.errors import SettingsError
from aibridge.gateway.server import GatewayProtocol
from aibridge.ops.logs import LogFormat, configure_logs
from aibridge.store.embedded import EmbeddedPostgres
from aibridge.store.migrate import migrate
from aibridge.store.readiness import wait_until_ready

DRAIN_SECONDS = 20
"""Running streams may go on for so long after SIGTERM; then they end as `interrupted`."""
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048
DATABASE_SECONDS = 30.0
"""How long a database that is still starting is waited for."""

log = structlog.get_logger(__name__)


def serve(settings: Settings) -> int:
    """Run until SIGTERM or Ctrl-C. Returns the exit status."""
    configure(settings)
    listener = bind(settings.listen.host, settings.listen.port)
    with contextlib.ExitStack() as stack:
        stack.callback(listener.close)
        embedded = None
        if settings.database_url is None:
            embedded = stack.enter_context(EmbeddedPostgres(settings.data_dir))
        dsn = settings.database_url.reveal() if settings.database_url else embedded.dsn if embedded else ""
        return uvloop.run(_serve(settings, dsn, listener, embedded))


async def _serve(settings: Settings, dsn: str, listener: socket.socket, embedded: EmbeddedPostgres | None) -> int:
    if settings.workers > 1:
        from aibridge.app.workers import supervise

        return await supervise(settings, dsn, listener, embedded)
    await prepare(dsn)
    async with kept_up(embedded):
        await run_worker(settings, dsn, listener)
    return 0


def configure(settings: Settings) -> None:
    """Set up this process's log."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    configure_logs(LogFormat(settings.log_format.value), level=level)


async def prepare(dsn: str) -> None:
    """Wait for the database and bring its schema up to date."""
    await wait_until_ready(dsn, DATABASE_SECONDS)
    for name in await migrate(dsn):
        log.info("migrated the database", migration=name)


async def run_worker(settings: Settings, dsn: str, listener: socket.socket, *, parent: int | None = None) -> None:
    """Serve on one socket until a signal asks to stop, or until the pipe `parent` closes: its other end has died."""
    async with open_worker(settings, dsn) as worker:
        server = GatewayServer(worker)
        with server.stopped_by(signal.SIGTERM, signal.SIGINT), _ending_with(parent, server):
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

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: uvicorn would raise them again at its end, before ours."""
        yield

    @contextlib.contextmanager
    def stopped_by(self, *signals: signal.Signals) -> Iterator[None]:
        """Stop on these signals; a second one stops at once."""
        loop = asyncio.get_running_loop()
        for number in signals:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        """Take no new requests; running ones may end."""
        if self.should_exit:
            self.force_exit = True
        self._health.drain()
        self.should_exit = True


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises `SettingsError` that names the setting."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
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


@asynccontextmanager
async def kept_up(embedded: EmbeddedPostgres | None) -> AsyncIterator[None]:
    """Start the embedded server again should it die."""
    if embedded is None:
        yield
        return
    async with asyncio.TaskGroup() as tasks:
        monitor = tasks.create_task(embedded.monitor())
        try:
            yield
        finally:
            monitor.cancel()
