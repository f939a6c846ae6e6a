"""`aibridge serve`: database, sockets, workers, and their orderly end."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import structlog
import uvicorn
import uvloop

from aibridge.app.memory import kept_small
from aibridge.app.parts import Worker, open_worker
from aibridge.app.stopping import Stopping, stopped_by_signals
from aibridge.config import Settings
from aibridge.errors import SettingsError
from aibridge.gateway.server import GatewayProtocol
from aibridge.ops.logs import LogFormat, configure_logs
from aibridge.store.embedded import EmbeddedPostgres, open_embedded
from aibridge.store.migrate import migrate
from aibridge.store.pool import open_store
from aibridge.store.readiness import wait_until_ready

DRAIN_SECONDS = 20
"""Running streams may go on for so long after SIGTERM; then they end as `interrupted`."""
BREAK_OFF_SECONDS = 1.0
"""For a stream that was broken off to close its connections."""
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048
DATABASE_SECONDS = 30.0
"""How long a database that is still starting is waited for."""

log = structlog.get_logger(__name__)


def serve(settings: Settings, *, first_steps: str = "") -> int:
    """Run until SIGTERM or Ctrl-C. Returns the exit status. `first_steps` is printed when nobody has an account yet."""
    configure(settings)
    with contextlib.closing(bind(settings.listen.host, settings.listen.port)) as listener:
        uvloop.run(_serve(settings, listener, first_steps))
    return 0


async def _serve(settings: Settings, listener: socket.socket, first_steps: str) -> None:
    with stopped_by_signals() as stopping:
        async with _database(settings) as (dsn, embedded):
            await prepare(dsn)
            if first_steps and not await _has_users(dsn):
                print(first_steps, flush=True)  # noqa: T201  for the person at the terminal
            async with kept_up(embedded):
                if settings.workers == 1:
                    await run_worker(settings, dsn, listener, stopping)
                else:
                    from aibridge.app.workers import supervise

                    await supervise(settings.workers, dsn, listener, stopping)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[tuple[str, EmbeddedPostgres | None]]:
    """The address of the one that is set, or of the embedded one, which runs for the block at least."""
    if settings.database_url is not None:
        yield settings.database_url.reveal(), None
        return
    async with open_embedded(settings.data_dir) as embedded:
        yield embedded.dsn, embedded


def configure(settings: Settings) -> None:
    """Set up this process's log."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    configure_logs(LogFormat(settings.log_format.value), level=level)


async def prepare(dsn: str) -> None:
    """Wait for the database and bring its schema up to date."""
    await wait_until_ready(dsn, DATABASE_SECONDS)
    for name in await migrate(dsn):
        log.info("migrated the database", migration=name)


async def _has_users(dsn: str) -> bool:
    async with open_store(dsn, pool_size=1) as store:
        return bool(await store.people.list_users())


async def run_worker(
    settings: Settings, dsn: str, listener: socket.socket, stopping: Stopping, *, parent: int | None = None
) -> None:
    """Serve on one socket until asked to stop, or until the pipe `parent` closes: its other end has died."""
    async with open_worker(settings, dsn) as worker:
        server = GatewayServer(worker)
        with stopping.by(server.stop), _ending_with(parent, server), kept_small():
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

    def stop(self) -> None:
        """Take no new requests; running ones may end, unless this is said twice."""
        if self.should_exit:
            self.force_exit = True
        self._health.drain()
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let running requests end, then break off what is left; each hands its end to the record before it goes."""
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
