"""What the pages promise to browsers, and what those who mean harm get."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import httpx
import pytest
from starlette.types import Receive, Scope, Send

from aibridge.auth.browsers import mint_secret, sha256_of
from aibridge.auth.passwords import hash_password
from aibridge.records import Role
from aibridge.store.people import UserChange
from aibridge.web.application import PAGES
from aibridge.web.door import TRIES_BY_ADDRESS
from aibridge.web.forwarded import ForwardedAddress
from support.stage import Stage, open_stage

HTML = {"accept": "text/html"}
PASSWORD = "correct horse battery staple"
TOKEN = re.compile(r'name="form" value="([^"]+)"')


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with open_stage(database) as opened:
        people = opened.gateway.worker.store.people
        await people.create_user("milo", password_hash=await asyncio.to_thread(hash_password, PASSWORD))
        await people.create_user("nora", email="Nora@Example.com", password_hash=hash_password(PASSWORD))
        yield opened


@asynccontextmanager
async def browsing(
    stage: Stage, username: str | None = None, *, headers: Mapping[str, str] | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with cookies of their own."""
    async with httpx.AsyncClient(
        base_url=stage.gateway.url, headers={**HTML, **(headers or {})}, trust_env=False, timeout=60
    ) as http:
        if username is not None:
            store, secret = stage.gateway.worker.store, mint_secret()
            found = await store.people.find_user(username)
            assert found is not None
            await store.sign_ins.start(
                found.id, secret_sha256=sha256_of(secret), user_agent="test", address="127.0.0.1"
            )
            http.cookies.set("aibridge", secret)
        yield http


async def form_token(http: httpx.AsyncClient) -> str:
    found = TOKEN.search((await http.get("/account")).text)
    assert found is not None
    return found[1]


async def test_every_answer_carries_the_safe_headers(stage: Stage) -> None:
    """Pages, redirects, errors, files: nothing inline, nothing from elsewhere, no frame, and no copy is kept."""
    async with browsing(stage, "olivia") as http:
        for path in ("/account", "/", "/nothing", "/signin", "/users/nobody"):
            answer = await http.get(path)
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; ")
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cache-control"] == "no-store"


async def test_nothing_is_inline(stage: Stage) -> None:
    """No script, style or handler stands in a page."""
    async with browsing(stage, "olivia") as http:
        for path in ("/account", "/users", "/users/milo", "/setup", "/settings", "/signin"):
            text = (await http.get(path)).text
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", text), path


async def test_a_form_of_another_site_does_nothing(stage: Stage) -> None:
    """Whether the browser names the site, only its origin, or nothing: without our token nobody is changed."""
    async with browsing(stage, "olivia") as http:
        good = await form_token(http)
        change = {"status": "suspended"}
        refused: list[tuple[dict[str, str], dict[str, str]]] = [
            ({"sec-fetch-site": "cross-site"}, {"form": good, **change}),
            ({"sec-fetch-site": "same-site"}, {"form": good, **change}),
            ({"origin": "https://evil.example"}, {"form": good, **change}),
            ({"origin": "null"}, {"form": good, **change}),
            ({"sec-fetch-site": "same-origin"}, change),
            ({}, change),
            ({}, {"form": "", **change}),
            ({}, {"form": good[:-4] + "AAAA", **change}),
        ]
        for headers, fields in refused:
            answer = await http.post("/users/milo/status", data=fields, headers=headers)
            assert answer.status_code == 403
            assert "sent from another page" in answer.text
        milo = await stage.gateway.worker.store.people.find_user("milo")
        assert milo is not None
        assert milo.status == "active"
        taken = await http.post(
            "/users/milo/status", data={"form": good, **change}, headers={"origin": stage.gateway.url}
        )
        assert taken.headers["location"] == "/users/milo?said=suspended"


async def test_a_token_of_one_browser_is_none_of_another(stage: Stage) -> None:
    async with browsing(stage, "olivia") as one, browsing(stage, "olivia") as other:
        token = await form_token(one)
        assert token != await form_token(one), "masked anew for each page"
        assert (await other.post("/signout", data={"form": token})).status_code == 403
        assert (await one.post("/signout", data={"form": token})).headers["location"] == "/signin"


async def test_every_form_is_guarded(stage: Stage) -> None:
    """Each route that takes a POST refuses one without a token, and one from elsewhere."""
    routes = [route for module in PAGES for route in module.ROUTES if "POST" in (route.methods or ())]
    assert len(routes) >= 15
    async with browsing(stage, "olivia") as signed_in:
        for route in routes:
            path = re.sub(r"\{[^}]+\}", "milo", route.path)
            assert (await signed_in.post(path, data={})).status_code == 403, path
            elsewhere = await signed_in.post(path, data={}, headers={"origin": "https://evil.example"})
            assert elsewhere.status_code == 403, path


