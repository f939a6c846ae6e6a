"""aibridge tokens: `aib_<id>_<secret>`. The id is public and finds the row; only a SHA-256 of the secret is stored.

A plain SHA-256 is enough here: the secret is 256 random bits, so there is nothing to guess that a slow hash would
protect (unlike passwords, see `passwords`).
"""

import base64
import hashlib
import hmac
import re
import secrets

import msgspec

ID_BYTES = 10
"""80 bits: 16 characters of base32."""
SECRET_BYTES = 32
"""256 bits: 52 characters of base32 without padding."""
MAX_LENGTH = 4 + 16 + 1 + 52
"""Characters of a token; anything longer is refused unread."""

_SHAPE = re.compile(rb"aib_([a-z2-7]{16})_([a-z2-7]{52})")
_LOOKS_LIKE = re.compile(rb"aib_[0-9A-Za-z]{4,}_[0-9A-Za-z]{8,}")
"""Wider than the shape on purpose: a mistyped or future token must not leave the gateway either."""


class MintedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new token. `token` is shown once and kept nowhere; `id` and `secret_sha256` are what the store keeps."""

    token: str
    id: str
    secret_sha256: bytes
    """32 bytes."""


class ParsedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A well-formed token; whether it is a valid one only the store knows."""

    id: str
    secret_sha256: bytes
    """32 bytes."""


def mint() -> MintedToken:
    """Make a new token from the system's randomness."""
    token_id, secret = _letters(ID_BYTES), _letters(SECRET_BYTES)
    return MintedToken(
        token=f"aib_{token_id}_{secret}",
        id=token_id,
        secret_sha256=hashlib.sha256(secret.encode()).digest(),
    )


def parse(text: str | bytes) -> ParsedToken | None:
    """Read a token; None unless it is exactly of the minted shape. Surrounding blanks are not forgiven."""
    if len(text) != MAX_LENGTH:
        return None
    raw = text.encode(errors="replace") if isinstance(text, str) else text
    match = _SHAPE.fullmatch(raw)
    if match is None:
        return None
    return ParsedToken(id=match[1].decode(), secret_sha256=hashlib.sha256(match[2]).digest())


def carries_token(value: bytes) -> bool:
    """Return whether something that looks like an aibridge token is anywhere in a header's value."""
    return b"aib_" in value and _LOOKS_LIKE.search(value) is not None


def same_secret(one: bytes, other: bytes) -> bool:
    """Compare two secret hashes in constant time."""
    return hmac.compare_digest(one, other)


def _letters(count: int) -> str:
    return base64.b32encode(secrets.token_bytes(count)).decode().rstrip("=").lower()
