"""UUIDv7 made here: PostgreSQL learned to make them only in version 18, and an id has to exist before the row does."""

import os
from collections.abc import Callable
from uuid import UUID

_RANDOM_BYTES = 10
_POOL_BYTES = 400 * _RANDOM_BYTES
"""Randomness is fetched for many ids at once: a system call each would cost more than all the rest."""
_VERSION_AND_VARIANT = 0x7 << 76 | 0x2 << 62
_RANDOM_MASK = (1 << 76) - 1 & ~(0x3 << 62)


def uuid7_maker() -> Callable[[int], UUID]:
    """Return a function that makes a version 7 UUID (RFC 9562 §5.7) of a Unix time in milliseconds.

    Each has 74 random bits of the system's. A maker belongs to one process: it must not be carried through a fork.
    """
    pool, at = b"", 0

    def make(milliseconds: int) -> UUID:
        nonlocal pool, at
        if at == len(pool):
            pool, at = os.urandom(_POOL_BYTES), 0
        random = int.from_bytes(pool[at : at + _RANDOM_BYTES], "big")
        at += _RANDOM_BYTES
        return UUID(int=(milliseconds & 0xFFFF_FFFF_FFFF) << 80 | _VERSION_AND_VARIANT | random & _RANDOM_MASK)

    return make


def uuid7(milliseconds: int) -> UUID:
    """Return one such UUID, for where only a few are needed."""
    return uuid7_maker()(milliseconds)
