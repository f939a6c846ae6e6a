"""Any text that a client calls its session stands in one segment of a path, and comes back."""

from uuid import UUID

import pytest

from aibridge.web.addresses import from_segment, session_path, to_segment

HARD = (
    "a/b",
    ".",
    "..",
    "...",
    "%2e%2e",
    "~",
    "~YQ",
    "a b",
    "x?y#z",
    "ä/😀",
    "مرحبا",
    "z" * 256,
    "-",
    "\\",
    "a\nb",
    "+",
    "menus",
)


@pytest.mark.parametrize("id_", HARD)
def test_hard_ids_come_back(id_: str) -> None:
    segment = to_segment(id_)
    assert from_segment(segment) == id_
    assert segment.isascii()
    assert not set("/\\?#%+ .\n") & set(segment)


def test_plain_ids_stand_as_they_are() -> None:
    id_ = "7f3c9a52-41d8-4c1e-9a37-0be2d5c4e681"
    someone = UUID(int=7)
    assert session_path(id_) == f"/sessions/{id_}"
    assert session_path(id_, "rows", initiator=someone) == f"/sessions/{id_}/rows?initiator={someone}"
    assert to_segment("v1.2:run_3") == "v1.2:run_3"


@pytest.mark.parametrize("segment", ["~", "~!", "~YQ=!", "~gA", "~a"])
def test_what_is_no_address_of_ours_is_the_id_itself(segment: str) -> None:
    assert from_segment(segment) == segment
