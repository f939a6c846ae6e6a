"""Who a token belongs to: checked once, remembered briefly, forgotten at once."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from aibridge.auth.identify import TTL, TTL_DEAF, Identifier, Identity
from aibridge.auth.tokens import MintedToken, mint
from aibridge.errors import (
    AccessDenied,
    ScopeMissing,
    StoreUnavailable,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
    TokenRevoked,
    UserInactive,
)
from aibridge.records import Role, Scope, UserStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
USER = UUID(int=7)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A token as a store gives it."""

    id: str
    secret_sha256: bytes
    scopes: frozenset[Scope] = frozenset(Scope)
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    user_id: UUID = USER
    username: str = "dana"
    name: str = "Dana"
    role: Role = Role.MEMBER
    status: UserStatus = UserStatus.ACTIVE


class Directory:
    """A store in memory that counts what it is asked, and can be held up or taken away."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.asked: list[str] = []
        self.away = False
        self.open = asyncio.Event()
        self.open.set()
        self.entered = asyncio.Event()

    def add(self, **fields: Any) -> MintedToken:
        minted = mint()
        self.rows[minted.id] = Row(id=minted.id, secret_sha256=minted.secret_sha256, **fields)
        return minted

    def change(self, minted: MintedToken, **fields: Any) -> None:
        self.rows[minted.id] = msgspec.structs.replace(self.rows[minted.id], **fields)

    async def find_token(self, token_id: str) -> Row | None:
        self.asked.append(token_id)
        row = self.rows.get(token_id)  # read first, then delayed: as a slow answer from a real server
        self.entered.set()
        await self.open.wait()
        if self.away:
            raise StoreUnavailable
        return row


class Time:
    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    def wall(self) -> float:
        return NOW.timestamp() + self.passed


@pytest.fixture
async def directory() -> Directory:
    return Directory()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def identifier(directory: Directory, time: Time) -> Identifier:
    identifier = Identifier(directory, monotonic=time.monotonic, wall=time.wall)
    identifier.listening(heard=True)
    return identifier


def begin(work: Coroutine[Any, Any, Identity]) -> asyncio.Task[Identity]:
    return asyncio.get_running_loop().create_task(work)


# ------------------------------------------------------------------ who


async def test_a_good_token_is_a_person(directory: Directory, identifier: Identifier) -> None:
    minted = directory.add(role=Role.AUDITOR)
    identity = await identifier.identify(minted.token, scope=Scope.GATEWAY)
    assert identity == Identity(
        user_id=USER, username="dana", name="Dana", role=Role.AUDITOR, token_id=minted.id, scopes=frozenset(Scope)
    )
    assert await identifier.identify(minted.token.encode(), scope=Scope.API) is identity


@pytest.mark.parametrize("nothing", ["", "  ", b"", b"\t"])
async def test_no_token(identifier: Identifier, nothing: str | bytes) -> None:
    with pytest.raises(TokenMissing):
        await identifier.identify(nothing, scope=Scope.GATEWAY)


@pytest.mark.parametrize("text", ["sk-ant-api03-x", "aib_x_y", "x" * 100_000, "\ud800", b"\xff"])
async def test_what_is_no_token_costs_no_look_up(
    directory: Directory, identifier: Identifier, text: str | bytes
) -> None:
    with pytest.raises(TokenInvalid):
        await identifier.identify(text, scope=Scope.GATEWAY)
    assert directory.asked == []


async def test_an_unknown_token_is_invalid_and_not_remembered(directory: Directory, identifier: Identifier) -> None:
    """Someone who tries a token a moment before it is created is let in a moment later."""
    minted = mint()
    with pytest.raises(TokenInvalid):
        await identifier.identify(minted.token, scope=Scope.GATEWAY)
    directory.rows[minted.id] = Row(id=minted.id, secret_sha256=minted.secret_sha256)
    assert (await identifier.identify(minted.token, scope=Scope.GATEWAY)).username == "dana"


async def test_a_known_id_with_another_secret_is_invalid(directory: Directory, identifier: Identifier) -> None:
    """Trap 21: the whole token counts, not its first characters, cached or not."""
    minted = directory.add(revoked_at=NOW)
    forged = minted.token[:-4] + ("a" * 4 if not minted.token.endswith("aaaa") else "b" * 4)
    with pytest.raises(TokenInvalid) as refusal:
        await identifier.identify(forged, scope=Scope.GATEWAY)
    assert type(refusal.value) is TokenInvalid  # and not that it was revoked: that is the owner's business

    directory.change(minted, revoked_at=None)
    await identifier.identify(minted.token, scope=Scope.GATEWAY)
    with pytest.raises(TokenInvalid):
        await identifier.identify(forged, scope=Scope.GATEWAY)
    assert identifier.cached(forged, scope=Scope.GATEWAY) is None


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"revoked_at": NOW}, TokenRevoked),
        ({"expires_at": NOW}, TokenExpired),
        ({"status": UserStatus.SUSPENDED}, UserInactive),
        ({"status": UserStatus.DELETED}, TokenInvalid),
        ({"scopes": frozenset({Scope.API})}, ScopeMissing),
        ({"scopes": frozenset()}, ScopeMissing),
    ],
)
async def test_who_is_not_let_in(
    directory: Directory, identifier: Identifier, fields: dict[str, Any], refusal: type[AccessDenied]
) -> None:
    minted = directory.add(**fields)
    with pytest.raises(refusal):
        await identifier.identify(minted.token, scope=Scope.GATEWAY)


# ------------------------------------------------------------------ remembered


async def test_a_known_token_is_not_looked_up_again(directory: Directory, identifier: Identifier, time: Time) -> None:
    minted = directory.add()
    assert identifier.cached(minted.token, scope=Scope.GATEWAY) is None
    identity = await identifier.identify(minted.token, scope=Scope.GATEWAY)
    time.passed = TTL - 0.1
    assert identifier.cached(minted.token.encode(), scope=Scope.GATEWAY) is identity
    assert await identifier.identify(minted.token, scope=Scope.GATEWAY) is identity
    assert len(directory.asked) == 1
    time.passed = TTL
    assert identifier.cached(minted.token, scope=Scope.GATEWAY) is None
    await identifier.identify(minted.token, scope=Scope.GATEWAY)
    assert len(directory.asked) == 2


async def test_a_remembered_token_expires_on_time(directory: Directory, identifier: Identifier, time: Time) -> None:
    """Being remembered does not prolong a token's life."""
    minted = directory.add(expires_at=NOW + timedelta(seconds=2))
    await identifier.identify(minted.token, scope=Scope.GATEWAY)
    time.passed = 2
    with pytest.raises(TokenExpired):
        identifier.cached(minted.token, scope=Scope.GATEWAY)


