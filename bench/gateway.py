"""The gateway as its users start it, and the other commands of `aibridge`, undisturbed by whoever runs the bench."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.processes import Cores, free_port, listens, running, wait_until


class Server(msgspec.Struct, frozen=True):
    """Something that answers requests."""

    pid: int
    port: int
    path: str


class Installation(msgspec.Struct, frozen=True):
    """A folder and an environment in which the commands of aibridge run."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path, **settings: str) -> "Installation":
        """Leave out settings and proxies of the person who runs the bench. The data folder is `data` in `folder`."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("AIBRIDGE_") and not name.lower().endswith("_proxy")
        }
        ours = {"DATA_DIR": str(folder / "data"), "LOG_LEVEL": "warning", **settings}
        return cls(folder, kept | {f"AIBRIDGE_{name}": value for name, value in ours.items()})

    def call(self, *arguments: str) -> str:
        """Run one command to its end; return what it printed."""
        ended = subprocess.run(
            [sys.executable, "-m", "aibridge", *arguments],
            check=True,
            cwd=self.folder,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            text=True,
        )
        return ended.stdout.strip()

    @contextmanager
    def serving(self, cores: Cores, path: str = "") -> Iterator[Server]:
        """Run a fresh gateway: one worker, recording on, as it comes."""
        port = free_port()
        env = {**self.environment, "AIBRIDGE_LISTEN": f"127.0.0.1:{port}"}
        call = [sys.executable, "-m", "aibridge", "serve"]
        with running(call, cores=cores.measured, env=env, cwd=self.folder) as process:
            wait_until(lambda: listens(port), process)
            yield Server(process.pid, port, path)
