"""Tokens over HTTP: the secret once, scopes that never grow, ends, uses, revocation."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from aibridge.auth.last_used import LastUsed, TokenUse
from aibridge.auth.tokens import mint, parse
from aibridge.ops.logs import LogFormat, configure_logs
from aibridge.records import Role, Scope, UserStatus
from aibridge.store.connections import Connection
from aibridge.store.people import User
from aibridge.store.pool import Store
from support.tokens import token_of

Join = Callable[..., Awaitable[Any]]
BOTH = ["api", "gateway"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_the_secret_is_shown_once(join: Join, api: httpx.AsyncClient, psql: Connection) -> None:
    """In the answer that makes the token; in no later answer, no log and no row."""
    log = io.StringIO()
    configure_logs(LogFormat.JSON, stream=log)
    dana = await join("dana")
    answer = await dana.ask("POST", "/tokens", {"name": "laptop", "scopes": BOTH, "lifetime": "90d"})
    assert answer.status_code == 201
    made = answer.json()
    secret = made["token"].rpartition("_")[2]
    assert parse(made["token"]) is not None
    assert (await api.get("/users/me", headers=bearer(made["token"]))).json()["token_id"] == made["id"]

    one, everything = await dana.get(f"/tokens/{made['id']}"), await dana.get("/tokens")
    assert {**one.json(), "last_used_at": None, "token": made["token"]} == made
    rows = await psql.fetch("SELECT t::text FROM api_tokens AS t")
    assert not any(secret in text for text in (one.text, everything.text, log.getvalue(), str(rows)))
    assert made["id"] in log.getvalue()


async def test_what_a_token_says(join: Join) -> None:
    dana = await join("dana")
    before = datetime.now(UTC)
    made = (await dana.ask("POST", "/tokens", {"name": "laptop", "scopes": ["gateway"], "lifetime": "90d"})).json()
    created, expires = (datetime.fromisoformat(made[key]) for key in ("created_at", "expires_at"))
    assert timedelta(0) <= expires - before - timedelta(days=90) < timedelta(minutes=1)
    assert abs(created - before) < timedelta(minutes=1)
    rest = {key: value for key, value in made.items() if key not in {"id", "token", "created_at", "expires_at"}}
    assert rest == {
        "user": {"id": str(dana.id), "username": "dana", "name": "Dana"},
        "name": "laptop",
        "scopes": ["gateway"],
        "revoked_at": None,
        "last_used_at": None,
        "last_used_client": None,
        "status": "active",
    }


async def test_without_an_end_and_with_a_given_one(join: Join) -> None:
    """A moment is kept to the microsecond, in whatever zone it was sent."""
    dana = await join("dana")
    assert (await dana.ask("POST", "/tokens", {"scopes": BOTH})).json()["expires_at"] is None
    end = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=123456)
    sent = end.astimezone(tz=None).isoformat()
    made = (await dana.ask("POST", "/tokens", {"scopes": BOTH, "expires_at": sent})).json()
    assert datetime.fromisoformat(made["expires_at"]) == end
    assert made["expires_at"].endswith("Z")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["api"] * 9}, "scopes"),
        ({"scopes": "api"}, "scopes"),
        ({"scopes": ["api", "everything"]}, "scopes.1"),
        ({"scopes": BOTH, "name": "x" * 201}, "name"),
        ({"scopes": BOTH, "name": "a\x1b[31m"}, "name"),
        *(
            ({"scopes": BOTH, "lifetime": text}, "lifetime")
            for text in ("", "90", "0", "0d", "-1d", "soon", "999999d", "9" * 31 + "w", "1d" * 20, 90)
        ),
        *(
            ({"scopes": BOTH, "expires_at": text}, "expires_at")
            for text in ("2020-01-02T03:04:05Z", "2999-01-02T03:04:05Z", "2027-01-02T03:04:05", "tomorrow", 4e9)
        ),
        ({"scopes": BOTH, "expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at"),
        ({"scopes": BOTH, "lifetime": "1d", "expires_at": "2027-01-02T03:04:05Z"}, "lifetime"),
        ({"scopes": BOTH, "user": 7}, "user"),
        ({"scopes": BOTH, "token": "aib_mine"}, "token"),
        ({"scopes": BOTH, "id": "mine"}, "id"),
    ],
    ids=str,
)
async def test_wrong_values_are_named(join: Join, body: dict[str, Any], field: str) -> None:
    dana = await join("dana")
    answer = await dana.ask("POST", "/tokens", body)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["validations"]] == [field]
    assert (await dana.get("/tokens")).json()["total"] == 1


# ------------------------------------------------------------------ scopes never grow


@pytest.mark.parametrize("role", Role)
async def test_a_token_makes_none_with_more_scopes(join: Join, role: Role) -> None:
    """Not even an owner's, and not for oneself: whoever finds a narrow token has found no wide one."""
    await join("dana")
    narrow = await join("nell", role, scopes={Scope.API})
    for user in ("me", "dana"):
        answer = await narrow.ask("POST", "/tokens", {"scopes": BOTH, "user": user})
        assert answer.status_code == (404 if user == "dana" and role is Role.MEMBER else 403)
    answer = await narrow.ask("POST", "/tokens", {"scopes": ["gateway"]})
    assert answer.json()["message"].endswith("it lacks `gateway`.")
    assert (await narrow.ask("POST", "/tokens", {"scopes": ["api", "api"]})).json()["scopes"] == ["api"]
    assert (await narrow.get("/tokens", user="me")).json()["total"] == 2


