"""`aibridge export`: the record in a file, and a file that goes on."""

import json
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest

from aibridge.cli.export import BLOCK, last_whole
from aibridge.errors import AIBridgeError
from aibridge.records import UserStatus
from aibridge.store.pool import Store
from support.auditing import carried
from support.rows import at, begun, call
from support.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path, database: str) -> Terminal:
    return Terminal(tmp_path, DATABASE_URL=database)


async def test_everything_newest_first(terminal: Terminal, store: Store, alice: UUID, bob: UUID) -> None:
    """On the standard output, whole or as rows; `--q` as on the lists."""
    hers = await carried(store, begun(alice))
    his = await carried(store, begun(bob, started_at=at(5)))
    lines = [json.loads(line) for line in terminal.read("export").splitlines()]
    assert [line["id"] for line in lines] == [str(his.id), str(hers.id)]
    rows = terminal.read("export", "--format", "csv", "--q", "initiator:alice").splitlines()
    assert [row.partition(",")[0] for row in rows] == ["id", str(hers.id)]


async def test_people_are_named_as_in_the_api(terminal: Terminal, store: Store, alice: UUID, bob: UUID) -> None:
    """By id and by name, also who was deleted."""
    hers = await carried(store, begun(alice))
    await carried(store, begun(bob))
    await store.people.set_status(alice, UserStatus.DELETED)
    for who in (str(alice), "alice"):
        lines = terminal.read("export", "--q", f"initiator:{who}").splitlines()
        assert [json.loads(line)["id"] for line in lines] == [str(hers.id)]


async def test_a_file_goes_on_behind_its_last_whole_line(
    terminal: Terminal, store: Store, alice: UUID, tmp_path: Path
) -> None:
    """Wherever it was cut, it becomes the whole; nobody else may read it."""
    for second in range(3):
        await carried(store, begun(alice, started_at=at(second)), tool_usages=(call("c", input="x" * 9000),))
    file = tmp_path / "log.jsonl"
    terminal.read("export", "--to", file)
    whole = file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    for cut in (0, 100, whole.index(b"\n") + 1, len(whole) - 1, len(whole)):
        file.write_bytes(whole[:cut])
        terminal.read("export", "--to", file, "--resume")
        assert file.read_bytes() == whole


async def test_what_is_refused(terminal: Terminal, store: Store, alice: UUID, tmp_path: Path) -> None:
    """In one sentence, and nothing is written."""
    for arguments, said in (
        (("--resume",), "--resume continues a JSONL file"),
        (("--resume", "--to", "x", "--format", "csv"), "--resume continues a JSONL file"),
        (("--q", "nonsense:x"), 'Query param "nonsense" is not known here'),
        (("--q", "initiator:nobody"), "There is no user nobody."),
    ):
        ended = terminal.call("export", *arguments)
        assert (ended.status, ended.out) == (1, "")
        assert said in ended.err
    file = tmp_path / "gone.jsonl"
    file.write_text(f'{{"id":"{UUID(int=1)}"}}\n')
    assert "is no longer on record" in terminal.call("export", "--to", file, "--resume").err


async def test_a_file_is_replaced_only_by_what_could_be_read(
    terminal: Terminal, store: Store, alice: UUID, tmp_path: Path
) -> None:
    """A mistyped query, or a database that is away, leaves the export of yesterday alone, and makes no empty file."""
    hers = await carried(store, begun(alice))
    file = tmp_path / "log.jsonl"
    file.write_text("yesterday's\n")
    away = Terminal(tmp_path, DATABASE_URL="postgresql://127.0.0.1:1/db")
    for refused in (terminal.call("export", "--to", file, "--q", "nonsense:x"), away.call("export", "--to", file)):
        assert refused.status == 1
        assert file.read_text() == "yesterday's\n"
    assert terminal.call("export", "--to", tmp_path / "new.jsonl", "--q", "initiator:nobody").status == 1
    assert not (tmp_path / "new.jsonl").exists()
    terminal.read("export", "--to", file)
    assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == [str(hers.id)]


@pytest.mark.parametrize(
    ("content", "left", "last"),
    [
        (b"", b"", None),
        (b"half a line", b"", None),
        (b'{"id":"00000000-0000-0000-0000-000000000001"}\nrest', None, UUID(int=1)),
        (
            b'{"id":"00000000-0000-0000-0000-000000000001"}\n{"id":"00000000-0000-0000-0000-000000000002"}\n',
            None,
            UUID(int=2),
        ),
        (b'{"id":"00000000-0000-0000-0000-000000000003","x":"%s"}\n' % (b"x" * 3 * BLOCK), None, UUID(int=3)),
    ],
)
def test_the_last_whole_line(content: bytes, left: bytes | None, last: UUID | None) -> None:
    """Found from the end, however long it is; what stands behind it is dropped."""
    file = BytesIO(content)
    assert last_whole(file) == last
    assert file.getvalue() == (content[: content.rfind(b"\n") + 1] if left is None else left)
    assert file.tell() == len(file.getvalue())


def test_a_file_of_another_kind_is_left_alone() -> None:
    with pytest.raises(AIBridgeError, match="not an interception"):
        last_whole(BytesIO(b"id,started_at\r\n"))
