"""The embedded PostgreSQL: who starts it, who stops it, and what survives whom. Real servers, real kills."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from aibridge.errors import EmbeddedPostgresError
from aibridge.store.embedded import EmbeddedPostgres, open_embedded
from aibridge.store.embedded.configuration import configuration
from support.postgres_visitor import Visitor, runs


@pytest.fixture
def fresh_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder that is still to be made, below a closed one as pytest's are; nothing may be left running."""
    yield tmp_path / "data"
    assert not runs(tmp_path / "data")


@pytest.fixture(scope="module")
def made_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a database in it."""
    folder = tmp_path_factory.mktemp("embedded")
    with EmbeddedPostgres(folder):
        pass
    return folder


@pytest.fixture
def data_dir(made_dir: Path) -> Iterator[Path]:
    """The same for every test; nothing may be left running."""
    yield made_dir
    assert not runs(made_dir)


async def ask(dsn: str, question: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return str(await connection.fetchval(question))
    finally:
        await connection.close()


async def test_the_first_one_in_starts_it_and_the_last_one_out_stops_it(data_dir: Path) -> None:
    async with open_embedded(data_dir) as server:
        assert (await ask(server.dsn, "SELECT version()")).startswith("PostgreSQL ")
        async with open_embedded(data_dir) as joined:
            assert joined.pid == server.pid
        assert runs(data_dir)
        assert await ask(server.dsn, "SELECT 1") == "1"
    assert not runs(data_dir)


async def test_what_was_written_is_there_at_the_next_start(data_dir: Path) -> None:
    async with open_embedded(data_dir) as server:
        await ask(server.dsn, "CREATE TABLE remembered AS SELECT 42 AS answer")
    async with open_embedded(data_dir) as server:
        assert await ask(server.dsn, "SELECT answer FROM remembered") == "42"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("listen_addresses", ""),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("log_min_error_statement", "panic"),
    ],
)
async def test_it_is_durable_private_and_discreet(one_server: EmbeddedPostgres, name: str, value: str) -> None:
    assert await ask(one_server.dsn, f"SHOW {name}") == value


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One for the tests that only look."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("embedded")) as server:
        yield server


async def test_another_database_on_the_same_server_has_an_address_too(one_server: EmbeddedPostgres) -> None:
    await ask(one_server.dsn, 'CREATE DATABASE "odd name"')
    assert await ask(one_server.dsn_of("odd name"), "SELECT current_database()") == "odd name"


async def test_errors_leave_no_values_in_the_log(one_server: EmbeddedPostgres) -> None:
    await ask(one_server.dsn, "CREATE TABLE secrets (text text PRIMARY KEY)")
    for _ in range(2):
        with suppress(asyncpg.UniqueViolationError):
            await ask(one_server.dsn, "INSERT INTO secrets VALUES ('canary') RETURNING text")
    log = one_server.log_file.read_text()
    assert "duplicate key" in log
    assert "canary" not in log


def test_two_at_once_get_one_server(fresh_dir: Path) -> None:
    """Neither knows of the other, and there is nothing yet."""
    first, second = Visitor(fresh_dir), Visitor(fresh_dir)
    assert first.arrived().pid == second.arrived().pid
    first.leave()
    assert runs(fresh_dir)
    second.leave()
    assert not runs(fresh_dir)


def test_kill_9_of_ours_leaves_the_server_to_the_next_one_who_stops_it(data_dir: Path) -> None:
    killed = Visitor(data_dir).arrived()
    killed.kill()
    assert runs(data_dir)
    with Visitor(data_dir) as next_one:
        assert next_one.pid == killed.pid
    assert not runs(data_dir)


def test_kill_9_of_everybody_at_once_costs_the_next_start_nothing_but_recovery(data_dir: Path) -> None:
    for _ in range(3):
        visitor = Visitor(data_dir).arrived()
        os.kill(visitor.pid, signal.SIGKILL)
        visitor.kill()
    with Visitor(data_dir):
        assert runs(data_dir)


async def test_kill_9_of_the_postmaster_is_noticed_and_mended(
    data_dir: Path, told: Callable[[str], asyncio.Event]
) -> None:
    async with open_embedded(data_dir) as server, asyncio.TaskGroup() as tasks:
        await ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        monitor = tasks.create_task(server.monitor())
        for _ in range(3):
            killed, back = server.pid, told("is back")
            assert killed
            await asyncio.sleep(0)  # the monitor looks at the new postmaster
            os.kill(killed, signal.SIGKILL)
            async with asyncio.timeout(30):
                await back.wait()
            assert server.pid != killed
            assert await ask(server.dsn, "SELECT answer FROM kept") == "42"
        monitor.cancel()


@pytest.mark.parametrize(
    ("platform", "release", "at_once"),
    [
        ("linux", "6.18.44-generic", True),
        ("linux", "5.8.0", True),
        ("linux", "5.7.19", False),
        ("linux", "4.19", False),
        ("linux", "unknown", False),
        ("darwin", "25.1.0", False),
    ],
)
def test_files_are_made_durable_at_once_where_that_is_told_truly(platform: str, release: str, *, at_once: bool) -> None:
    """One call for all files after a crash: a thousand keep a busy machine for seconds, and the gateway waiting."""
    assert ("recovery_init_sync_method = syncfs" in configuration(platform, release)) is at_once


async def test_a_server_that_does_not_come_back_is_tried_again(
    data_dir: Path, told: Callable[[str], asyncio.Event]
) -> None:
    """As with a full disk: the reason is logged, and it comes back once the reason is gone."""
    async with open_embedded(data_dir) as server, asyncio.TaskGroup() as tasks:
        control = data_dir / "postgres" / "global" / "pg_control"
        control.rename(control.with_name("away"))
        failed, back = told("does not come back"), told("is back")
        monitor = tasks.create_task(server.monitor())
        assert server.pid
        os.kill(server.pid, signal.SIGKILL)
        async with asyncio.timeout(30):
            await failed.wait()
            control.with_name("away").rename(control)
            await back.wait()
        assert await ask(server.dsn, "SELECT 1") == "1"
        monitor.cancel()


@pytest.fixture
def told() -> Iterator[Callable[[str], asyncio.Event]]:
    """Make an event of a line in the log."""
    awaited: dict[str, asyncio.Event] = {}

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            for words, event in awaited.items():
                if words in record.getMessage():
                    event.set()

    def event_of(words: str) -> asyncio.Event:
        awaited[words] = asyncio.Event()
        return awaited[words]

    logger = logging.getLogger("aibridge.store.embedded.server")
    listener = Listener()
    logger.addHandler(listener)
    yield event_of
    logger.removeHandler(listener)


def test_a_monitor_that_is_late_does_not_start_what_was_left(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    with server:
        pass
    server._revive()
    assert not runs(data_dir)


def test_leaving_twice_or_without_having_entered_does_nothing(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server.leave()
    with server:
        server.leave()
    with pytest.raises(EmbeddedPostgresError, match="has not been entered"):
        _ = EmbeddedPostgres(data_dir).dsn


async def test_a_cancelled_start_leaves_nothing_running(fresh_dir: Path) -> None:
    async def start() -> None:
        async with open_embedded(fresh_dir):
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        starting = tasks.create_task(start())
        await asyncio.sleep(0)  # it is in its thread
        starting.cancel()
    assert not runs(fresh_dir)


def test_ctrl_c_to_the_process_group_does_not_reach_the_server(data_dir: Path) -> None:
    """The program leaves in its own time; only then the server stops."""
    with Visitor(data_dir) as other:
        visitor = Visitor(data_dir).arrived()
        os.killpg(visitor.process.pid, signal.SIGINT)
        assert "KeyboardInterrupt" in visitor.leave()
        assert runs(data_dir)
        assert os.getsid(other.pid) == other.pid
    assert not runs(data_dir)


def test_a_pid_file_that_names_somebody_else_is_no_obstacle(data_dir: Path) -> None:
    """After a container's restart the old postmaster's number may be anybody's, ours for instance."""
    with Visitor(data_dir) as visitor:
        lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
        os.kill(visitor.pid, signal.SIGKILL)
    assert not runs(data_dir)
    (data_dir / "postgres" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    with Visitor(data_dir):
        assert runs(data_dir)


def test_a_data_folder_that_was_not_finished_is_made_anew(fresh_dir: Path) -> None:
    (fresh_dir / "postgres.unfinished" / "base").mkdir(parents=True)
    with Visitor(fresh_dir):
        assert not (fresh_dir / "postgres.unfinished").exists()


def test_a_long_log_is_set_aside(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        log = server.log_file
    log.write_bytes(b"x" * 5 * 2**20)
    with EmbeddedPostgres(data_dir):
        assert log.stat().st_size < 2**20
        assert log.with_name("server.log.1").stat().st_size == 5 * 2**20
