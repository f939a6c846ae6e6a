"""aibridge tokens: their shape, and what is kept of them."""

import hashlib
from collections.abc import Callable

import pytest

from aibridge.auth.tokens import MAX_LENGTH, carries_token, mint, parse, same_secret


def test_a_minted_token_is_read_back() -> None:
    """What `mint` gives the store is what `parse` finds in the token."""
    minted = mint()
    parsed = parse(minted.token)
    assert parsed is not None
    assert parsed.id == minted.id
    assert same_secret(parsed.secret_sha256, minted.secret_sha256)
    assert parse(minted.token.encode()) == parsed


def test_the_shape() -> None:
    """`aib_<id>_<secret>`: lower-case, no underscore inside, a secret of 256 bits, kept only as a SHA-256."""
    minted = mint()
    prefix, token_id, secret = minted.token.split("_")
    assert (prefix, token_id, len(token_id), len(secret)) == ("aib", minted.id, 16, 52)
    assert minted.token == minted.token.lower()
    assert len(minted.token) == MAX_LENGTH
    assert minted.secret_sha256 == hashlib.sha256(secret.encode()).digest()


def test_no_two_are_alike() -> None:
    assert len({mint().id for _ in range(200)}) == 200


@pytest.mark.parametrize(
    "break_it",
    [
        lambda token: "",
        lambda token: "aib_",
        lambda token: token + "a",
        lambda token: token[:-1],
        lambda token: token + "\n",
        lambda token: " " + token[:-1],
        lambda token: token.upper(),
        lambda token: token.replace("aib_", "aic_"),
        lambda token: token[:4] + "_" + token[5:],
        lambda token: token[:-1] + "é",
        lambda token: token[:-1] + "\ud800",
        lambda token: token[:-1] + "\0",
        lambda token: token * 10_000,
        lambda token: "Bearer " + token,
    ],
)
def test_anything_else_is_no_token(break_it: Callable[[str], str]) -> None:
    """Strict and bounded: near misses and monsters are refused without a look-up."""
    broken = break_it(mint().token)
    assert parse(broken) is None
    assert parse(broken.encode(errors="replace")) is None


def test_a_token_is_seen_inside_a_value() -> None:
    """What must never go upstream is found wherever it stands in a header, whole or damaged."""
    token = mint().token.encode()
    assert carries_token(b"Bearer " + token)
    assert carries_token(b"a=1, token=" + token + b"; b")
    assert carries_token(token[:40])
    assert carries_token(token + b"x")
    assert not carries_token(b"sk-ant-api03-aib_")
    assert not carries_token(b"")


def test_another_secret_is_not_the_same() -> None:
    assert not same_secret(mint().secret_sha256, mint().secret_sha256)
