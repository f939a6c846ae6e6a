"""Passwords: hashed slowly, checked honestly, refused with a reason."""

import asyncio

import pytest
from argon2 import PasswordHasher

from aibridge.auth.passwords import PasswordDesk, check_rules, hash_password, outdated, verify_password
from aibridge.errors import PasswordRefused

GOOD = "correct horse battery staple"


def test_only_the_right_password_verifies() -> None:
    kept = hash_password(GOOD)
    assert kept.startswith("$argon2id$")
    assert GOOD not in kept
    assert verify_password(kept, GOOD)
    assert not verify_password(kept, GOOD + " ")
    assert not verify_password(kept, "")


def test_the_same_password_never_hashes_alike() -> None:
    assert hash_password(GOOD) != hash_password(GOOD)


def test_composed_and_decomposed_accents_are_one_password() -> None:
    """Two keyboards may send `é` as one code point or as two."""
    assert verify_password(hash_password("caf\u00e9 au lait, merci"), "cafe\u0301 au lait, merci")


def test_nobody_has_no_password() -> None:
    """An unknown user, a broken hash and an endless password are a plain no, never an error."""
    assert not verify_password(None, GOOD)
    assert not verify_password(None, "")
    assert not verify_password("not a hash", GOOD)
    assert not verify_password(hash_password(GOOD), "x" * 1_000_000)


def test_a_weaker_hash_is_outdated() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024).hash(GOOD)
    assert verify_password(weak, GOOD)
    assert outdated(weak)
    assert not outdated(hash_password(GOOD))


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "at least 12"),
        ("x" * 257, "at most 256"),
        ("the one of Dana Dunn", "the user's name"),
        ("abababababababab", "more different"),
    ],
)
def test_bad_passwords_are_refused_with_the_reason(password: str, reason: str) -> None:
    with pytest.raises(PasswordRefused, match=reason):
        check_rules(password, username="dana")


def test_good_passwords_pass() -> None:
    check_rules(GOOD, username="dana")
    check_rules(GOOD, username="bat")  # a short name stands in many good passwords


async def test_the_event_loop_is_free_while_hashing() -> None:
    """Two at a time hash in threads; the loop goes on meanwhile, and a third waits its turn."""
    desk = PasswordDesk(at_once=2)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.get_running_loop().create_task(tick())
    kept = await asyncio.gather(*(desk.hash(GOOD) for _ in range(3)))
    assert await desk.verify(kept[0], GOOD)
    assert not await desk.verify(kept[1], "wrong")
    ticking.cancel()
    assert ticks > 10