async def test_a_token_for_the_gateway_manages_nothing(join: Join) -> None:
    narrow = await join("nell", Role.OWNER, scopes={Scope.GATEWAY})
    for method, path in (("GET", "/tokens"), ("POST", "/tokens"), ("DELETE", f"/tokens/{narrow.token_id}")):
        assert (
            await narrow.ask(method, path, {"scopes": ["gateway"]} if method == "POST" else None)
        ).status_code == 403


async def test_an_owner_makes_one_for_somebody_else(join: Join, api: httpx.AsyncClient) -> None:
    """It opens what that person may see, not what the owner may."""
    olga, dana = await join("olga", Role.OWNER), await join("dana")
    for user in ("dana", str(dana.id)):
        made = (await olga.ask("POST", "/tokens", {"scopes": BOTH, "user": user})).json()
        assert made["user"]["id"] == str(dana.id)
        me = (await api.get("/users/me", headers=bearer(made["token"]))).json()
        assert (me["username"], me["role"]) == ("dana", "member")
    assert (await dana.get("/tokens")).json()["total"] == 3


# ------------------------------------------------------------------ lists


async def test_pages_of_tokens(join: Join) -> None:
    """Newest first; one's own, or for owners everyone's and anyone's."""
    olga, dana = await join("olga", Role.OWNER), await join("dana")
    for name in ("one", "two", "three"):
        await dana.ask("POST", "/tokens", {"name": name, "scopes": ["api"]})

    async def names(person: Any, **parameters: Any) -> tuple[list[str], int, int]:
        page = (await person.get("/tokens", **parameters)).json()
        return [token["name"] for token in page["tokens"]], page["total"], page["count"]

    assert await names(dana) == (["three", "two", "one", ""], 4, 4)
    assert await names(dana, limit=2, offset=1) == (["two", "one"], 4, 4)
    assert await names(dana, offset=9) == ([], 4, 4)
    assert await names(olga, user="dana", limit=1) == (["three"], 4, 4)
    assert await names(olga) == (["three", "two", "one", "", ""], 5, 5)
    assert await names(olga, user="me") == ([""], 1, 1)
    assert (await dana.get("/tokens", limit=1001)).status_code == 400
    assert (await dana.get("/tokens", user="x" * 65)).status_code == 400


async def test_the_tokens_of_the_deleted_are_revoked_and_still_listed(join: Join, api: httpx.AsyncClient) -> None:
    olga, dana = await join("olga", Role.OWNER), await join("dana")
    await olga.ask("DELETE", "/users/dana")
    again = await join("dana")
    (token,) = (await olga.get("/tokens", user=str(dana.id))).json()["tokens"]
    assert (token["status"], token["user"]["name"]) == ("revoked", "Dana")
    assert (await api.get("/users/me", headers=bearer(dana.token))).status_code == 401
    assert (await again.get("/tokens")).json()["total"] == 1


