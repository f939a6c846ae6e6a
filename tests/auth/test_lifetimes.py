"""How long tokens last."""

from datetime import UTC, datetime, timedelta

import pytest

from aibridge.auth.lifetimes import MAX_LIFETIME, TokenStatus, check_end, lifetime, token_status

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90d", timedelta(days=90)),
        ("8w", timedelta(weeks=8)),
        ("1h 30m", timedelta(minutes=90)),
        ("36525d", MAX_LIFETIME),
    ],
)
def test_a_lifetime(text: str, expected: timedelta) -> None:
    assert lifetime(text) == expected


@pytest.mark.parametrize("text", ["", "0", "0d", "90", "-1d", "d", "soon", "36526d", "9" * 400 + "d", "0.0000001ms"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="a time such as 90d"):
        lifetime(text)


def test_an_end_lies_ahead_and_not_beyond_all_sense() -> None:
    for good in (LATER, NOW + MAX_LIFETIME):
        check_end(good, now=NOW)
    for bad in (NOW, BEFORE, NOW + MAX_LIFETIME + timedelta(seconds=1)):
        with pytest.raises(ValueError, match="in the future"):
            check_end(bad, now=NOW)


@pytest.mark.parametrize(
    ("revoked_at", "expires_at", "expected"),
    [
        (None, None, TokenStatus.ACTIVE),
        (None, LATER, TokenStatus.ACTIVE),
        (None, NOW, TokenStatus.EXPIRED),
        (None, BEFORE, TokenStatus.EXPIRED),
        (BEFORE, None, TokenStatus.REVOKED),
        (BEFORE, BEFORE, TokenStatus.REVOKED),
    ],
)
def test_what_became_of_a_token(
    revoked_at: datetime | None, expires_at: datetime | None, expected: TokenStatus
) -> None:
    assert token_status(revoked_at=revoked_at, expires_at=expires_at, now=NOW) is expected
