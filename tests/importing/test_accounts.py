"""Coder's people here: by id, else by name, else new; and nobody's account is changed."""

import itertools
from uuid import UUID, uuid4

import pytest

from aibridge.auth.usernames import why_not
from aibridge.importing.accounts import alternatives, username
from aibridge.importing.report import Fate
from aibridge.records import Role, UserStatus
from aibridge.store.connections import Connection
from aibridge.store.people import User
from aibridge.store.pool import Store
from support.coder_database import CoderDatabase, Import

ID = UUID("0f0e0d0c-0000-4000-8000-000000000000")


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("ada", "ada"),
        ("Ada", "ada"),
        ("ada.lovelace", "ada.lovelace"),
        ("Zoë O'Brien", "zoe-o-brien"),
        ("-ada-", "ada"),
        ("ada" * 30, ("ada" * 30)[:64]),
        ("a" * 63 + "-b", "a" * 63),
        ("李", "user-0f0e0d0c"),
        ("", "user-0f0e0d0c"),
        ("me", "user-me"),
        (str(ID), f"user-{ID}"),
        (ID.hex, f"user-{ID.hex}"),
    ],
)
def test_names_are_made_to_follow_the_rule(there: str, here: str) -> None:
    assert username(there, ID) == here
    assert why_not(here) is None


@pytest.mark.parametrize("name", ["ada", "a" * 64, "a" * 61 + "-bc"])
def test_alternatives_follow_the_rule_too(name: str) -> None:
    found = list(itertools.islice(alternatives(name), 120))
    assert found[0] == name
    assert len(set(found)) == 120
    assert [why_not(each) for each in found] == [None] * 120


async def user(store: Store, user_id: UUID) -> User:
    found = await store.people.find_user(user_id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("columns", "role", "status"),
    [
        ({}, Role.MEMBER, UserStatus.ACTIVE),
        ({"rbac_roles": ["owner"]}, Role.OWNER, UserStatus.ACTIVE),
        ({"rbac_roles": ["template-admin", "auditor"]}, Role.AUDITOR, UserStatus.ACTIVE),
        ({"rbac_roles": ["auditor", "owner"]}, Role.OWNER, UserStatus.ACTIVE),
        ({"rbac_roles": ["user-admin"]}, Role.MEMBER, UserStatus.ACTIVE),
        ({"status": "dormant"}, Role.MEMBER, UserStatus.ACTIVE),
        ({"status": "suspended"}, Role.MEMBER, UserStatus.SUSPENDED),
    ],
)
async def test_role_and_status_come_along(
    coder: CoderDatabase, run_import: Import, store: Store, columns: dict[str, object], role: Role, status: UserStatus
) -> None:
    ada = await coder.user("ada", name="Ada", avatar_url="https://a.example/a.png", **columns)
    await run_import()
    found = await user(store, ada)
    assert (found.username, found.name, found.email) == ("ada", "Ada", "ada@example.com")
    assert (found.avatar_url, found.role, found.status) == ("https://a.example/a.png", role, status)
    assert found.password_hash is None


async def test_an_account_of_the_same_id_is_left_as_it_is(
    coder: CoderDatabase, ada: UUID, run_import: Import, store: Store
) -> None:
    """Also when it was changed here since it was imported."""
    await run_import()
    await store.people.set_role(ada, Role.OWNER)
    before = await user(store, ada)
    await coder.connection.execute("UPDATE users SET username = 'countess', status = 'suspended'")
    report = await run_import()
    assert report.users.there == 1
    assert await user(store, ada) == before


@pytest.mark.parametrize("address", [None, "ADA@example.com"])
async def test_an_account_of_the_same_name_gets_the_record_and_is_left_as_it_is(
    coder: CoderDatabase, run_import: Import, store: Store, psql: Connection, address: str | None
) -> None:
    here = await store.people.create_user("ada", email=address)
    there = await coder.user("Ada", email="ada@example.com", rbac_roles=["owner"])
    await coder.interception(there)
    for _ in range(2):
        report = await run_import()
        assert [(note.what, note.id) for note in report.told()] == [("same user", there)]
    assert await psql.fetchval("SELECT initiator_id FROM aibridge_interceptions") == here.id
    assert await user(store, here.id) == here
    assert await store.people.find_user(there) is None


async def test_a_namesake_with_another_address_gets_an_account_beside(
    coder: CoderDatabase, ada: UUID, run_import: Import, store: Store
) -> None:
    await store.people.create_user("ada", email="ada@elsewhere.example")
    await store.people.create_user("ada-2")
    report = await run_import()
    assert (await user(store, ada)).username == "ada-3"
    assert [(note.what, note.id, note.text) for note in report.told()] == [("new name", ada, "ada is ada-3 here")]


async def test_the_deleted_come_along_when_they_have_a_record(
    coder: CoderDatabase, ada: UUID, run_import: Import, store: Store, psql: Connection
) -> None:
    """A deleted user's name may be somebody else's by now: they are never taken for each other."""
    left = await coder.user("ada", deleted=True)
    await coder.interception(left)
    never_asked = await coder.user("eve", deleted=True)
    report = await run_import()
    assert (await user(store, left)).status is UserStatus.DELETED
    assert (await user(store, ada)).status is UserStatus.ACTIVE
    assert await store.people.find_user(never_asked) is None
    assert report.users.skipped == {Fate.DELETED: 1}
    assert await psql.fetchval("SELECT initiator_id FROM aibridge_interceptions") == left


async def test_a_deleted_name_of_ours_is_nobodys(
    coder: CoderDatabase, ada: UUID, run_import: Import, store: Store
) -> None:
    gone = await store.people.create_user("ada")
    await store.people.set_status(gone.id, UserStatus.DELETED)
    await run_import()
    assert (await user(store, ada)).username == "ada"


async def test_accounts_of_the_system_stay_there_unless_they_asked(
    coder: CoderDatabase, run_import: Import, store: Store
) -> None:
    quiet = await coder.user("prebuilds", is_system=True)
    asks = await coder.user("robot", is_system=True)
    await coder.interception(asks)
    report = await run_import()
    assert report.users.skipped == {Fate.SYSTEM: 1}
    assert await store.people.find_user(quiet) is None
    assert (await user(store, asks)).username == "robot"


async def test_whom_coder_has_forgotten_and_we_know_is_not_unknown(
    coder: CoderDatabase, ada: UUID, run_import: Import
) -> None:
    await run_import()
    await coder.connection.execute("DELETE FROM users")
    await coder.interception(ada)
    assert (await run_import()).interceptions.added == 1


async def test_people_are_read_page_by_page(
    coder: CoderDatabase, run_import: Import, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aibridge.importing.people.PAGE", 3)
    for n in range(10):
        await coder.user(f"user{n}", id=uuid4())
    assert (await run_import()).users.added == 10
    assert len(await store.people.list_users()) == 10
