"""Names that users may bear."""

from uuid import UUID

import pytest

from aibridge.auth.usernames import RULE, as_id, why_not

NOBODY = UUID(int=7)


@pytest.mark.parametrize("name", ["a", "9", "a.b-c_d", "x" * 64, "mee", "0" * 31])
def test_a_name(name: str) -> None:
    assert why_not(name) is None


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", ".a", "a b", "a\n", "ä", "x" * 65, "a/b", "a\x00"])
def test_no_name(name: str) -> None:
    assert why_not(name) == RULE


@pytest.mark.parametrize("name", ["me", str(NOBODY), NOBODY.hex])
def test_a_name_that_means_somebody_else(name: str) -> None:
    """A path or a filter would not reach who bears it."""
    assert why_not(name) not in {None, RULE}


def test_an_id() -> None:
    assert as_id(str(NOBODY).upper()) == NOBODY
    assert as_id("dana") is None
