"""The bench's stand: provider, PostgreSQL and nginx for a whole run, gateways for as long as they are wanted."""

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import msgspec

from aibridge.store.embedded import EmbeddedPostgres
from bench.database import Database
from bench.gateway import Installation, Server
from bench.nginx import floor
from bench.processes import Cores, provider

GATEWAY_PATH = "/api/v2/aibridge/anthropic/v1/messages"
PLAIN_PATH = "/v1/messages"


class Stand(msgspec.Struct, frozen=True):
    """All that stays for the whole run."""

    cores: Cores
    database: Database
    provider: Server
    nginx: Server | None
    token: str
    installation: Installation

    def gateway(self) -> AbstractContextManager[Server]:
        """Run a fresh gateway before the provider."""
        return self.installation.serving(self.cores, GATEWAY_PATH)


@contextmanager
def set_up() -> Iterator[Stand]:
    """Start what every figure needs; afterwards nothing of it is left."""
    cores = Cores.of_this_machine()
    with ExitStack() as stack:
        stack.enter_context(cores.left_free())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aibridge-bench-")))
        upstream = Server(*stack.enter_context(provider(cores)), PLAIN_PATH)
        nginx = stack.enter_context(floor(folder, upstream.port, cores))
        installation = Installation.of(
            folder, ANTHROPIC_BASE_URL=f"http://127.0.0.1:{upstream.port}", ANTHROPIC_KEY="sk-bench"
        )
        server = stack.enter_context(EmbeddedPostgres(folder / "data"))
        assert server.pid is not None
        installation.call("users", "create", "bench")
        yield Stand(
            cores=cores,
            database=Database(server.dsn, server.pid),
            provider=upstream,
            nginx=Server(*nginx, PLAIN_PATH) if nginx else None,
            token=installation.call("tokens", "create", "bench"),
            installation=installation,
        )
