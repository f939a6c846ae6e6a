"""Users over HTTP: made, listed, changed, suspended, deleted; their passwords."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aibridge.auth.passwords import verify_password
from aibridge.filters import EVERYTHING
from aibridge.ops.logs import LogFormat, configure_logs
from aibridge.records import Role
from aibridge.store.pool import Store

Join = Callable[..., Awaitable[Any]]
Exchange = Callable[..., Awaitable[Any]]
PASSWORD = "correct horse battery"


@pytest.fixture
def log() -> io.StringIO:
    """What a log collector would read."""
    stream = io.StringIO()
    configure_logs(LogFormat.JSON, stream=stream)
    return stream


def events(log: io.StringIO) -> list[dict[str, Any]]:
    """The changes of accounts that were logged."""
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in lines if line["event"] == "account changed"]


async def test_who_am_i(join: Join) -> None:
    olga = await join("olga", Role.OWNER)
    me = (await olga.get("/users/me")).json()
    assert {**me, "created_at": "", "updated_at": ""} == {
        "id": str(olga.id),
        "username": "olga",
        "name": "Olga",
        "email": None,
        "avatar_url": "",
        "role": "owner",
        "status": "active",
        "created_at": "",
        "updated_at": "",
        "token_id": olga.token_id,
        "scopes": ["api", "gateway"],
    }
    assert me["created_at"].endswith("Z")


async def test_an_owner_makes_a_user(join: Join) -> None:
    """What comes back is what was sent, and what the list and the user's own page say."""
    olga = await join("olga", Role.OWNER)
    sent = {
        "username": "zoe.x",
        "name": "Zoë X",
        "email": "zoe@example.com",
        "avatar_url": "https://example.com/zoe.png",
        "role": "auditor",
    }
    answer = await olga.ask("POST", "/users", sent)
    assert answer.status_code == 201
    made = answer.json()
    assert made.items() >= {**sent, "status": "active"}.items()
    assert (await olga.get("/users/zoe.x")).json() == made == (await olga.get(f"/users/{made['id']}")).json()
    assert made in (await olga.get("/users")).json()["users"]


async def test_only_the_username_is_needed(join: Join) -> None:
    made = (await (await join("olga", Role.OWNER)).ask("POST", "/users", {"username": "zoe"})).json()
    assert (made["name"], made["email"], made["avatar_url"], made["role"]) == ("", None, "", "member")


async def test_a_name_is_borne_once(join: Join) -> None:
    """Also when two make it at the same moment."""
    olga = await join("olga", Role.OWNER)
    answers = await asyncio.gather(*(olga.ask("POST", "/users", {"username": "zoe"}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json() == {"message": "There is a user zoe already."}


WRONG: list[tuple[dict[str, Any], str]] = [
    *(
        ({"username": name}, "username")
        for name in ("", "A", "-a", "a b", "a\n", "x" * 65, "me", "0" * 32, "00000000-0000-0000-0000-000000000000")
    ),
    *(({"username": value}, "username") for value in (None, 1, "a\x00")),
    ({}, "username"),
    ({"username": "zoe", "name": "x" * 201}, "name"),
    ({"username": "zoe", "name": "a\x00b"}, "name"),
    ({"username": "zoe", "name": None}, "name"),
    ({"username": "zoe", "email": "nowhere"}, "email"),
    ({"username": "zoe", "email": "a@b\r\nBcc: x@y"}, "email"),
    ({"username": "zoe", "avatar_url": "javascript:alert(1)"}, "avatar_url"),
    ({"username": "zoe", "avatar_url": "https://example.com/a b"}, "avatar_url"),
    ({"username": "zoe", "role": "king"}, "role"),
    ({"username": "zoe", "status": "suspended"}, "status"),
    ({"username": "zoe", "password": PASSWORD}, "password"),
    ({"username": "zoe", "id": "x"}, "id"),
    ({"username": "zoe", "\ud800": 1}, "body"),
]


@pytest.mark.parametrize(("body", "field"), WRONG, ids=[str(number) for number in range(len(WRONG))])
async def test_wrong_values_are_named(join: Join, body: dict[str, Any], field: str) -> None:
    olga = await join("olga", Role.OWNER)
    answer = await olga.send("POST", "/users", json.dumps(body).encode())
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["validations"]] == [field]
    assert (await olga.get("/users")).json()["total"] == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"[" * 50_000, b"\xff", b"9" * 5000])
async def test_a_body_that_is_none(join: Join, body: bytes) -> None:
    olga = await join("olga", Role.OWNER)
    for method, path in (
        ("POST", "/users"),
        ("PATCH", "/users/me"),
        ("POST", "/tokens"),
        ("PUT", "/users/me/password"),
    ):
        answer = await olga.send(method, path, body)
        assert answer.status_code == 400
        assert answer.json()["message"]


async def test_an_endless_body_is_not_read(join: Join) -> None:
    olga = await join("olga", Role.OWNER)
    assert (await olga.ask("POST", "/users", {"username": "zoe", "name": "x" * 70_000})).status_code == 413


