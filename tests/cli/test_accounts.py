"""`aibridge users` and `aibridge tokens`: a result stands alone, a failure is one sentence."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aibridge.auth.passwords import verify_password
from aibridge.auth.tokens import parse
from aibridge.records import Role, Scope, UserStatus
from aibridge.store.pool import Store
from support.terminal import Ended, Terminal


@pytest.fixture
def terminal(tmp_path: Path, database: str) -> Terminal:
    return Terminal(tmp_path, DATABASE_URL=database)


async def test_a_created_user_is_there_and_only_the_id_is_printed(terminal: Terminal, store: Store) -> None:
    printed = terminal.read("users", "create", "ada", "--role", "owner", "--email", "ada@example.com")
    ada = await store.people.find_user("ada")
    assert ada
    assert printed == str(ada.id)
    assert (ada.role, ada.email, ada.status) == (Role.OWNER, "ada@example.com", UserStatus.ACTIVE)


def test_lists_are_tab_separated_for_scripts(terminal: Terminal) -> None:
    identity = terminal.read("users", "create", "ada")
    assert re.fullmatch(
        rf"ada\tmember\tactive\t-\t\d{{4}}-\d\d-\d\dT[\d:]{{8}}Z\t{identity}", terminal.read("users", "list")
    )


def test_a_name_that_is_taken_and_one_that_is_none(terminal: Terminal) -> None:
    terminal.read("users", "create", "ada")
    assert terminal.call("users", "create", "ada") == Ended(1, "", "aibridge: There is a user ada already.\n")
    assert terminal.call("users", "create", "Ada L") == Ended(
        1,
        "",
        "aibridge: 'Ada L' is not a valid user name: 1 to 64 of a-z 0-9 . _ -, with a letter or digit at both ends.\n",
    )


@pytest.mark.parametrize("email", ["nope", "a@", "a@b\n", "two@at@signs", "a b@c", f"{'x' * 250}@y.io"])
def test_what_is_no_email_address_is_refused(terminal: Terminal, email: str) -> None:
    """As over HTTP."""
    assert terminal.call("users", "create", "ada", "--email", email) == Ended(
        1, "", f"aibridge: {email!r} is not an email address.\n"
    )
    assert terminal.read("users", "list") == ""


async def test_an_empty_email_address_is_none(terminal: Terminal, store: Store) -> None:
    terminal.read("users", "create", "ada", "--email", "")
    ada = await store.people.find_user("ada")
    assert ada
    assert ada.email is None


@pytest.mark.parametrize(
    ("command", "expected"),
    [("suspend", UserStatus.SUSPENDED), ("activate", UserStatus.ACTIVE), ("delete", UserStatus.DELETED)],
)
async def test_a_status_is_changed_without_a_word(
    terminal: Terminal, store: Store, command: str, expected: UserStatus
) -> None:
    ada = await store.people.create_user("ada")
    assert terminal.read("users", command, "ada") == ""
    changed = await store.people.find_user(ada.id)
    assert changed
    assert changed.status is expected


async def test_a_role_is_changed_without_a_word_but_the_last_owner_stays(terminal: Terminal, store: Store) -> None:
    ada = await store.people.create_user("ada")
    assert terminal.read("users", "role", "ada", "owner") == ""
    assert terminal.call("users", "role", "ada", "member") == Ended(
        1, "", "aibridge: This is the last active owner. Make somebody else an owner first.\n"
    )
    kept = await store.people.find_user(ada.id)
    assert kept
    assert kept.role is Role.OWNER


@pytest.mark.parametrize("name", ["me", "00000000-0000-0000-0000-000000000007"])
def test_a_name_that_would_mean_somebody_else(terminal: Terminal, name: str) -> None:
    assert terminal.call("users", "create", name).status == 1


@pytest.mark.parametrize("command", [("users", "suspend"), ("tokens", "create"), ("tokens", "list")])
def test_nobody_of_that_name(terminal: Terminal, command: tuple[str, str]) -> None:
    assert terminal.call(*command, "bob") == Ended(
        1, "", "aibridge: There is no user bob. `aibridge users list` shows who there is.\n"
    )


async def test_a_password_comes_from_the_standard_input(terminal: Terminal, store: Store) -> None:
    await store.people.create_user("ada")
    terminal.read("users", "password", "ada", given="correct horse battery\n")
    ada = await store.people.find_user("ada")
    assert ada
    assert verify_password(ada.password_hash, "correct horse battery")


async def test_a_bad_password_is_refused_with_the_reason(terminal: Terminal, store: Store) -> None:
    await store.people.create_user("ada")
    said = terminal.call("users", "password", "ada", given="short\n")
    assert said == Ended(1, "", "aibridge: A password needs at least 12 characters.\n")


async def test_a_token_is_printed_alone_and_opens_what_it_was_made_for(terminal: Terminal, store: Store) -> None:
    await store.people.create_user("ada")
    before = datetime.now(UTC)
    printed = terminal.read("tokens", "create", "ada", "--name", "laptop", "--lifetime", "90d", "--scope", "gateway")
    token = parse(printed)
    assert token
    kept = await store.people.find_token(token.id)
    assert kept
    assert (kept.secret_sha256, kept.username, kept.scopes) == (token.secret_sha256, "ada", frozenset({Scope.GATEWAY}))
    assert kept.expires_at
    assert timedelta(days=90) <= kept.expires_at - before < timedelta(days=91)


async def test_a_token_opens_both_and_lasts_unless_said_otherwise(terminal: Terminal, store: Store) -> None:
    await store.people.create_user("ada")
    for scopes in ([], ["--scope", "api", "--scope", "gateway"]):
        token = parse(terminal.read("tokens", "create", "ada", *scopes))
        assert token
        kept = await store.people.find_token(token.id)
        assert kept
        assert (kept.scopes, kept.expires_at) == (frozenset(Scope), None)


@pytest.mark.parametrize("lifetime", ["90", "0", "-1d", "soon", "0d", "999999d"])
def test_a_wrong_lifetime_is_wrong_usage(terminal: Terminal, lifetime: str) -> None:
    ended = terminal.call("tokens", "create", "ada", f"--lifetime={lifetime}")
    assert (ended.status, ended.out) == (2, "")
    assert f"must be a time such as 90d, 12h or 8w, of at most 100 years, not '{lifetime}'" in ended.err


async def test_tokens_are_revoked_by_id_or_by_themselves(terminal: Terminal, store: Store) -> None:
    await store.people.create_user("ada")
    first, second = (terminal.read("tokens", "create", "ada") for _ in range(2))
    terminal.read("tokens", "revoke", first)
    terminal.read("tokens", "revoke", second.split("_")[1])
    assert [line.split("\t")[4] for line in terminal.read("tokens", "list").splitlines()] == ["revoked", "revoked"]
    assert terminal.call("tokens", "revoke", "nix") == Ended(
        1, "", "aibridge: There is no such token. `aibridge tokens list` shows their ids.\n"
    )


async def test_a_list_of_tokens_shows_no_secret_and_obeys_no_escape(terminal: Terminal, store: Store) -> None:
    """Trap 25. A name is shown as text, whatever it holds."""
    await store.people.create_user("ada")
    token = terminal.read("tokens", "create", "ada", "--name", "\x1b[31mred\ttab")
    listed = terminal.read("tokens", "list", "ada")
    assert token.split("_")[2] not in listed
    assert listed.split("\t")[2] == "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}tab"
