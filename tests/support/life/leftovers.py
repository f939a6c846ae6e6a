"""Leaves nothing of what ran in a folder, nor of what it held outside of it."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aibridge.errors import EmbeddedPostgresError
from aibridge.store.embedded import EmbeddedPostgres, locks
from support.life.processes import Home, kill, of_folder, told_of


@contextmanager
def swept(root: Path) -> Iterator[Home]:
    """A home of which no process survives the block, whatever happens in it."""
    home = Home(root)
    try:
        yield home
    finally:
        sweep(root)
        for served in home.served:
            served.process.wait()


def sweep(folder: Path) -> None:
    """Kill every process that was told of this folder, and stop every PostgreSQL below it."""
    if sys.platform.startswith("linux"):  # the process table is read from /proc
        _kill_all(folder)
    for data in _data_folders(folder):
        _stop(data)


def _kill_all(folder: Path) -> None:
    while left := told_of(folder):
        for pid in left:
            kill(pid)
        time.sleep(0.02)


def _data_folders(folder: Path) -> Iterator[Path]:
    """Those of embedded servers that run, or did not end in order."""
    for where, folders, files in os.walk(folder):
        if "postgres.alive" in files:
            folders.clear()
            data = Path(where)
            if locks.is_held(data / "postgres.alive") or (data / "postgres" / "postmaster.pid").exists():
                yield data


def _stop(data: Path) -> None:
    """Be the last one in and out: killed, it would leave its shared memory behind, and a kernel has room for 4096."""
    for pid in of_folder(data):
        kill(pid, signal.SIGCONT)  # a test may have stopped it
    with suppress(EmbeddedPostgresError), EmbeddedPostgres(data):
        pass
    for pid in of_folder(data):
        kill(pid)
