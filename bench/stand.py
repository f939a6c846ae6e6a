"""The bench's stand: provider, PostgreSQL and nginx for a whole run, gateways for as long as they are wanted."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from aibridge.store.embedded import EmbeddedPostgres
from bench.database import Database
from bench.nginx import floor
from bench.processes import Cores, free_port, listens, provider, running, wait_until

GATEWAY_PATH = "/api/v2/aibridge/anthropic/v1/messages"
PLAIN_PATH = "/v1/messages"


class Server(msgspec.Struct, frozen=True):
    """Something that answers requests."""

    pid: int
    port: int
    path: str


class Stand(msgspec.Struct, frozen=True):
    """All that stays for the whole run."""

    folder: Path
    cores: Cores
    database: Database
    provider: Server
    nginx: Server | None
    token: str
    environment: Mapping[str, str]

    @contextmanager
    def gateway(self) -> Iterator[Server]:
        """Run a fresh gateway: one worker, recording on, as it comes."""
        port = free_port()
        env = {**self.environment, "AIBRIDGE_LISTEN": f"127.0.0.1:{port}"}
        call = [sys.executable, "-m", "aibridge", "serve"]
        with running(call, cores=self.cores.measured, env=env, cwd=self.folder) as process:
            wait_until(lambda: listens(port), process)
            yield Server(process.pid, port, GATEWAY_PATH)


@contextmanager
def set_up() -> Iterator[Stand]:
    """Start what every figure needs; afterwards nothing of it is left."""
    cores = Cores.of_this_machine()
    os.sched_setaffinity(0, cores.rest)  # PostgreSQL, started from here, inherits it
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aibridge-bench-")))
        upstream = Server(*stack.enter_context(provider(cores)), PLAIN_PATH)
        nginx = stack.enter_context(floor(folder, upstream.port, cores))
        environment = _environment(folder, upstream.port)
        server = stack.enter_context(EmbeddedPostgres(folder / "data"))
        assert server.pid is not None
        yield Stand(
            folder=folder,
            cores=cores,
            database=Database(server.dsn, server.pid),
            provider=upstream,
            nginx=Server(*nginx, PLAIN_PATH) if nginx else None,
            token=_account(folder, environment),
            environment=environment,
        )


def _environment(folder: Path, port: int) -> dict[str, str]:
    """Return this environment without settings and proxies of the person who runs the bench."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AIBRIDGE_") and not name.lower().endswith("_proxy")
    }
    return kept | {
        "AIBRIDGE_DATA_DIR": str(folder / "data"),
        "AIBRIDGE_ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}",
        "AIBRIDGE_ANTHROPIC_KEY": "sk-bench",
        "AIBRIDGE_LOG_LEVEL": "warning",
    }


def _account(folder: Path, environment: Mapping[str, str]) -> str:
    """Make a user and return a token, by the commands that a person uses."""

    def aibridge(*arguments: str) -> str:
        call = [sys.executable, "-m", "aibridge", *arguments]
        ended = subprocess.run(call, check=True, cwd=folder, env=dict(environment), stdout=subprocess.PIPE, text=True)
        return ended.stdout.strip()

    aibridge("users", "create", "bench")
    return aibridge("tokens", "create", "bench")