async def test_a_remembered_token_still_needs_the_scope(directory: Directory, identifier: Identifier) -> None:
    minted = directory.add(scopes=frozenset({Scope.API}))
    await identifier.identify(minted.token, scope=Scope.API)
    with pytest.raises(ScopeMissing, match="gateway"):
        identifier.cached(minted.token, scope=Scope.GATEWAY)


async def test_memory_is_bounded(directory: Directory, time: Time) -> None:
    """Beyond the bound the oldest is forgotten; looking one up again makes it young."""
    identifier = Identifier(directory, monotonic=time.monotonic, wall=time.wall, max_entries=2)
    first, second, third = (directory.add() for _ in range(3))
    await identifier.identify(first.token, scope=Scope.API)
    await identifier.identify(second.token, scope=Scope.API)
    time.passed = TTL_DEAF
    await identifier.identify(first.token, scope=Scope.API)
    await identifier.identify(third.token, scope=Scope.API)
    assert len(identifier) == 2
    assert identifier.cached(first.token, scope=Scope.API)
    assert identifier.cached(third.token, scope=Scope.API)


async def test_known_tokens_outlive_the_database_briefly(
    directory: Directory, identifier: Identifier, time: Time
) -> None:
    """While the database is away a remembered token works to the end of its time, and no longer."""
    minted = directory.add()
    await identifier.identify(minted.token, scope=Scope.GATEWAY)
    directory.away = True
    assert (await identifier.identify(minted.token, scope=Scope.GATEWAY)).username == "dana"
    time.passed = TTL
    with pytest.raises(StoreUnavailable):
        await identifier.identify(minted.token, scope=Scope.GATEWAY)


# ------------------------------------------------------------------ together


async def test_one_look_up_serves_all_who_wait(directory: Directory, identifier: Identifier) -> None:
    """Claude Code opens 26 requests at once: one question to the store."""
    minted = directory.add()
    directory.open.clear()
    waiting = [begin(identifier.identify(minted.token, scope=Scope.GATEWAY)) for _ in range(26)]
    await directory.entered.wait()
    directory.open.set()
    assert len({(await one).token_id for one in waiting}) == 1
    assert len(directory.asked) == 1


