import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID

from aibridge.records import Scope, UserStatus
from aibridge.store.connections import Connection
from aibridge.store.listening import Hearing, Said, listen
from aibridge.store.people import AUTH_CHANNEL
from aibridge.store.pool import Store


async def heard(events: AsyncIterator[Said | Hearing]) -> Said | Hearing:
    async with asyncio.timeout(30):
        return await anext(events)


async def test_what_takes_rights_away_is_heard(store: Store, database: str, alice: UUID) -> None:
    user = await store.people.find_user(alice)
    assert user is not None
    await store.people.create_token(
        user, id="abc", secret_sha256=bytes(32), name="", scopes={Scope.API}, expires_at=None
    )
    async with aclosing(listen(database, AUTH_CHANNEL)) as events:
        assert await heard(events) is Hearing.CONNECTED
        await store.people.revoke_token("abc")
        assert await heard(events) == Said(AUTH_CHANNEL, "token abc")
        await store.people.set_status(alice, UserStatus.SUSPENDED)
        assert await heard(events) == Said(AUTH_CHANNEL, f"user {alice}")


async def test_a_lost_connection_is_told_and_made_again(database: str, psql: Connection) -> None:
    async with aclosing(listen(database, "words")) as events:
        assert await heard(events) is Hearing.CONNECTED
        await psql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'aibridge-listen' AND datname = current_database()"
        )
        assert await heard(events) is Hearing.LOST
        assert await heard(events) is Hearing.CONNECTED
        await psql.execute("NOTIFY words, 'hello'")
        assert await heard(events) == Said("words", "hello")


async def test_a_quiet_connection_is_tried_and_kept(database: str, psql: Connection) -> None:
    async with aclosing(listen(database, "words", ping=4.0)) as events, asyncio.timeout(30):
        assert await heard(events) is Hearing.CONNECTED
        last = (
            "SELECT query FROM pg_stat_activity"
            " WHERE application_name = 'aibridge-listen' AND datname = current_database()"
        )
        waiting = asyncio.gather(heard(events))
        while await psql.fetchval(last) != "SELECT 1":
            assert not waiting.done(), "the connection was given up"
            await psql.execute("SELECT pg_stat_clear_snapshot(), pg_sleep(0.02)")  # leave the server its time to answer
        await psql.execute("NOTIFY words, 'still here'")
        assert (await waiting)[0] == Said("words", "still here")


async def test_one_connection_hears_several_channels_in_order(database: str, psql: Connection) -> None:
    """A worker has three reasons to listen, and needs one connection."""
    async with aclosing(listen(database, "words", "deeds")) as events:
        assert await heard(events) is Hearing.CONNECTED
        for channel in ("words", "deeds", "words"):
            await psql.execute(f"NOTIFY {channel}, 'on {channel}'")
            assert await heard(events) == Said(channel, f"on {channel}")
        connections = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'aibridge-listen' AND datname = current_database()"
        )
        assert await psql.fetchval(connections) == 1
