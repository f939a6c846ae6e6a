"""What every room's tests may ask for: a PostgreSQL, a database of one's own, an open store, two people.

The server is aibridge's own embedded one in the folder of this run, shared by all xdist workers, or the one that
AIBRIDGE_TEST_DATABASE_URL names (its role must be allowed to create databases). It is migrated once, into a template.
"""

import hashlib
import logging
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import hypothesis
import pytest
import structlog

from aibridge.store.connections import Connection
from aibridge.store.migrate import load_migrations
from aibridge.store.pool import Store, open_store
from support import keeper, postgres
from support.psql import looking

# The same examples on every machine, and a slow one is no failure.
hypothesis.settings.load_profile("ci")

_KEEPER = pytest.StashKey[subprocess.Popen[bytes]]()

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background jobs ignore Ctrl-C, and every process that a test starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Before there are workers: what they start shall be told of the run too, and all shall name the tests alike.

    A test's name may hold a set, whose order follows from the seed of the hashes.
    """
    os.environ.setdefault("PYTHONHASHSEED", "1")
    factory = getattr(session.config, "_tmp_path_factory", None)
    if isinstance(factory, pytest.TempPathFactory) and not hasattr(session.config, "workerinput"):
        session.config.stash[_KEEPER] = keeper.watch(factory.getbasetemp())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A green run without a browser has said nothing of the pages, and shall not look as if it had."""
    left_out = sum("browser" in report.keywords for report in terminalreporter.stats.get("skipped", []))
    if left_out:
        terminalreporter.section("NO BROWSER", sep="!", red=True)
        terminalreporter.line(f"{left_out} tests that drive the pages in Chromium were left out.", red=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last word is the controller's, also after Ctrl-C."""
    if _KEEPER in config.stash:
        keeper.dismiss(config.stash[_KEEPER])


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """What a test sets up for the process's logs ends with it: levels and captured warnings are global."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        logging.captureWarnings(False)
        root.setLevel(level)
        root.handlers[:] = [*handlers]


@pytest.fixture(scope="session")
def database_server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The address of a PostgreSQL server, as a role that may create databases."""
    given = os.environ.get("AIBRIDGE_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with postgres.embedded_server(postgres.shared_folder(tmp_path_factory.getbasetemp(), worker_id)) as server:
        yield server


@pytest.fixture(scope="session")
def template(database_server: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """The name of a migrated database to copy, made once for each state of the migrations."""
    state = hashlib.sha256(b"".join(migration.sha256 for migration in load_migrations())).hexdigest()[:12]
    lock = postgres.shared_folder(tmp_path_factory.getbasetemp(), worker_id).with_suffix(".template.lock")
    with postgres.alone(lock):
        postgres.in_a_thread(postgres.make_template(database_server, f"aibridge_template_{state}"))
    return f"aibridge_template_{state}"


@pytest.fixture
async def empty_database(database_server: str) -> AsyncIterator[str]:
    """The address of a database with nothing in it."""
    async with postgres.fresh_database(database_server) as dsn:
        yield dsn


@pytest.fixture
async def database(database_server: str, template: str) -> AsyncIterator[str]:
    """The address of a fresh, migrated database of this test's own."""
    async with postgres.fresh_database(database_server, template) as dsn:
        yield dsn


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    """An open store on that database."""
    async with open_store(database) as opened:
        yield opened


@pytest.fixture
async def psql(database: str) -> AsyncIterator[Connection]:
    """A connection past the store, to look at what it did."""
    async with looking(database) as connection:
        yield connection


@pytest.fixture
async def another_psql(database: str) -> AsyncIterator[Connection]:
    """One more, for what takes two."""
    async with looking(database) as connection:
        yield connection


@pytest.fixture
async def alice(store: Store) -> UUID:
    """Someone who asks."""
    return (await store.people.create_user("alice", name="Alice")).id


@pytest.fixture
async def bob(store: Store) -> UUID:
    """Someone else."""
    return (await store.people.create_user("bob")).id
