"""A process of its own that uses an embedded PostgreSQL until it is told to leave, or killed."""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from aibridge.store.embedded import locks

NOBODY = 65534

_VISIT = """
import sys
from pathlib import Path
from aibridge.errors import AIBridgeError
from aibridge.store.embedded import EmbeddedPostgres
try:
    with EmbeddedPostgres(Path(sys.argv[1])) as server:
        print(server.pid, server.dsn, flush=True)
        sys.stdin.read()
except AIBridgeError as error:
    sys.exit(str(error))
"""

_ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


class Visitor:
    """Starts at once; `arrived` waits until it is in. As a context manager it leaves at the end."""

    def __init__(self, data_dir: Path, *, user: int | None = None) -> None:
        self.process = subprocess.Popen(
            [python_for(user), "-c", _VISIT, str(data_dir)],
            env=_ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd="/",
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
        self.pid = 0
        self.dsn = ""

    def arrived(self) -> Self:
        """Wait until it is in; `pid` is the postmaster's then."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        pid, self.dsn = line.split(maxsplit=1)
        self.pid, self.dsn = int(pid), self.dsn.strip()
        return self

    def leave(self) -> str:
        """Let it go and wait until it has ended; what it said on the standard error."""
        return self.process.communicate(timeout=60)[1]

    def kill(self) -> None:
        """Kill -9."""
        self.process.kill()
        self.process.communicate(timeout=60)

    def __enter__(self) -> Self:
        return self.arrived()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.leave()


def runs(data_dir: Path) -> bool:
    """Whether any process of the folder's server is alive."""
    return data_dir.exists() and locks.is_held(data_dir / "postgres.alive")


def python_for(user: int | None) -> str:
    """A Python that this user may run and that finds aibridge, or an empty text.

    Ours may lie in a closed home; another of the same version can use our packages.
    """
    if user is None:
        return sys.executable
    if os.geteuid() != 0:
        return ""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        call = [python, "-c", "import aibridge, asyncpg"]
        try:
            subprocess.run(call, user=user, group=user, extra_groups=[], cwd="/", env=_ENVIRONMENT, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    return ""
