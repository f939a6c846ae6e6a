import asyncio
from datetime import datetime
from uuid import UUID, uuid4

import msgspec
import pytest

from aibridge.errors import AlreadyExists, LastOwner, NotFound, RowsRefused
from aibridge.records import Role, Scope, UserStatus
from aibridge.store.people import Token, User, UserChange
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


# ------------------------------------------------------------------ changes and the last owner


async def test_only_what_is_given_changes(store: Store, alice: UUID) -> None:
    full = UserChange(name="A", email="a@example.org", avatar_url="https://example.org/a.png")
    user = await store.people.change_user(alice, full)
    assert (user.name, user.email, user.avatar_url, user.role) == (
        *("A", "a@example.org", "https://example.org/a.png"),
        Role.MEMBER,
    )
    same = await store.people.change_user(alice, UserChange())
    assert msgspec.structs.replace(same, updated_at=user.updated_at) == user
    assert (await store.people.change_user(alice, UserChange(email=None))).email is None
    with pytest.raises(NotFound):
        await store.people.change_user(uuid4(), UserChange(name="x"))


@pytest.mark.parametrize(
    "change",
    [UserChange(role=Role.MEMBER), UserChange(status=UserStatus.SUSPENDED), UserChange(status=UserStatus.DELETED)],
    ids=("demoted", "suspended", "deleted"),
)
async def test_the_last_active_owner_stays(store: Store, alice: UUID, bob: UUID, change: UserChange) -> None:
    await store.people.set_role(alice, Role.OWNER)
    await store.people.set_role(bob, Role.OWNER)
    await store.people.set_status(bob, UserStatus.SUSPENDED)
    with pytest.raises(LastOwner):
        await store.people.change_user(alice, msgspec.structs.replace(change, name="half done"))
    kept = await store.people.find_user(alice)
    assert kept is not None
    assert (kept.role, kept.status, kept.name) == (Role.OWNER, UserStatus.ACTIVE, "Alice")
    await store.people.change_user(alice, UserChange(name="Still", role=Role.OWNER, status=UserStatus.ACTIVE))
    await store.people.set_status(bob, UserStatus.ACTIVE)
    await store.people.change_user(alice, change)


async def test_many_owners_unseated_at_once_leave_one(store: Store) -> None:
    """Demoted, suspended and deleted side by side on connections of their own: the last in line is refused."""
    owners = [await store.people.create_user(f"owner-{number}", role=Role.OWNER) for number in range(6)]
    changes = [UserChange(role=Role.MEMBER), *(UserChange(status=s) for s in list(UserStatus)[1:])] * 2
    done = await asyncio.gather(
        *(store.people.change_user(owner.id, change) for owner, change in zip(owners, changes, strict=True)),
        return_exceptions=True,
    )
    assert [type(result) for result in done if isinstance(result, BaseException)] == [LastOwner]
    left = [user for user in await store.people.list_users() if user.role is Role.OWNER]
    assert [user.status for user in left].count(UserStatus.ACTIVE) == 1


async def test_deleting_takes_tokens_and_password_along(store: Store, alice: UUID) -> None:
    user = await store.people.find_user(alice)
    assert user is not None
    await a_token(store, user)
    await store.people.set_password_hash(alice, "$argon2id$…")
    assert (await store.people.set_status(alice, UserStatus.DELETED)).password_hash is None
    (token,) = await store.people.list_tokens(alice)
    assert token.revoked_at is not None


async def test_pages_count_beyond_themselves(store: Store, alice: UUID, bob: UUID) -> None:
    for user_id, tokens in ((alice, "ab"), (bob, "c")):
        user = await store.people.find_user(user_id)
        assert user is not None
        for token_id in tokens:
            await a_token(store, user, token_id)
    users, total = await store.people.users_page(limit=1, offset=1)
    assert ([user.id for user in users], total) == ([bob], 2)
    assert await store.people.users_page(limit=1, offset=2) == ([], 2)
    assert (await store.people.users_page(alice, limit=9))[1] == 1
    assert (await store.people.tokens_page(limit=9))[0] == await store.people.list_tokens()
    assert (await store.people.tokens_page(alice, limit=1))[1] == 2
    assert await store.people.tokens_page(alice, limit=1, offset=2) == ([], 2)
    shown = await store.people.show_token("c")
    assert shown is not None
    assert (shown.username, shown.display_name, shown.name) == ("bob", "", "laptop")
    assert await store.people.show_token("nope") is None
