"""How long a token lasts, and its state."""

from datetime import datetime, timedelta
from enum import StrEnum

from aibridge.durations import duration

MAX_LIFETIME = timedelta(days=36525)
"""100 years: beyond it "for ever" is meant, which is said by leaving the end out."""


class TokenStatus(StrEnum):
    """The state of a token alone; the status of its user is separate."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


def lifetime(text: str) -> timedelta:
    """Read how long a token lasts: `90d`, `12h`, `8w`. A `ValueError` completes the sentence "it must be …"."""
    found = duration(text)
    try:
        lasting = timedelta(seconds=found or 0)
    except OverflowError:
        lasting = MAX_LIFETIME + timedelta(days=1)
    if not timedelta() < lasting <= MAX_LIFETIME:
        raise ValueError("a time such as 90d, 12h or 8w, of at most 100 years")
    return lasting


def check_end(expires_at: datetime, *, now: datetime) -> None:
    """Raise `ValueError`, worded as above, for an end that has passed or lies beyond all sense."""
    if not now < expires_at <= now + MAX_LIFETIME:
        raise ValueError("in the future, within 100 years")


def token_status(*, revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> TokenStatus:
    """Return the state of a token. Revoked takes precedence over expired: somebody did it on purpose."""
    if revoked_at is not None:
        return TokenStatus.REVOKED
    return TokenStatus.EXPIRED if expires_at is not None and expires_at <= now else TokenStatus.ACTIVE
