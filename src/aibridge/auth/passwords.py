"""Passwords: argon2id, hashed and checked outside the event loop, with rules that keep people safe, not busy."""

import asyncio
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from aibridge.errors import PasswordRefused

MIN_LENGTH = 12
"""Characters. NIST SP 800-63B asks for length, and for no rules about kinds of characters."""
MAX_LENGTH = 256
"""Characters: enough for every passphrase and password manager, and a bound on what is hashed."""
MIN_NAME = 4
"""Characters: a shorter name may be in a good password by accident."""

_hasher = PasswordHasher()
"""argon2-cffi's defaults: RFC 9106's low-memory profile (64 MiB, 3 passes, 4 lanes)."""


def check_rules(password: str, *, username: str) -> None:
    """Raise `PasswordRefused` with the reason when this must not become a password."""
    if len(password) < MIN_LENGTH:
        raise PasswordRefused(f"A password needs at least {MIN_LENGTH} characters.")
    if len(password) > MAX_LENGTH:
        raise PasswordRefused(f"A password has at most {MAX_LENGTH} characters.")
    if len(username) >= MIN_NAME and username.casefold() in password.casefold():
        raise PasswordRefused("A password must not contain the user's name.")
    if len(set(password)) < MIN_LENGTH // 3:
        raise PasswordRefused("A password needs more different characters.")


def hash_password(password: str) -> str:
    """Hash a password for keeping (PHC string). Takes about 50 ms and 64 MiB; blocks."""
    return _hasher.hash(_one_form(password))


def verify_password(kept: str | None, password: str) -> bool:
    """Return whether this is the password of the kept hash. Blocks.

    Without a kept hash (unknown user, or one without a password) the same work is done and the answer is no, so that
    the time taken tells nobody which names exist.
    """
    if len(password) > MAX_LENGTH:
        return False
    try:
        _hasher.verify(kept or _NOBODY, _one_form(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Return whether a hash was made with weaker parameters than today's: hash again at the next good sign-in."""
    return _hasher.check_needs_rehash(kept)


class PasswordDesk:
    """Hashing for the event loop: in threads, and few at a time, because each takes 64 MiB."""

    def __init__(self, *, at_once: int = 2) -> None:
        self._places = asyncio.Semaphore(at_once)

    async def hash(self, password: str) -> str:
        """See `hash_password`."""
        async with self._places:
            return await asyncio.to_thread(hash_password, password)

    async def verify(self, kept: str | None, password: str) -> bool:
        """See `verify_password`."""
        async with self._places:
            return await asyncio.to_thread(verify_password, kept, password)


def _one_form(password: str) -> str:
    """One form for what looks the same: keyboards differ in how they compose accents."""
    return unicodedata.normalize("NFKC", password)


_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$bm9ib2R5IGF0IGFsbCEh$" + "A" * 43
