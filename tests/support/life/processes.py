"""Real processes under test: started, found, ended, and none of them left behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from aibridge.store.embedded.short_path import short_path

TESTS = Path(__file__).resolve().parents[2]
SOURCE = TESTS.parent / "src"
PATIENCE = 60.0
"""Seconds. A slow machine under load is no failure."""

T = TypeVar("T")


async def eventually(look: Callable[[], T | None], *, within: float = PATIENCE) -> T:
    """Wait for what another process does: look until something is there. In a thread: nobody's clients are held up."""
    deadline = time.monotonic() + within
    while not (found := await asyncio.to_thread(look)):
        assert time.monotonic() < deadline, f"{look} saw nothing in {within} s"
        await asyncio.sleep(0.02)
    return found


# ------------------------------------------------------------------ the process table


def processes() -> Iterator[int]:
    """Ids of all processes that live."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _state(int(entry.name)) not in ("", "Z", "X"):
            yield int(entry.name)


def of_folder(folder: Path) -> set[int]:
    """Every process that works in this folder or was told of it: gateways, workers, the whole of PostgreSQL."""
    return {pid for pid in processes() if pid != os.getpid() and (_works_in(pid, folder) or _was_told_of(pid, folder))}


def told_of(folder: Path) -> set[int]:
    """Every process that got this folder, or one below it, in its environment."""
    return {pid for pid in processes() if pid != os.getpid() and _was_told_of(pid, folder)}


def children(pid: int) -> set[int]:
    """Ids of the processes that this one started."""
    return {other for other in processes() if _stat(other)[1:2] == [str(pid)]}


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal, if it still lives."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _works_in(pid: int, folder: Path) -> bool:
    with suppress(OSError):  # gone meanwhile, or somebody else's
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder)
    return False


def _was_told_of(pid: int, folder: Path) -> bool:
    with suppress(OSError):
        told = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        values = (each.partition(b"=")[2] for each in told if os.fsencode(folder) in each)
        return any(Path(os.fsdecode(value)).is_relative_to(folder) for value in values)
    return False


def _stat(pid: int) -> list[str]:
    """State, parent, …: what follows the name in proc(5)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _state(pid: int) -> str:
    return next(iter(_stat(pid)), "")


# ------------------------------------------------------------------ the gateway


class Home:
    """A home with a data folder, and the PostgreSQL in it, seen from outside."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.served: list[Served] = []
        self._cluster = root / "data" / "postgres"

    @property
    def dsn(self) -> str:
        """The address of its database."""
        host = quote(str(short_path(self._cluster, ".s.PGSQL.5432")), safe="/")
        return f"postgresql://aibridge@/aibridge?host={host}&port=5432"

    @property
    def postmaster(self) -> int | None:
        """Its process id, as it wrote it."""
        with suppress(OSError, ValueError, IndexError):
            return int((self._cluster / "postmaster.pid").read_text().splitlines()[0])
        return None

    def postgres(self) -> set[int]:
        """The postmaster and its children, as they live now; nothing while it has none."""
        postmaster = self.postmaster
        born = children(postmaster) if postmaster else set()
        return {postmaster, *born} & set(processes()) if postmaster and born else set()

    def start(self, upstream: str, **environ: str) -> "Served":
        """Start `aibridge serve` on a free port, as the leader of a session. `environ` adds settings."""
        self.root.mkdir(parents=True, exist_ok=True)
        log = self.root / f"serve-{len(self.served)}.log"
        settings = {
            "PATH": os.defpath,
            "PYTHONPATH": str(SOURCE),
            "HOME": str(self.root),
            "AIBRIDGE_DATA_DIR": str(self.root / "data"),
            "AIBRIDGE_LISTEN": "127.0.0.1:0",
            "AIBRIDGE_ANTHROPIC_BASE_URL": upstream,
            "AIBRIDGE_ANTHROPIC_KEY": "sk-provider-0123456789abcdef",
            "AIBRIDGE_OPENAI_BASE_URL": f"{upstream}/v1",
            "AIBRIDGE_OPENAI_KEY": "sk-provider-0123456789abcdef",
        }
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "aibridge", "serve"],
                env=settings | environ,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                start_new_session=True,
            )
        self.served.append(Served(process, log))
        return self.served[-1]

    async def serving(self, upstream: str, **environ: str) -> "Served":
        """Start it and wait until it listens."""
        served = self.start(upstream, **environ)
        served.url = await eventually(served.listening)
        return served

    async def empty(self, *, within: float = PATIENCE) -> None:
        """Wait until nothing of it runs any more."""
        await eventually(lambda: not of_folder(self.root), within=within)


class Served:
    """One `aibridge serve`."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log
        self.url = ""

    @property
    def port(self) -> int:
        """On 127.0.0.1."""
        return int(self.url.rpartition(":")[2])

    def said(self) -> list[dict[str, object]]:
        """The lines of its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def listening(self) -> str:
        """The address once it is announced, else nothing."""
        assert self.process.poll() is None, self.log.read_text()
        return next((str(line["url"]) for line in self.said() if line["event"] == "aibridge is listening"), "")

    def workers(self) -> set[int]:
        """Its worker processes, where it has several."""
        return children(self.process.pid)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to its process group, as a terminal or an init system does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    async def ended(self, *, within: float = PATIENCE) -> int:
        """Wait for its end and return the exit status."""
        await eventually(lambda: self.process.poll() is not None, within=within)
        assert self.process.returncode is not None
        return self.process.returncode

    async def kill(self) -> None:
        """Let it die at once."""
        self.process.kill()
        await self.ended()


# ------------------------------------------------------------------ the provider


@asynccontextmanager
async def provider(*, pause: float) -> AsyncIterator[str]:
    """The address of a scripted provider, in a process of its own."""
    process = _start_provider(pause)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        address = await asyncio.to_thread(process.stdout.readline)
        assert address, "the provider did not start"
        yield address.decode().strip()
    finally:
        process.stdin.close()
        process.stdout.close()
        process.kill()
        process.wait()


def _start_provider(pause: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "support.life.provider", str(pause)],
        env={"PATH": os.defpath, "PYTHONPATH": f"{SOURCE}{os.pathsep}{TESTS}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
