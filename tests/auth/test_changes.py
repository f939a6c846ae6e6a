"""A revocation counts everywhere at once: two processes' worth of memory on one real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from aibridge.auth.changes import follow_changes
from aibridge.auth.identify import TTL, TTL_DEAF, Identifier
from aibridge.auth.last_used import LastUsed
from aibridge.auth.tokens import MintedToken, mint
from aibridge.errors import StoreUnavailable, TokenInvalid, TokenRevoked, UserInactive
from aibridge.records import Role, Scope, UserStatus
from aibridge.store.listening import Hearing, Said, listen
from aibridge.store.people import AUTH_CHANNEL, User
from aibridge.store.pool import Store
from support import tokens


class Steps:
    """Lets a follower go on one announcement at a time, and tells when it has taken each."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._taken: asyncio.Queue[str | Hearing] = asyncio.Queue()
        self._further = asyncio.Semaphore(1)

    async def announcements(self) -> AsyncIterator[str | Hearing]:
        async with aclosing(listen(self._dsn, AUTH_CHANNEL)) as events:
            async for event in events:
                announcement = event.payload if isinstance(event, Said) else event
                await self._further.acquire()
                yield announcement
                self._taken.put_nowait(announcement)  # reached when the follower asks for the next

    async def next(self) -> str | Hearing:
        """The announcement that was taken just now; the one after it waits."""
        async with asyncio.timeout(60):
            taken = await self._taken.get()
        self._further.release()
        return taken


class Replica:
    """An identifier that follows the changes on its own connection, as each process does.

    Its clock stands still: what it knows is believed until it hears otherwise.
    """

    def __init__(self, dsn: str, store: Store) -> None:
        self.identifier = Identifier(store.people, monotonic=lambda: 0.0)
        self.steps = Steps(dsn)

    async def run(self) -> None:
        await follow_changes(self.identifier, self.steps.announcements())

    def knows(self, token: MintedToken) -> bool:
        return self.identifier.cached(token.token, scope=Scope.GATEWAY) is not None


@pytest.fixture
async def replicas(database: str, store: Store) -> AsyncIterator[list[Replica]]:
    replicas = [Replica(database, store) for _ in range(2)]
    running = [asyncio.get_running_loop().create_task(replica.run()) for replica in replicas]
    for replica in replicas:
        assert await replica.steps.next() is Hearing.CONNECTED
    yield replicas
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


@pytest.fixture
async def dana(store: Store) -> User:
    return await store.people.create_user("dana", role=Role.MEMBER, name="Dana")


async def token_of(store: Store, user: User, *, lifetime: timedelta | None = None) -> MintedToken:
    return await tokens.token_of(store.people, user, expires_at=datetime.now(UTC) + lifetime if lifetime else None)


async def test_a_minted_token_opens_the_door(store: Store, dana: User) -> None:
    """The whole way: minted, kept, found, checked."""
    minted = await token_of(store, dana, lifetime=timedelta(days=90))
    identity = await Identifier(store.people).identify(minted.token, scope=Scope.API)
    assert (identity.user_id, identity.username, identity.name) == (dana.id, "dana", "Dana")
    assert (identity.role, identity.token_id, identity.scopes) == (Role.MEMBER, minted.id, frozenset(Scope))
    with pytest.raises(TokenInvalid):
        await Identifier(store.people).identify(mint().token, scope=Scope.API)


async def test_a_revoked_token_is_refused_by_every_replica_that_heard_of_it(
    store: Store, dana: User, replicas: list[Replica]
) -> None:
    minted, other = await token_of(store, dana), await token_of(store, dana)
    for replica in replicas:
        await replica.identifier.identify(minted.token, scope=Scope.GATEWAY)
    await store.people.revoke_token(minted.id)
    for replica in replicas:
        assert await replica.steps.next() == f"token {minted.id}"
        with pytest.raises(TokenRevoked):
            await replica.identifier.identify(minted.token, scope=Scope.GATEWAY)
    assert (await replicas[0].identifier.identify(other.token, scope=Scope.GATEWAY)).username == "dana"