async def test_pages_of_users(join: Join) -> None:
    """By name, the deleted ones last and only when asked for; the total counts beyond the page."""
    olga = await join("olga", Role.OWNER)
    for name in ("dana", "bob", "zoe", "abe"):
        await join(name)
    await olga.ask("DELETE", "/users/abe")

    async def names(**parameters: Any) -> tuple[list[str], int, int]:
        page = (await olga.get("/users", **parameters)).json()
        return [user["username"] for user in page["users"]], page["total"], page["count"]

    assert await names() == (["bob", "dana", "olga", "zoe"], 4, 4)
    assert await names(limit=2, offset=1) == (["dana", "olga"], 4, 4)
    assert await names(offset=9) == ([], 4, 4)
    assert await names(deleted=True) == (["bob", "dana", "olga", "zoe", "abe"], 5, 5)
    assert (await olga.get("/users", limit=1001)).status_code == 400
    assert (await olga.get("/users", offset=-1)).status_code == 400


async def test_absent_and_null_leave_things_as_they_are(join: Join) -> None:
    olga = await join("olga", Role.OWNER)
    full = {"name": "Dana D", "email": "d@example.com", "avatar_url": "https://example.com/d.png"}
    dana = await join("dana")
    before = (await olga.ask("PATCH", "/users/dana", full)).json()
    assert before.items() >= full.items()
    for body in ({}, {"name": None, "email": None, "avatar_url": None, "role": None, "status": None}):
        after = (await olga.ask("PATCH", "/users/dana", body)).json()
        assert {**after, "updated_at": ""} == {**before, "updated_at": ""}
    assert (await dana.ask("PATCH", "/users/me", {"name": "", "email": ""})).json().items() >= {
        "name": "",
        "email": None,
        "avatar_url": full["avatar_url"],
        "role": "member",
    }.items()


async def test_a_refused_patch_changes_nothing(join: Join) -> None:
    """What a member may change does not slip through beside what a member may not."""
    dana = await join("dana")
    assert (await dana.ask("PATCH", "/users/me", {"name": "Queen", "role": "owner"})).status_code == 403
    assert (await dana.get("/users/me")).json()["name"] == "Dana"


@pytest.mark.parametrize("status", ["deleted", "king", "", 1])
async def test_a_status_that_cannot_be_given(join: Join, status: object) -> None:
    """Deleting has a method of its own."""
    olga, _ = await join("olga", Role.OWNER), await join("dana")
    answer = await olga.ask("PATCH", "/users/dana", {"status": status})
    assert answer.status_code == 400
    [wrong] = answer.json()["validations"]
    assert wrong == {"field": "status", "detail": "Input should be 'active' or 'suspended'"}


async def test_a_deleted_user_stays_on_the_record_by_name(join: Join, store: Store, exchange: Exchange) -> None:
    """Readable by id, shown in interceptions and sessions; the username is somebody else's from now on."""
    olga, dana = await join("olga", Role.OWNER), await join("dana")
    asked = await exchange(dana)
    assert (await olga.ask("DELETE", "/users/dana")).status_code == 204
    again = await join("dana")

    assert (await olga.get("/users/dana")).json()["id"] == str(again.id)
    gone = (await olga.get(f"/users/{dana.id}")).json()
    assert (gone["status"], gone["username"], gone["name"]) == ("deleted", "dana", "Dana")
    shown = (await olga.get(f"/aibridge/interceptions/{asked}")).json()["initiator"]
    assert (shown["id"], shown["username"], shown["name"]) == (str(dana.id), "dana", "Dana")
    sessions, total = await store.reader.sessions_page(None, EVERYTHING, limit=9)
    assert total == 1
    assert (sessions[0].initiator.id, sessions[0].initiator.name) == (dana.id, "Dana")
    assert (await again.get(f"/aibridge/interceptions/{asked}")).status_code == 404


async def test_the_deleted_stay_deleted(join: Join) -> None:
    olga, dana = await join("olga", Role.OWNER), await join("dana")
    path = f"/users/{dana.id}"
    await olga.ask("DELETE", path)
    assert (await olga.ask("DELETE", path)).status_code == 204
    for method, where, body in (
        ("PATCH", path, {"status": "active"}),
        ("PATCH", path, {"name": "x"}),
        ("PUT", f"{path}/password", {"password": PASSWORD}),
        ("POST", "/tokens", {"scopes": ["api"], "user": str(dana.id)}),
    ):
        answer = await olga.ask(method, where, body)
        assert answer.status_code == 409
        assert "deleted" in answer.json()["message"]


# ------------------------------------------------------------------ the last owner


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"status": "suspended"}), ("DELETE", None)])
async def test_the_last_owner_stays(join: Join, method: str, body: Any) -> None:
    """A suspended or deleted owner is none to rely on; with a second active one it may be done."""
    olga = await join("olga", Role.OWNER)
    for name in ("opal", "otto"):
        await join(name, Role.OWNER)
    await olga.ask("PATCH", "/users/opal", {"status": "suspended"})
    await olga.ask("DELETE", "/users/otto")
    refused = await olga.ask(method, "/users/me", body)
    assert refused.status_code == 409
    assert refused.json() == {"message": "This is the last active owner. Make somebody else an owner first."}
    await olga.ask("PATCH", "/users/opal", {"status": "active"})
    assert (await olga.ask(method, "/users/me", body)).status_code < 300


