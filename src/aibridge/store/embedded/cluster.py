"""One PostgreSQL cluster in a folder: made, started, asked, stopped, by PostgreSQL's own programs.

Nothing here counts users or guards against others: that is `server`'s part, which holds the locks meanwhile.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from aibridge.errors import EmbeddedPostgresError
from aibridge.store.embedded import binaries, locks
from aibridge.store.embedded.account import Account, account_with_a_name
from aibridge.store.embedded.configuration import ACCESS, configuration
from aibridge.store.embedded.explain import explain
from aibridge.store.embedded.short_path import short_path

ROLE = DATABASE = "aibridge"
SOCKET = ".s.PGSQL.5432"
START_TIMEOUT = 120.0
"""Seconds. Recovery after a crash replays at most `max_wal_size`, which takes a slow disk half a minute."""
STOP_TIMEOUT = 3
"""Seconds for an orderly stop; then an immediate one, which loses nothing but makes the next start recover.

After twenty seconds for running streams, five are left until the process shall be gone."""
POLL = 0.02
"""Seconds between looks at a server that is starting."""
LOG_LIMIT = 4 * 2**20
"""Bytes. A longer log is set aside at the next start, and the one set aside before is dropped."""

_HERE = "/proc/self/cwd"


class Cluster:
    """The cluster in `folder`, run by `account`. `alive` is the lock that every process of the server holds."""

    def __init__(self, folder: Path, *, alive: Path, account: Account) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self._alive = alive
        self._account = account
        self._programs = binaries.programs_for(account, folder.parent)

    # -------------------------------------------------------------- making

    def make_unless_made(self) -> None:
        """Make the data folder, whole or not at all.

        Raises:
            EmbeddedPostgresError: it cannot be made, or it is of another major version.

        """
        made_by = self.folder / "PG_VERSION"
        if not made_by.exists():
            self._make()
        elif (theirs := made_by.read_text().strip()) != (ours := binaries.major_version()):
            raise EmbeddedPostgresError(
                f"The data in {self.folder} belongs to PostgreSQL {theirs}, and this aibridge brings {ours}. "
                "Run `aibridge db dump` with the aibridge that wrote it, and `aibridge db restore` with this one."
            )

    def _make(self) -> None:
        unfinished = self.folder.with_name(f"{self.folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)  # of a process that was killed while it made it
        maker = account_with_a_name(self._account)
        unfinished.mkdir(mode=0o700)
        if not maker.is_ours:
            os.chown(unfinished, maker.uid, maker.gid)
        where = self._where(unfinished)
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        self._run(["initdb", "-D", where, "-U", ROLE, "-A", "trust", *locale], maker, unfinished)
        self._run(
            ["postgres", "--single", "-D", where, "template1"], maker, unfinished, f"CREATE DATABASE {DATABASE}\n"
        )
        if maker != self._account:
            _give(unfinished, self._account)
        unfinished.rename(self.folder)

    # -------------------------------------------------------------- running

    def start(self, alive: int) -> None:
        """Start the server and wait until it answers. `alive` is the lock's descriptor, which is closed here.

        Raises:
            EmbeddedPostgresError: it did not come up; the message has the reason from its log.

        """
        try:
            for stale in ("postmaster.pid", SOCKET, f"{SOCKET}.lock"):  # the lock says that nobody of it lives
                (self.folder / stale).unlink(missing_ok=True)
            self._write("postgresql.conf", configuration(sys.platform, os.uname().release))
            self._write("pg_hba.conf", ACCESS)
            started_at = self._begin_log()
            call = ["pg_ctl", "start", "-W", "-s", "-D", self._where(self.folder), "-l", self.log.name]
            self._run(call, self._account, self.folder, pass_fds=[alive])
        finally:
            os.close(alive)
        self._wait_until_answering(started_at)

    def answers(self) -> bool:
        """Whether the server accepts connections at this moment."""
        return self._status() == "ready" and self._listens()

    def pid(self) -> int | None:
        """The process id of the postmaster, as it wrote it."""
        lines = self._pid_file()
        return int(lines[0]) if lines else None

    def stop(self) -> None:
        """Stop the server, in order if it can, at once if it cannot; then wait until all of it has ended."""
        for mode in ("fast", "immediate"):
            call = ["pg_ctl", "stop", "-s", "-D", self._where(self.folder), "-m", mode, "-t", str(STOP_TIMEOUT)]
            with suppress(EmbeddedPostgresError):  # it stopped by itself, or does not stop in time
                self._run(call, self._account, self.folder)
            if self._ended_within(1):
                return
        self._ended_within(STOP_TIMEOUT)

    def dsn(self, database: str = DATABASE) -> str:
        """A connection URI through the socket, for drivers and for `psql` alike."""
        from urllib.parse import quote

        host = quote(str(short_path(self.folder, SOCKET)), safe="/")
        return f"postgresql://{ROLE}@/{quote(database)}?host={host}&port=5432"

    # -------------------------------------------------------------- inside

    def _where(self, folder: Path) -> str:
        """How the programs are told where the data is.

        Another account may not be able to walk there (/root is closed), but a working folder is inherited open.
        """
        if self._account.is_ours or not sys.platform.startswith("linux"):
            return str(folder)
        return _HERE

    def _run(
        self, call: Sequence[str], account: Account, folder: Path, given: str = "", pass_fds: Sequence[int] = ()
    ) -> None:
        """Run a program of PostgreSQL in `folder`, out of reach of a Ctrl-C meant for us."""
        program, *arguments = call
        try:
            ended = subprocess.run(  # noqa: S603 - the wheel's own programs
                [self._programs / program, *arguments],
                cwd=folder,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                input=given,
                capture_output=True,
                text=True,
                check=False,
                start_new_session=True,
                pass_fds=pass_fds,
                **account.switch,
            )
        except OSError as error:
            raise EmbeddedPostgresError(f"The embedded PostgreSQL cannot run {program}: {error}.") from error
        if ended.returncode != 0:
            raise EmbeddedPostgresError(explain(ended.stderr or ended.stdout, self.folder))

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        if not self._account.is_ours:
            os.chown(path, self._account.uid, self._account.gid)

    def _begin_log(self) -> int:
        """Bytes that the log has before this start."""
        if not self.log.exists():
            return 0
        size = self.log.stat().st_size
        if size < LOG_LIMIT:
            return size
        self.log.replace(self.log.with_suffix(".log.1"))
        return 0

    def _wait_until_answering(self, log_begins: int) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not self.answers():
            if not locks.is_held(self._alive) or time.monotonic() > deadline:
                raise EmbeddedPostgresError(explain(self._log_since(log_begins), self.folder))
            time.sleep(POLL)

    def _ended_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while locks.is_held(self._alive):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL)
        return True

    def _log_since(self, offset: int) -> str:
        try:
            return self.log.read_bytes()[offset:].decode(errors="replace")
        except OSError:
            return ""

    def _pid_file(self) -> list[str]:
        """Its lines: process id, folder, start, port, socket folder, address, shared memory, status."""
        try:
            return (self.folder / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _status(self) -> str:
        lines = self._pid_file()
        return lines[7].strip() if len(lines) > 7 else ""  # noqa: PLR2004 - the eighth line

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(short_path(self.folder, SOCKET) / SOCKET))
            except OSError:
                return False
        return True


def _give(tree: Path, account: Account) -> None:
    for path in (*tree.rglob("*"), tree):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
