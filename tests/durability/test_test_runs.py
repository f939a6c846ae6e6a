"""A run of these tests leaves nothing running, however it ends."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support import keeper
from support.life.leftovers import sweep
from support.life.processes import SOURCE, TESTS, eventually, of_folder

RUN = """
import subprocess, sys
from pathlib import Path
from aibridge.store.embedded import EmbeddedPostgres
from support import keeper
keeper.watch(Path(sys.argv[1]))
with EmbeddedPostgres(Path(sys.argv[1]) / "postgresql"):
    worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    print(worker.pid, flush=True)
    worker.wait()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_however_it_ends_nothing_of_it_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    """Another run, whose folder only begins alike, does."""
    folder = tmp_path / "run-1"
    folder.mkdir()
    with neighbour(tmp_path / "run-10") as other:
        run = _run(folder)
        try:
            assert run.stdout is not None
            assert await asyncio.to_thread(run.stdout.readline)
            assert len(of_folder(folder)) > 3
            run.send_signal(number)
            await asyncio.to_thread(run.communicate)
            await eventually(lambda: not of_folder(folder))
        finally:
            sweep(folder)
        assert other.poll() is None


def _run(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder)],
        env={"PYTHONPATH": f"{SOURCE}:{TESTS}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def neighbour(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of another run."""
    waiting = [sys.executable, "-c", "input()"]
    with subprocess.Popen(waiting, env={keeper.RUN: str(folder)}, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()