async def test_one_failure_is_everybodys_and_not_remembered(directory: Directory, identifier: Identifier) -> None:
    minted = directory.add()
    directory.open.clear()
    directory.away = True
    waiting = [begin(identifier.identify(minted.token, scope=Scope.GATEWAY)) for _ in range(3)]
    await directory.entered.wait()
    directory.open.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
    directory.away = False
    assert (await identifier.identify(minted.token, scope=Scope.GATEWAY)).username == "dana"


async def test_when_the_asker_leaves_another_asks(directory: Directory, identifier: Identifier) -> None:
    """A client that goes away during the look-up does not take the others with it."""
    minted = directory.add()
    directory.open.clear()
    first = begin(identifier.identify(minted.token, scope=Scope.GATEWAY))
    await directory.entered.wait()
    others = [begin(identifier.identify(minted.token, scope=Scope.GATEWAY)) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    directory.open.set()
    assert [(await one).username for one in others] == ["dana", "dana"]
    assert len(directory.asked) == 2


async def test_a_waiter_who_leaves_disturbs_nobody(directory: Directory, identifier: Identifier) -> None:
    minted = directory.add()
    directory.open.clear()
    first = begin(identifier.identify(minted.token, scope=Scope.GATEWAY))
    await directory.entered.wait()
    second, third = (begin(identifier.identify(minted.token, scope=Scope.GATEWAY)) for _ in range(2))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    directory.open.set()
    assert (await first).username == (await third).username == "dana"


# ------------------------------------------------------------------ forgotten


async def test_a_revocation_counts_at_once(directory: Directory, identifier: Identifier) -> None:
    minted = directory.add()
    await identifier.identify(minted.token, scope=Scope.GATEWAY)
    directory.change(minted, revoked_at=NOW)
    identifier.forget()
    with pytest.raises(TokenRevoked):
        await identifier.identify(minted.token, scope=Scope.GATEWAY)


async def test_an_answer_that_a_revocation_overtook_is_not_remembered(
    directory: Directory, identifier: Identifier
) -> None:
    """Read before the revocation, arrived after it: it serves the request that asked and nobody after."""
    minted = directory.add()
    directory.open.clear()
    asking = begin(identifier.identify(minted.token, scope=Scope.GATEWAY))
    await directory.entered.wait()
    directory.change(minted, revoked_at=NOW)
    identifier.forget()
    directory.open.set()
    assert (await asking).username == "dana"
    assert identifier.cached(minted.token, scope=Scope.GATEWAY) is None
    with pytest.raises(TokenRevoked):
        await identifier.identify(minted.token, scope=Scope.GATEWAY)


async def test_who_comes_after_a_revocation_does_not_join_an_older_look_up(
    directory: Directory, identifier: Identifier
) -> None:
    """The older look-up may have read the row as it was: newcomers ask for themselves."""
    minted = directory.add()
    directory.open.clear()
    before = begin(identifier.identify(minted.token, scope=Scope.GATEWAY))
    await directory.entered.wait()
    directory.change(minted, revoked_at=NOW)
    identifier.forget()
    after = begin(identifier.identify(minted.token, scope=Scope.GATEWAY))
    await asyncio.sleep(0)
    directory.open.set()
    assert (await before).username == "dana"
    with pytest.raises(TokenRevoked):
        await after


async def test_deaf_it_remembers_for_a_second_only(directory: Directory, identifier: Identifier, time: Time) -> None:
    """Losing the announcements forgets everything and shortens the memory; hearing again forgets once more."""
    minted = directory.add()
    await identifier.identify(minted.token, scope=Scope.GATEWAY)
    identifier.listening(heard=False)
    assert len(identifier) == 0
    await identifier.identify(minted.token, scope=Scope.GATEWAY)
    time.passed = TTL_DEAF - 0.1
    assert identifier.cached(minted.token, scope=Scope.GATEWAY)
    time.passed = TTL_DEAF
    assert identifier.cached(minted.token, scope=Scope.GATEWAY) is None
    await identifier.identify(minted.token, scope=Scope.GATEWAY)
    identifier.listening(heard=True)
    assert len(identifier) == 0


def test_it_starts_deaf(directory: Directory) -> None:
    """Until somebody says that revocations are heard, they are not."""
    assert Identifier(directory)._ttl == TTL_DEAF
