"""UUIDv7 made here: PostgreSQL learned to make them only in version 18, and an id has to exist before the row does."""

import os
from uuid import UUID


def uuid7(milliseconds: int) -> UUID:
    """Return a version 7 UUID (RFC 9562 §5.7) of a Unix time in milliseconds and 74 random bits."""
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