async def test_two_owners_who_demote_each_other_at_once(join: Join, store: Store) -> None:
    """Whoever comes second is refused, as the last owner or as none any longer: never is there nobody."""
    one, other = await join("one", Role.OWNER), await join("other", Role.OWNER)
    for _ in range(5):
        answers = await asyncio.gather(
            one.ask("PATCH", "/users/other", {"role": "member"}), other.ask("PATCH", "/users/one", {"role": "member"})
        )
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses in ([200, 409], [200, 403])
        owners = [user.username for user in await store.people.list_users() if user.role is Role.OWNER]
        assert len(owners) == 1
        await store.people.set_role(one.id if owners == ["other"] else other.id, Role.OWNER)


# ------------------------------------------------------------------ passwords


async def test_ones_own_password_needs_the_current_one(join: Join, store: Store) -> None:
    dana = await join("dana")

    async def put(**body: str) -> tuple[int, list[str]]:
        answer = await dana.ask("PUT", "/users/me/password", body)
        named = answer.json()["validations"] if answer.content else []
        return answer.status_code, [each["field"] for each in named]

    assert await put(password=PASSWORD) == (204, [])
    assert await put(password="another good one") == (400, ["current_password"])
    assert await put(password="another good one", current_password="wrong") == (400, ["current_password"])
    kept = await store.people.find_user("dana")
    assert kept is not None
    assert verify_password(kept.password_hash, PASSWORD)
    assert await put(password="another good one", current_password=PASSWORD) == (204, [])
    kept = await store.people.find_user("dana")
    assert kept is not None
    assert verify_password(kept.password_hash, "another good one")


async def test_an_owner_sets_anyones_password_but_proves_their_own(join: Join) -> None:
    olga, dana = await join("olga", Role.OWNER), await join("dana")
    await dana.ask("PUT", "/users/me/password", {"password": PASSWORD})
    assert (await olga.ask("PUT", "/users/dana/password", {"password": "another good one"})).status_code == 204
    assert (await olga.ask("PUT", "/users/olga/password", {"password": PASSWORD})).status_code == 204
    assert (await olga.ask("PUT", f"/users/{olga.id}/password", {"password": "another good one"})).status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "password"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"password": "a" * 20}, "password"),
        ({"password": "hello dana hello"}, "password"),
        ({"password": PASSWORD, "current_password": "x" * 257}, "current_password"),
        ({"password": PASSWORD, "old": PASSWORD}, "old"),
    ],
)
async def test_a_password_that_is_refused(join: Join, body: dict[str, str], field: str) -> None:
    """The answer names the field and never repeats what was sent."""
    answer = await (await join("dana")).ask("PUT", "/users/me/password", body)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["validations"]] == [field]
    assert not any(value in answer.text for value in body.values())


# ------------------------------------------------------------------ what the log says


async def test_every_change_is_told_with_who_and_what_and_no_secret(join: Join, log: io.StringIO) -> None:
    olga, dana = await join("olga", Role.OWNER), await join("dana")
    await olga.ask("POST", "/users", {"username": "zoe", "email": "zoe@example.com"})
    await olga.ask("PATCH", "/users/dana", {"role": "auditor", "status": "suspended", "email": "private@example.com"})
    await olga.ask("PATCH", "/users/dana", {})
    await olga.ask("PUT", "/users/dana/password", {"password": PASSWORD})
    await olga.ask("DELETE", "/users/dana")
    await olga.ask("DELETE", f"/users/{dana.id}")
    told = events(log)
    assert [each["action"] for each in told] == ["create user", "change user", "set password", "delete user"]
    assert {(each["actor"], each["actor_id"], each["actor_token_id"]) for each in told} == {
        ("olga", str(olga.id), olga.token_id)
    }
    assert [each["target_user"] for each in told] == ["zoe", "dana", "dana", "dana"]
    assert told[1]["target"] == str(dana.id)
    assert (told[1]["role"], told[1]["status"], told[1]["email"]) == (
        *("member -> auditor", "active -> suspended", "changed"),
    )
    assert not any(secret in log.getvalue() for secret in (PASSWORD, "private@example.com", olga.token, "argon2"))


async def test_what_was_refused_is_not_told_as_done(join: Join, log: io.StringIO) -> None:
    olga, dana = await join("olga", Role.OWNER), await join("dana")
    await olga.ask("DELETE", "/users/me")
    await olga.ask("POST", "/users", {"username": "dana"})
    await dana.ask("PATCH", "/users/me", {"role": "owner"})
    await dana.ask("DELETE", f"/tokens/{olga.token_id}")
    assert events(log) == []