async def test_a_suspended_user_is_refused_and_let_in_again(store: Store, dana: User, replicas: list[Replica]) -> None:
    minted, replica = await token_of(store, dana), replicas[0]
    await replica.identifier.identify(minted.token, scope=Scope.GATEWAY)
    await store.people.set_status(dana.id, UserStatus.SUSPENDED)
    assert await replica.steps.next() == f"user {dana.id}"
    with pytest.raises(UserInactive):
        await replica.identifier.identify(minted.token, scope=Scope.GATEWAY)
    await store.people.set_status(dana.id, UserStatus.ACTIVE)
    await replica.steps.next()
    assert (await replica.identifier.identify(minted.token, scope=Scope.GATEWAY)).username == "dana"


async def test_a_new_role_counts_at_once(store: Store, dana: User, replicas: list[Replica]) -> None:
    minted, replica = await token_of(store, dana), replicas[0]
    await replica.identifier.identify(minted.token, scope=Scope.API)
    await store.people.set_role(dana.id, Role.AUDITOR)
    await replica.steps.next()
    assert (await replica.identifier.identify(minted.token, scope=Scope.API)).role is Role.AUDITOR


async def test_a_broken_listening_connection_empties_the_memory(
    database: str, store: Store, dana: User, replicas: list[Replica]
) -> None:
    """What is announced while nobody hears is missed: so nothing is believed for long, then all is asked anew."""
    minted, replica = await token_of(store, dana), replicas[0]
    await replica.identifier.identify(minted.token, scope=Scope.GATEWAY)
    assert replica.identifier._ttl == TTL
    admin = await asyncpg.connect(database)
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'aibridge-listen'"
    )
    await admin.close()

    assert await replica.steps.next() is Hearing.LOST
    assert not replica.knows(minted)
    assert replica.identifier._ttl == TTL_DEAF
    await store.people.revoke_token(minted.id)  # possibly unheard

    while await replica.steps.next() is not Hearing.CONNECTED:
        pass
    assert replica.identifier._ttl == TTL
    with pytest.raises(TokenRevoked):
        await replica.identifier.identify(minted.token, scope=Scope.GATEWAY)


async def test_when_following_ends_it_is_deaf(store: Store, dana: User) -> None:
    """However the follower ends, the memory is short from then on."""
    identifier = Identifier(store.people)
    minted = await token_of(store, dana)

    async def announcements() -> AsyncIterator[str | Hearing]:
        yield Hearing.CONNECTED
        await identifier.identify(minted.token, scope=Scope.API)
        assert identifier._ttl == TTL
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        await follow_changes(identifier, announcements())
    assert identifier._ttl == TTL_DEAF
    assert len(identifier) == 0


async def test_an_unreachable_database_is_said_so(
    database: str, database_server: str, store: Store, dana: User
) -> None:
    """Not an invalid token: the client should come again. Known tokens go on working to the end of their time."""
    identifier = Identifier(store.people)
    known, unknown = await token_of(store, dana), await token_of(store, dana)
    await identifier.identify(known.token, scope=Scope.GATEWAY)
    await shut_out(database, database_server)
    assert (await identifier.identify(known.token, scope=Scope.GATEWAY)).username == "dana"
    with pytest.raises(StoreUnavailable):
        await identifier.identify(unknown.token, scope=Scope.GATEWAY)


async def shut_out(database: str, database_server: str) -> None:
    """Nobody gets into this database any longer, and who is in it is thrown out."""
    inside = await asyncpg.connect(database)
    name = await inside.fetchval("SELECT current_database()")
    await inside.close()
    outside = await asyncpg.connect(database_server)
    await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await outside.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    await outside.close()


async def test_last_uses_reach_the_store(store: Store, dana: User) -> None:
    used_one, unused = await token_of(store, dana), await token_of(store, dana)
    last_used = LastUsed(store.people.touch_tokens)
    last_used.note(used_one.id, "Claude Code")
    await last_used.flush()
    kept = {token.id: token for token in await store.people.list_tokens(dana.id)}
    assert kept[used_one.id].last_used_client == "Claude Code"
    assert kept[used_one.id].last_used_at is not None
    assert kept[unused.id].last_used_at is None
