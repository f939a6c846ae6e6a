"""The embedded server as its users see it: join or start it, leave it, keep it up."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from aibridge.errors import EmbeddedPostgresError
from aibridge.store.embedded import locks
from aibridge.store.embedded.account import account_for
from aibridge.store.embedded.cluster import DATABASE, POLL, START_TIMEOUT, Cluster

log = logging.getLogger(__name__)

LONGEST_PAUSE = 10.0
"""Seconds between two tries to bring a dead server back, for example while the disk is full."""


class EmbeddedPostgres:
    """The server over `data_dir`/postgres, shared by every process that has entered it.

    Use it as a context manager, or `open_embedded` in async code. The first process in starts the server, others
    join it, the last one out stops it. A process killed inside leaves the server running for the next one.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self._changing = self.data_dir / "postgres.change"
        self._users = self.data_dir / "postgres.users"
        self._alive = self.data_dir / "postgres.alive"
        self._seat: int | None = None
        self._made: Cluster | None = None

    @property
    def dsn(self) -> str:
        """The connection URI of the database `aibridge`, whose role may do everything."""
        return self.dsn_of(DATABASE)

    def dsn_of(self, database: str) -> str:
        """The connection URI of another database on the same server."""
        return self._cluster.dsn(database)

    @property
    def pid(self) -> int | None:
        """The process id of the postmaster; None while there is none."""
        return self._cluster.pid()

    @property
    def log_file(self) -> Path:
        """Where the server writes its log."""
        return self._cluster.log

    # -------------------------------------------------------------- in and out

    def enter(self) -> None:
        """Join the server or start it. Takes about a second the first time, 0.1 s later.

        Raises:
            EmbeddedPostgresError: it cannot run here; the message says why.

        """
        self._make_data_dir()
        with locks.exclusively(self._changing):
            self._seat = locks.share(self._users)
            self._bring_up()

    def leave(self) -> None:
        """Leave the server, and stop it when nobody else uses it. Leaving twice does nothing."""
        if self._seat is None:
            return
        with locks.exclusively(self._changing):
            os.close(self._seat)
            self._seat = None
            if not locks.is_held(self._users) and self._made is not None and locks.is_held(self._alive):
                self._made.stop()

    def __enter__(self) -> Self:
        try:
            self.enter()
        except BaseException:
            self.leave()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.leave()

    # -------------------------------------------------------------- keeping it up

    async def monitor(self) -> NoReturn:
        """Bring the server back whenever its postmaster dies, until cancelled."""
        while True:
            await self._until_gone()
            log.warning("the embedded PostgreSQL is gone; starting it again")
            await self._bring_back()
            log.warning("the embedded PostgreSQL is back")

    async def _bring_back(self) -> None:
        pause = 0.5
        while True:
            try:
                return await _to_its_end(self._revive)
            except (EmbeddedPostgresError, OSError) as error:
                log.error("the embedded PostgreSQL does not come back: %s", error)  # noqa: TRY400 - the sentence says it
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _revive(self) -> None:
        with locks.exclusively(self._changing):
            if self._seat is not None:  # left meanwhile: then nobody would stop it
                self._bring_up()

    async def _until_gone(self) -> None:
        pid = self.pid
        if pid is None:
            return
        with suppress(ProcessLookupError):
            await _exit_of(pid)

    # -------------------------------------------------------------- inside

    @property
    def _cluster(self) -> Cluster:
        if self._made is None:
            raise EmbeddedPostgresError("The embedded PostgreSQL has not been entered.")
        return self._made

    def _make_data_dir(self) -> None:
        try:
            self.data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data folder {self.data_dir} cannot be made ({error.strerror}). "
                "Set AIBRIDGE_DATA_DIR to a folder of yours."
            ) from error

    def _bring_up(self) -> None:
        """Join the server or start it, under the lock `postgres.change`.

        Every process of the server holds the lock `postgres.alive`. While they die, one after the other, after their
        postmaster was killed, nobody answers and nobody may start: wait.
        """
        folder = self.data_dir / "postgres"
        self._made = self._made or Cluster(folder, alive=self._alive, account=account_for(self.data_dir, folder))
        deadline = time.monotonic() + START_TIMEOUT
        while (alive := locks.try_alone(self._alive)) is None:
            if self._made.answers():
                return
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"Processes of the embedded PostgreSQL in {folder} live, but it does not answer. "
                    f"Its log is {self._made.log}."
                )
            time.sleep(POLL)
        try:
            self._made.make_unless_made()
        except BaseException:
            os.close(alive)
            raise
        self._made.start(alive)


@asynccontextmanager
async def open_embedded(data_dir: Path) -> AsyncIterator[EmbeddedPostgres]:
    """The embedded server over `data_dir`, joined or started, and left at the end.

    Raises:
        EmbeddedPostgresError: it cannot run here; the message says why.

    """
    server = EmbeddedPostgres(data_dir)
    try:
        await _to_its_end(server.enter)
        yield server
    finally:
        await _to_its_end(server.leave)


async def _to_its_end(work: Callable[[], None]) -> None:
    """Run blocking work in a thread. When cancelled, wait for it all the same: half a start helps nobody."""
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


async def _exit_of(pid: int) -> None:
    """Wait until the process has ended, whoever its parent is, reaped or not.

    Raises:
        ProcessLookupError: there is none.

    """
    if not sys.platform.startswith("linux"):
        while True:
            os.kill(pid, 0)
            await asyncio.sleep(0.5)
    process = os.pidfd_open(pid)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(process, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process)
        os.close(process)
