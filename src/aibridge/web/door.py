"""Letting people in: by password, by link; and how often somebody may try."""

import hashlib
from datetime import timedelta
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aibridge.auth.browsers import mint_secret, sha256_of
from aibridge.auth.passwords import outdated
from aibridge.records import UserStatus
from aibridge.store.people import User
from aibridge.store.sign_ins import Tries
from aibridge.web.guard import cookie_of, look, parts_of
from aibridge.web.parts import WebParts

TRIES_BY_NAME = 5
"""Within `TRIES_COUNT_FOR`. The name is tried from anywhere, and exists or not."""
TRIES_BY_ADDRESS = 100
"""Many people may have one address, for example behind a proxy that is not among `AIBRIDGE_TRUSTED_PROXIES`."""


class TooManyTries(Exception):
    """Somebody has tried too often."""

    def __init__(self, remaining: timedelta) -> None:
        minutes = max(1, -(-remaining // timedelta(minutes=1)))
        super().__init__(f"Too many tries. Try again in {minutes} minute{'s' if minutes > 1 else ''}.")


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Whose tries count: a name, an address."""

    by_name: str
    by_address: str


async def checked(request: Request, name: str, password: str) -> User | None:
    """Whose name (or email) and password these are; None: nobody's. Raises `TooManyTries`."""
    parts = parts_of(request)
    attempt = _attempt(request, name)
    await _count(parts, attempt)
    user = await parts.people.find_to_sign_in(name)
    kept = user.password_hash if user is not None and user.status is UserStatus.ACTIVE else None
    if not await parts.passwords.verify(kept, password) or user is None:
        return None
    await parts.sign_ins.forgive(attempt.by_name, attempt.by_address)
    if kept is not None and outdated(kept):
        await parts.people.renew_password_hash(user.id, await parts.passwords.hash(password), before=kept)
    return user


async def let_in(request: Request, user_id: UUID, then: str) -> Response:
    """Sign this browser in and lead it on. Whatever sign-in it had ends: nobody's cookie is ever taken over."""
    parts, secret = parts_of(request), mint_secret()
    before = await look(request)
    await parts.sign_ins.start(
        user_id,
        secret_sha256=sha256_of(secret),
        user_agent=request.headers.get("user-agent", ""),
        address=_address(request),
    )
    if before is not None:
        await parts.sign_ins.end(before.sign_in_id, before.user_id)
    response = RedirectResponse(then, 303)
    cookie_of(request).put(response, secret)
    return response


def _attempt(request: Request, name: str) -> Attempt:
    """A name is as long as somebody likes, so its hash counts."""
    hashed = hashlib.sha256(name.casefold().encode(errors="replace")).hexdigest()
    return Attempt(by_name=f"name {hashed}", by_address=f"address {_address(request)}")


async def _count(parts: WebParts, attempt: Attempt) -> None:
    """Count before anything is looked at, so that a thousand tries at once are a thousand tries."""
    limits = {attempt.by_name: TRIES_BY_NAME, attempt.by_address: TRIES_BY_ADDRESS}
    counted = await parts.sign_ins.count(*limits)
    over: list[Tries] = [each for each in counted if each.tries > limits[each.subject]]
    if over:
        raise TooManyTries(max(each.remaining for each in over))


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
