"""People who are signed in on a seeded record while its pages are measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote
from uuid import uuid4

import asyncpg
import msgspec
import uvloop

from aibridge.auth.browsers import mint_secret, sha256_of
from aibridge.store.sign_ins import LONGEST
from aibridge.store.sql import sql
from aibridge.web.cookies import SignInCookie
from bench.page_paths import Session
from bench.record import Viewer

COOKIE = SignInCookie(is_https=False).name
LONG = 3000
"""Steps of the session that is opened; where somebody has none so long, it is their longest."""


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody signed in."""

    viewer: Viewer
    cookie: str
    session: Session | None
    """The long one that they may see."""


@contextmanager
def signed_in(dsn: str, viewer: Viewer) -> Iterator[Visitor]:
    """Sign somebody in during the block."""
    secret = mint_secret()
    session = uvloop.run(_sign_in(dsn, viewer.username, secret))
    try:
        yield Visitor(viewer=viewer, cookie=secret, session=session)
    finally:
        uvloop.run(_sign_out(dsn, secret))


async def _sign_in(dsn: str, username: str, secret: str) -> Session | None:
    connection = await asyncpg.connect(dsn)
    try:
        user = await connection.fetchrow("SELECT id, role FROM users WHERE username = $1", username)
        assert user is not None
        await connection.fetch(sql("sign_in"), uuid4(), sha256_of(secret), user["id"], "bench", "127.0.0.1", LONGEST)
        found = await connection.fetchrow(
            """SELECT session_id, interceptions FROM aibridge_sessions WHERE $1::uuid IS NULL OR initiator_id = $1
            ORDER BY interceptions < $2, abs(interceptions - $2) LIMIT 1""",
            user["id"] if user["role"] == "member" else None,
            LONG,
        )
    finally:
        await connection.close()
    if found is None:
        return None
    return Session(path=f"/sessions/{quote(found['session_id'], safe='')}", steps=found["interceptions"])


async def _sign_out(dsn: str, secret: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("DELETE FROM sign_ins WHERE secret_sha256 = $1", sha256_of(secret))
    finally:
        await connection.close()
