from datetime import datetime
from uuid import UUID, uuid4

import msgspec
import pytest

from aibridge.errors import AlreadyExists, NotFound, RowsRefused
from aibridge.records import Role, Scope, UserStatus
from aibridge.store.people import Token, User
from aibridge.store.pool import Store
from support.rows import at

SECRET = bytes(range(32))


class Use(msgspec.Struct):
    token_id: str
    used_at: datetime
    client: str | None


async def a_token(store: Store, user: User, token_id: str = "abc", expires_at: datetime | None = None) -> Token:
    return await store.people.create_token(
        user, id=token_id, secret_sha256=SECRET, name="laptop", scopes={Scope.GATEWAY}, expires_at=expires_at
    )


async def test_a_new_user_is_active_and_found_by_id_and_name(store: Store) -> None:
    user = await store.people.create_user("zoe", role=Role.AUDITOR, name="Zoë", email="zoe@example.org")
    assert (user.role, user.status, user.password_hash) == (Role.AUDITOR, UserStatus.ACTIVE, None)
    assert await store.people.find_user(user.id) == user == await store.people.find_user("zoe")
    assert await store.people.find_user("nobody") is None
    assert await store.people.find_user(uuid4()) is None


@pytest.mark.parametrize("name", ["a", "9", "a.b-c_d", "x" * 64])
async def test_a_name_that_can_be_borne(store: Store, name: str) -> None:
    assert (await store.people.create_user(name)).username == name


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", ".a", "a b", "a\n", "ä", "x" * 65, "a/b"])
async def test_a_name_that_cannot(store: Store, name: str) -> None:
    with pytest.raises(RowsRefused):
        await store.people.create_user(name)


async def test_a_name_is_borne_once_and_is_free_after_deletion(store: Store, alice: UUID) -> None:
    with pytest.raises(AlreadyExists, match="alice"):
        await store.people.create_user("alice")
    await store.people.set_status(alice, UserStatus.DELETED)
    again = await store.people.create_user("alice")
    assert (await store.people.find_user("alice")) == again
    kept = await store.people.find_user(alice)
    assert kept is not None
    assert kept.status is UserStatus.DELETED


async def test_everyone_by_name_and_the_deleted_last(store: Store, alice: UUID, bob: UUID) -> None:
    await store.people.set_status(alice, UserStatus.DELETED)
    assert [user.username for user in await store.people.list_users()] == ["bob"]
    assert [user.username for user in await store.people.list_users(deleted=True)] == ["bob", "alice"]


async def test_suspended_and_back(store: Store, alice: UUID) -> None:
    assert (await store.people.set_status(alice, UserStatus.SUSPENDED)).status is UserStatus.SUSPENDED
    assert (await store.people.set_status(alice, UserStatus.ACTIVE)).status is UserStatus.ACTIVE


async def test_the_deleted_stay_deleted(store: Store, alice: UUID) -> None:
    await store.people.set_status(alice, UserStatus.DELETED)
    with pytest.raises(NotFound):
        await store.people.set_status(alice, UserStatus.ACTIVE)
    with pytest.raises(NotFound):
        await store.people.set_role(alice, Role.OWNER)
    with pytest.raises(NotFound):
        await store.people.set_password_hash(alice, "x")


async def test_role_and_password(store: Store, alice: UUID) -> None:
    await store.people.set_role(alice, Role.OWNER)
    await store.people.set_password_hash(alice, "$argon2id$…")
    user = await store.people.find_user(alice)
    assert user is not None
    assert (user.role, user.password_hash) == (Role.OWNER, "$argon2id$…")


async def test_a_token_is_found_with_its_user(store: Store, alice: UUID) -> None:
    user = await store.people.find_user(alice)
    assert user is not None
    made = await a_token(store, user, expires_at=at(60))
    found = await store.people.find_token("abc")
    assert found is not None
    assert (found.secret_sha256, found.scopes, found.expires_at) == (SECRET, frozenset({Scope.GATEWAY}), at(60))
    assert (found.user_id, found.username, found.name, found.role, found.status) == (
        *(alice, "alice", "Alice"),
        *(Role.MEMBER, UserStatus.ACTIVE),
    )
    assert await store.people.list_tokens(alice) == [made] == await store.people.list_tokens()
    assert await store.people.find_token("nope") is None


async def test_a_token_id_is_used_once_and_needs_a_live_user(store: Store, alice: UUID) -> None:
    user = await store.people.find_user(alice)
    assert user is not None
    await a_token(store, user)
    with pytest.raises(AlreadyExists):
        await a_token(store, user)
    await store.people.set_status(alice, UserStatus.DELETED)
    with pytest.raises(NotFound):
        await a_token(store, user, "def")


async def test_a_revoked_token_stays_on_the_list(store: Store, alice: UUID, bob: UUID) -> None:
    user = await store.people.find_user(alice)
    assert user is not None
    await a_token(store, user)
    with pytest.raises(NotFound):
        await store.people.revoke_token("abc", user_id=bob)
    await store.people.revoke_token("abc", user_id=alice)
    first = (await store.people.list_tokens(alice))[0].revoked_at
    await store.people.revoke_token("abc")
    assert first is not None
    assert (await store.people.list_tokens(alice))[0].revoked_at == first
    with pytest.raises(NotFound):
        await store.people.revoke_token("nope")


async def test_last_use_only_moves_on(store: Store, alice: UUID) -> None:
    user = await store.people.find_user(alice)
    assert user is not None
    await a_token(store, user)
    await store.people.touch_tokens([Use("abc", at(9), "Codex"), Use("gone", at(9), None)])
    await store.people.touch_tokens([Use("abc", at(5), None)])
    (token,) = await store.people.list_tokens(alice)
    assert (token.last_used_at, token.last_used_client) == (at(9), "Codex")
    await store.people.touch_tokens([])
