"""`aibridge db`, with a database of one's own and with the embedded one."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from aibridge.store.migrate import load_migrations
from aibridge.store.pool import Store, open_store
from support.postgres_visitor import Visitor, runs
from support.terminal import Ended, Terminal

NAMES = [migration.name for migration in load_migrations()]


def states(listed: str) -> dict[str, str]:
    return dict(line.split("\t") for line in listed.splitlines())


def test_migrations_are_pending_then_applied_then_nothing_to_do(tmp_path: Path, empty_database: str) -> None:
    terminal = Terminal(tmp_path, DATABASE_URL=empty_database)
    before = states(terminal.read("db", "status"))
    assert int(before.pop("PostgreSQL")) >= 14
    assert before == dict.fromkeys(NAMES, "pending")
    assert terminal.read("db", "migrate").splitlines() == NAMES
    assert "pending" not in states(terminal.read("db", "status")).values()
    assert terminal.read("db", "migrate") == ""


def test_the_address_is_printed_as_it_was_set(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, DATABASE_URL="postgresql://me:secret@host/db")
    assert terminal.read("db", "url") == "postgresql://me:secret@host/db"


async def test_a_dump_is_restored_into_an_empty_database(
    tmp_path: Path, store: Store, database: str, empty_database: str
) -> None:
    ada = await store.people.create_user("ada")
    dump = tmp_path / "aibridge.dump"
    Terminal(tmp_path, DATABASE_URL=database).read("db", "dump", dump)
    assert dump.stat().st_mode & 0o777 == 0o600
    Terminal(tmp_path, DATABASE_URL=empty_database).read("db", "restore", dump)
    async with open_store(empty_database) as restored:
        assert await restored.people.find_user("ada") == ada


async def test_a_database_that_holds_something_is_replaced_only_by_force(tmp_path: Path, database: str) -> None:
    terminal = Terminal(tmp_path, DATABASE_URL=database)
    terminal.read("users", "create", "ada")
    terminal.read("db", "dump", "a.dump")
    terminal.read("users", "create", "bob")
    assert terminal.call("db", "restore", "a.dump") == Ended(
        1, "", "aibridge: The database is not empty. With --force, what it holds is replaced by the dump.\n"
    )
    terminal.read("db", "restore", "--force", "a.dump")
    assert [line.split("\t")[0] for line in terminal.read("users", "list").splitlines()] == ["ada"]


async def test_a_database_in_use_is_not_replaced(tmp_path: Path, database: str, store: Store) -> None:
    terminal = Terminal(tmp_path, DATABASE_URL=database)
    terminal.read("db", "dump", "a.dump")
    await store.people.list_users()
    ended = terminal.call("db", "restore", "--force", "a.dump")
    assert ended == Ended(
        1, "", "aibridge: The database is in use (other connections: 1). Stop aibridge and all other programs on it.\n"
    )


def test_a_damaged_dump_changes_nothing(tmp_path: Path, database: str) -> None:
    terminal = Terminal(tmp_path, DATABASE_URL=database)
    terminal.read("users", "create", "ada")
    terminal.read("db", "dump", "a.dump")
    whole = (tmp_path / "a.dump").read_bytes()
    (tmp_path / "a.dump").write_bytes(whole[: len(whole) // 2])
    ended = terminal.call("db", "restore", "--force", "a.dump")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("aibridge: pg_restore: error: ")
    assert terminal.read("users", "list").startswith("ada\t")


def test_a_dump_replaces_one_of_before_only_when_it_is_whole(tmp_path: Path, database: str) -> None:
    """As scripts expect of pg_dump, it does not ask; but one that fails leaves the dump of yesterday alone."""
    dump = tmp_path / "nightly.dump"
    dump.write_bytes(b"yesterday's")
    ended = Terminal(tmp_path, DATABASE_URL="postgresql://127.0.0.1:1/db").call("db", "dump", dump)
    assert (ended.status, dump.read_bytes()) == (1, b"yesterday's")
    Terminal(tmp_path, DATABASE_URL=database).read("db", "dump", dump)
    assert dump.read_bytes().startswith(b"PGDMP")
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".unfinished"] == []


def test_a_dump_into_a_pipe_or_through_a_link_replaces_neither(tmp_path: Path, database: str) -> None:
    """Replaced like a file, `/dev/null` would be one for everybody on the machine."""
    terminal = Terminal(tmp_path, DATABASE_URL=database)
    pipe, link = tmp_path / "pipe", tmp_path / "latest.dump"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        ended = terminal.call("db", "dump", pipe)
        if not pipe.is_fifo():
            reader.kill()  # nobody writes any more
        came = reader.communicate()[0]
    assert (ended, came[:5], pipe.is_fifo()) == (Ended(0, "", ""), b"PGDMP", True)
    link.symlink_to("monday.dump")
    terminal.read("db", "dump", link)
    assert link.is_symlink()
    assert (tmp_path / "monday.dump").read_bytes().startswith(b"PGDMP")


def test_a_dump_that_cannot_be_written_is_a_sentence(tmp_path: Path, database: str) -> None:
    ended = Terminal(tmp_path, DATABASE_URL=database).call("db", "dump", "/nonexistent/a.dump")
    assert ended == Ended(1, "", "aibridge: /nonexistent/a.dump cannot be written: No such file or directory.\n")


def test_a_database_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    ended = Terminal(tmp_path, DATABASE_URL="postgresql://127.0.0.1:1/db").call("users", "list")
    assert (ended.status, ended.out, len(ended.err.splitlines())) == (1, "", 1)
    assert "Traceback" not in ended.err


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_without_a_database_of_ones_own_the_embedded_one_is_used_and_stopped(tmp_path: Path, data_dir: Path) -> None:
    terminal = Terminal(tmp_path, DATA_DIR=str(data_dir))
    terminal.read("users", "create", "ada")
    terminal.read("db", "dump", "a.dump")
    assert "host=" in terminal.read("db", "url")
    assert not runs(data_dir)
    shutil.rmtree(data_dir)
    terminal.read("db", "restore", "a.dump")
    assert terminal.read("users", "list").startswith("ada\t")
    assert not runs(data_dir)


def test_a_server_that_runs_already_is_joined_and_left_running(tmp_path: Path, data_dir: Path) -> None:
    terminal = Terminal(tmp_path, DATA_DIR=str(data_dir))
    with Visitor(data_dir) as visitor:
        terminal.read("users", "create", "ada")
        assert terminal.read("db", "url") == visitor.dsn
        assert runs(data_dir)
    assert not runs(data_dir)