async def test_no_session_can_be_fixed(stage: Stage) -> None:
    """A cookie that somebody planted lets nobody in and is not taken over; a sign-in that was there ends."""
    async with browsing(stage) as http:
        planted = mint_secret()
        http.cookies.set("aibridge", planted)
        answer = await http.post("/signin", data={"name": "milo", "password": PASSWORD})
        first = answer.headers["set-cookie"]
        assert planted not in first
        secret = first.partition("=")[2].partition(";")[0]
        http.cookies.clear()
        http.cookies.set("aibridge", secret)
        again = await http.post("/signin", data={"name": "milo", "password": PASSWORD, "form": await form_token(http)})
        assert again.status_code == 303
        http.cookies.clear()
        http.cookies.set("aibridge", secret)
        assert (await http.get("/account")).headers["location"] == "/signin?next=%2Faccount"


async def test_the_cookie(stage: Stage) -> None:
    """Hidden from scripts, not sent along from elsewhere; only its hash is kept."""
    async with browsing(stage) as http:
        answer = await http.post("/signin", data={"name": "NORA@example.com", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    connection = await asyncpg.connect(stage.database)
    try:
        kept = await connection.fetchval("SELECT string_agg(s::text, ' ') FROM sign_ins AS s")
    finally:
        await connection.close()
    assert cookie.partition("=")[2].partition(";")[0] not in kept


async def test_behind_https_the_cookie_belongs_to_this_host(database: str) -> None:
    async with open_stage(database, environ={"AIBRIDGE_ACCESS_URL": "https://gateway.example.net"}) as stage:
        people = stage.gateway.worker.store.people
        await people.create_user("milo", password_hash=hash_password(PASSWORD))
        async with browsing(stage) as http:
            answer = await http.post(
                "/signin",
                data={"name": "milo", "password": PASSWORD},
                headers={"origin": "https://gateway.example.net"},
            )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-aibridge=")
    assert "Secure" in cookie.split("; ")


async def test_tries_at_once_are_all_counted(stage: Stage) -> None:
    """Twenty guesses at the same time get no more answers than five one after the other; no name is told apart."""
    async with browsing(stage) as http:
        for name in ("milo", "nobody"):
            answers = await asyncio.gather(
                *(http.post("/signin", data={"name": name, "password": f"guess {n}"}) for n in range(20))
            )
            assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 15


async def signed_in_from(stage: Stage, forwarded: str) -> str:
    """The address that is kept of a sign-in whose request carried this `X-Forwarded-For`."""
    async with browsing(stage, headers={"x-forwarded-for": forwarded}) as http:
        assert (await http.post("/signin", data={"name": "milo", "password": PASSWORD})).status_code == 303
    store = stage.gateway.worker.store
    milo = await store.people.find_user("milo")
    assert milo is not None
    newest, *_ = sorted(await store.sign_ins.of(milo.id), key=lambda each: each.created_at, reverse=True)
    return newest.address


async def test_nobody_is_believed_where_they_are(stage: Stage) -> None:
    assert await signed_in_from(stage, "203.0.113.9") == "127.0.0.1"


async def test_a_trusted_proxy_is_believed_where_a_browser_is(database: str) -> None:
    """Of a chain the last that is no trusted proxy: what stands before it, the browser may have written itself."""
    async with open_stage(database, environ={"AIBRIDGE_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8"}) as stage:
        people = stage.gateway.worker.store.people
        await people.create_user("milo", password_hash=await asyncio.to_thread(hash_password, PASSWORD))
        assert await signed_in_from(stage, "203.0.113.9") == "203.0.113.9"
        assert await signed_in_from(stage, "192.0.2.1, 203.0.113.9, 10.1.2.3") == "203.0.113.9"


async def test_tries_behind_a_trusted_proxy_count_for_their_own_address(database: str) -> None:
    """Somebody who guesses locks out nobody else behind the same proxy."""
    async with open_stage(database, environ={"AIBRIDGE_TRUSTED_PROXIES": "127.0.0.1"}) as stage:
        people = stage.gateway.worker.store.people
        await people.create_user("milo", password_hash=await asyncio.to_thread(hash_password, PASSWORD))
        async with browsing(stage, headers={"x-forwarded-for": "203.0.113.9"}) as http:
            for n in range(TRIES_BY_ADDRESS):
                await http.post("/signin", data={"name": f"nobody{n}", "password": "guess"})
            assert (await http.post("/signin", data={"name": "milo", "password": PASSWORD})).status_code == 429
        assert await signed_in_from(stage, "198.51.100.7") == "198.51.100.7"


@pytest.mark.parametrize(
    ("peer", "address"), [("::ffff:10.1.2.3", "203.0.113.9"), ("::ffff:11.1.2.3", "::ffff:11.1.2.3"), ("::1", "::1")]
)
async def test_a_proxy_is_known_on_a_socket_of_ipv6(peer: str, address: str) -> None:
    seen: list[str] = []

    async def application(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope["client"][0])

    scope = {"type": "http", "client": (peer, 1), "headers": [(b"x-forwarded-for", b"203.0.113.9")]}
    await ForwardedAddress(application, ["10.0.0.0/8"])(scope, None, None)  # type: ignore[arg-type]
    assert seen == [address]


async def test_tries_are_forgotten_after_a_while(stage: Stage) -> None:
    async with browsing(stage) as http:
        answers = [await http.post("/signin", data={"name": "milo", "password": "guess"}) for _ in range(6)]
        assert answers[-1].status_code == 429
        connection = await asyncpg.connect(stage.database)
        try:
            await connection.execute("UPDATE sign_in_tries SET since = since - interval '5 minutes 1 second'")
        finally:
            await connection.close()
        assert (await http.post("/signin", data={"name": "milo", "password": PASSWORD})).status_code == 303


@pytest.mark.parametrize("column", ["expires_at = now()", "last_seen_at = now() - interval '3 days 1 second'"])
async def test_a_sign_in_ends_by_itself(stage: Stage, column: str) -> None:
    async with browsing(stage, "milo") as http:
        assert (await http.get("/account")).status_code == 200
        connection = await asyncpg.connect(stage.database)
        try:
            await connection.execute(f"UPDATE sign_ins SET {column}")
        finally:
            await connection.close()
        assert (await http.get("/account")).status_code == 303
        await stage.gateway.worker.store.sign_ins.forget()
        assert await stage.gateway.worker.store.sign_ins.of(stage.gateway.user.id) == []


async def test_a_role_counts_from_the_next_page_on(stage: Stage) -> None:
    people = stage.gateway.worker.store.people
    milo = await people.find_user("milo")
    assert milo is not None
    async with browsing(stage, "milo") as http:
        assert (await http.get("/users")).status_code == 404
        await people.change_user(milo.id, UserChange(role=Role.AUDITOR))
        assert (await http.get("/users")).status_code == 200


async def test_a_link_that_has_ended(stage: Stage) -> None:
    store, secret = stage.gateway.worker.store, mint_secret()
    await store.sign_ins.make_link(stage.gateway.user.id, secret_sha256=sha256_of(secret), lifetime=timedelta(0))
    async with browsing(stage) as http:
        assert (await http.get(f"/signin?token={secret}")).status_code == 401


async def test_forms_that_are_none(stage: Stage) -> None:
    """Too large, of another kind, not text, with a null: refused in words, nothing breaks."""
    async with browsing(stage) as http:
        for content, kind, status in (
            (b"name=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
            (b"{}", "application/json", 415),
            (b"name=%ff\xff", "application/x-www-form-urlencoded", 400),
            (b"&".join(b"a=1" for _ in range(500)), "application/x-www-form-urlencoded", 400),
            (b"name=a%00b&password=%00", "application/x-www-form-urlencoded", 401),
        ):
            answer = await http.post("/signin", content=content, headers={"content-type": kind})
            assert answer.status_code == status


async def test_programs_get_json_and_browsers_pages(stage: Stage) -> None:
    """What is nowhere, for both; what the gateway answers stays what it was."""
    async with browsing(stage) as http:
        assert "There is nothing here" in (await http.get("/nothing")).text
        program = await http.get("/nothing", headers={"accept": "*/*"})
        assert (program.status_code, program.json()) == (404, {"message": "There is nothing here."})
        assert (await http.get("/")).headers["location"] == "/signin"
        assert (await http.get("/healthz")).json()["status"] == "ok"
        partial = await http.get(
            "/account", headers={"hx-request": "true", "hx-current-url": f"{stage.gateway.url}/users?q=a"}
        )
        assert (partial.status_code, partial.headers["hx-redirect"]) == (401, "/signin?next=%2Fusers%3Fq%3Da")
