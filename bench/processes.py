"""Starts the processes of a run, each on its core, and ends them, whatever happens."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from bench.task import Result, Task

ROOT = Path(__file__).resolve().parents[1]
STOP_SECONDS = 30
"""The gateway's own orderly end takes at most 25."""
START_SECONDS = 60
POLL = 0.02

T = TypeVar("T")


class Cores(msgspec.Struct, frozen=True):
    """Who runs where."""

    measured: frozenset[int]
    """The gateway and nginx."""
    rest: frozenset[int]
    """PostgreSQL, the provider, the clients."""

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """Split what there is; a single core has to do for all."""
        first, *others = sorted(os.sched_getaffinity(0))
        return cls(frozenset((first,)), frozenset(others or (first,)))

    @contextmanager
    def left_free(self) -> Iterator[None]:
        """Keep off the measured core during the block, with whatever is started meanwhile and inherits it."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, self.rest)
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)


@contextmanager
def running(
    call: Sequence[str], *, cores: frozenset[int], env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program during the block, its standard input and output piped; then ask it to end, and insist."""
    process = subprocess.Popen(
        call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=cwd, env=None if env is None else dict(env)
    )
    try:
        with suppress(ProcessLookupError):  # it has ended already, and whoever waits for it will say so
            os.sched_setaffinity(process.pid, cores)
        yield process
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    with process:  # closes its pipes and waits
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def part(module: str, cores: Cores) -> Iterator["subprocess.Popen[bytes]"]:
    """Run one of the bench's own modules beside the measured core."""
    with running([sys.executable, "-m", module], cores=cores.rest) as process:
        yield process


def load(task: Task, cores: Cores) -> Result:
    """Run the clients to their end."""
    with clients(task, cores) as process:
        assert process.stdout is not None
        return msgspec.json.decode(_line(process), type=Result)


@contextmanager
def clients(task: Task, cores: Cores) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the clients beside the block."""
    with part("bench.load", cores) as process:
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(task) + b"\n")
        process.stdin.flush()
        yield process


def hold(task: Task, cores: Cores, look: Callable[[], T]) -> tuple[T, Result]:
    """Look while every connection waits inside its answer."""
    with clients(task, cores) as process:
        assert process.stdin is not None
        _line(process)
        seen = look()
        process.stdin.close()
        return seen, msgspec.json.decode(_line(process), type=Result)


@contextmanager
def provider(cores: Cores) -> Iterator[tuple[int, int]]:
    """Run the provider's stand-in: its process id and port."""
    with part("bench.upstream", cores) as process:
        yield process.pid, int(_line(process))


def _line(process: "subprocess.Popen[bytes]") -> bytes:
    """Return the next line of its output."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"bench: {process.args!r} ended before it answered")
    return line


def wait_until(true: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Wait for a server to come up."""
    deadline = time.monotonic() + START_SECONDS
    while not true():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"bench: {process.args!r} did not come up")
        time.sleep(POLL)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