async def test_a_token_that_is_made_while_its_user_is_deleted_is_revoked_or_refused(
    join: Join, store: Store, psql: Connection
) -> None:
    olga = await join("olga", Role.OWNER)
    for number in range(5):
        dana = await join(f"dana-{number}")
        made, deleted = await asyncio.gather(
            olga.ask("POST", "/tokens", {"scopes": BOTH, "user": f"{dana.id}"}),
            olga.ask("DELETE", f"/users/{dana.id}"),
        )
        assert made.status_code in {201, 404, 409}
        assert deleted.status_code == 204
        assert all(token.revoked_at for token in await store.people.list_tokens(dana.id))


# ------------------------------------------------------------------ the end of a token


async def test_revoked_at_once_and_for_good(join: Join, store: Store) -> None:
    """Again is no error, and the first moment stands."""
    dana = await join("dana")
    made = (await dana.ask("POST", "/tokens", {"scopes": BOTH})).json()
    path = f"/tokens/{made['id']}"
    assert (await dana.ask("DELETE", path)).status_code == 204
    first = (await dana.get(path)).json()
    assert first["status"] == "revoked"
    assert (await dana.ask("DELETE", path)).status_code == 204
    assert (await dana.get(path)).json()["revoked_at"] == first["revoked_at"] is not None
    assert (await dana.client.get("/users/me", headers=bearer(made["token"]))).status_code == 401


async def test_a_token_may_revoke_itself(join: Join) -> None:
    dana = await join("dana")
    assert (await dana.ask("DELETE", f"/tokens/{dana.token_id}")).status_code == 204


async def kept(store: Store, user: User, *, expires_at: datetime | None = None) -> str:
    return (await token_of(store.people, user, expires_at=expires_at)).token


async def test_who_is_let_in(join: Join, api: httpx.AsyncClient, store: Store) -> None:
    """Each way in which a token can be no good, and what is said of it."""
    dana = await join("dana")
    past = datetime.now(UTC) - timedelta(seconds=1)
    good, expired = await kept(store, dana.user), await kept(store, dana.user, expires_at=past)
    revoked, other = await kept(store, dana.user), await kept(store, dana.user)
    await store.people.revoke_token(revoked.split("_")[1])
    suspended = (await join("sue")).user
    of_suspended = await kept(store, suspended)
    await store.people.set_status(suspended.id, UserStatus.SUSPENDED)
    of_deleted = (await join("del")).token
    await store.people.set_status((await store.people.find_user("del")).id, UserStatus.DELETED)  # type: ignore[union-attr]
    wrong_secret = "_".join((*good.split("_")[:2], other.split("_")[2]))
    for token, status, said in (
        (good, 200, ""),
        (good[:-1], 401, "not valid"),
        (good.split("_")[1], 401, "not valid"),
        (wrong_secret, 401, "not valid"),
        (mint().token, 401, "not valid"),
        (expired, 401, "expired"),
        (revoked, 401, "revoked"),
        (of_deleted, 401, "revoked"),
        (of_suspended, 403, "suspended"),
    ):
        answer = await api.get("/users/me", headers=bearer(token))
        assert answer.status_code == status
        assert said in answer.json().get("message", "")


async def test_an_expired_token_says_so_on_the_list(join: Join, store: Store) -> None:
    dana = await join("dana")
    await kept(store, dana.user, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    statuses = {token["status"] for token in (await dana.get("/tokens")).json()["tokens"]}
    assert statuses == {"active", "expired"}


async def test_last_use_with_its_client(join: Join, store: Store) -> None:
    """The gateway tells the client; a use of the API moves the time and keeps the client."""
    dana = await join("dana")
    used_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    await store.people.touch_tokens([TokenUse(token_id=dana.token_id, used_at=used_at, client="Claude Code")])
    token = (await dana.get(f"/tokens/{dana.token_id}")).json()
    assert (token["last_used_at"], token["last_used_client"]) == ("2026-01-02T03:04:05Z", "Claude Code")
    uses = LastUsed(store.people.touch_tokens)
    uses.note(dana.token_id)
    await uses.flush()
    token = (await dana.get(f"/tokens/{dana.token_id}")).json()
    assert token["last_used_at"] > "2026-01-03"
    assert token["last_used_client"] == "Claude Code"
