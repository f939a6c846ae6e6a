"""What has just been recorded comes to the pages that are open, as far as their people may see it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from aibridge.auth.browsers import mint_secret, sha256_of
from aibridge.demo.script import Text
from aibridge.records import Role, UserStatus
from aibridge.store.announcing import RECORD_CHANNEL
from aibridge.store.listening import Hearing, Said, listen
from aibridge.web.pages.events import HEARTBEAT
from support.gateway import User
from support.stage import Stage, open_stage

BODY = b'{"model":"claude-test","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with open_stage(database) as opened:
        opened.says([Text("hello")])
        yield opened


class Stream:
    """An open page's ear."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def event(self) -> tuple[str, Any]:
        """The next event; comments are passed over, and news of nobody knows how much: the worker began to listen."""
        name = ""
        async with asyncio.timeout(60):
            async for line in self._lines:
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    data = json.loads(line.removeprefix("data: "))
                    if data != {"requests": None}:
                        return name, data
        raise EOFError

    async def begun(self) -> None:
        """Wait until the server listens for this page."""
        async with asyncio.timeout(60):
            while not (await anext(self._lines)).startswith("retry"):
                pass


@asynccontextmanager
async def listening(stage: Stage, user: User, query: str = "") -> AsyncIterator[Stream]:
    store, secret = stage.gateway.worker.store, mint_secret()
    await store.sign_ins.start(user.id, secret_sha256=sha256_of(secret), user_agent="", address="")
    async with (
        httpx.AsyncClient(
            base_url=stage.gateway.url, cookies={"aibridge": secret}, trust_env=False, timeout=60
        ) as http,
        http.stream("GET", f"/events{query}", timeout=30) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        stream = Stream(answer.aiter_lines())
        await stream.begun()
        yield stream


async def ask(stage: Stage, user: User, session: str | None = None) -> None:
    headers = {"user-agent": "claude-cli/2.1.330", "x-claude-code-session-id": session or "another"}
    answer = await stage.gateway.post("/v1/messages", BODY, token=user.token, headers=headers)
    assert answer.status_code == 200


async def count(stream: Stream, wanted: int) -> None:
    """Wait until so many requests were told, in however many events."""
    seen = 0
    while seen < wanted:
        name, data = await stream.event()
        assert name == "news"
        seen += data["requests"]
    assert seen == wanted


async def test_everybody_hears_of_what_they_may_see(stage: Stage) -> None:
    """An owner of all, a member of their own, in numbers."""
    owner, milo = stage.gateway.user, await stage.gateway.new_user("milo")
    async with listening(stage, owner) as all_of_it, listening(stage, milo) as own:
        for _ in range(3):
            await ask(stage, owner)
        await ask(stage, milo)
        await count(all_of_it, 4)
        await count(own, 1)


async def test_an_open_session_hears_when_it_grows(stage: Stage) -> None:
    """Another session of the same person is no news to it."""
    milo = await stage.gateway.new_user("milo")
    await ask(stage, milo, "the session")
    async with listening(stage, stage.gateway.user, f"?session=the%20session&initiator={milo.id}") as stream:
        await ask(stage, milo)
        await ask(stage, milo, "the session")
        name, data = await stream.event()
        assert (name, data) == ("news", {"steps": 2})


async def test_nobody_listens_at_anothers_session(stage: Stage) -> None:
    milo, nora = await stage.gateway.new_user("milo"), await stage.gateway.new_user("nora")
    with pytest.raises(AssertionError):
        async with listening(stage, milo, f"?session=x&initiator={nora.id}"):
            pass


async def test_who_is_suspended_hears_nothing_more(stage: Stage) -> None:
    """The page is told that it is over, sooner than with the next sign of life; others listen on."""
    milo, nora = await stage.gateway.new_user("milo"), await stage.gateway.new_user("nora")
    async with listening(stage, milo) as his, listening(stage, nora) as hers:
        await stage.gateway.worker.store.people.set_status(milo.id, UserStatus.SUSPENDED)
        async with asyncio.timeout(HEARTBEAT * 0.9):
            assert await his.event() == ("ended", {})
        await ask(stage, nora)
        await count(hers, 1)


async def test_who_may_see_less_hears_no_more_of_others(stage: Stage) -> None:
    """The stream ends, and the page asks anew for what is left; others listen on."""
    nora = await stage.gateway.new_user("nora", role=Role.AUDITOR)
    async with listening(stage, nora) as hers, listening(stage, stage.gateway.user) as owners:
        await stage.gateway.worker.store.people.set_role(nora.id, Role.MEMBER)
        async with asyncio.timeout(HEARTBEAT * 0.9):
            with pytest.raises(EOFError):
                await hers.event()
        await ask(stage, stage.gateway.user)
        await count(owners, 1)


async def test_a_server_that_stops_does_not_wait_for_open_pages(database: str) -> None:
    """A stop with pages open takes no longer than one without."""
    async with asyncio.timeout(60):
        async with open_stage(database) as stage, listening(stage, stage.gateway.user) as stream:
            stage.gateway.worker.live.end()
            with pytest.raises(EOFError):
                await stream.event()
            assert len(stage.gateway.worker.live) == 0


async def test_one_announcement_for_what_came_together(stage: Stage) -> None:
    """Twenty requests at once are told in few words, not in twenty; what is told is who and how many."""
    milo = await stage.gateway.new_user("milo")
    said: list[str] = []
    ready, enough = asyncio.Event(), asyncio.Event()

    async def hear() -> None:
        async for event in listen(stage.database, RECORD_CHANNEL):
            if event is Hearing.CONNECTED:
                ready.set()
            elif isinstance(event, Said):
                said.append(event.payload)
                if sum(json.loads(each)["initiators"][str(milo.id)] for each in said) == 20:
                    enough.set()

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        hearing = tasks.create_task(hear())
        await ready.wait()
        await asyncio.gather(*(ask(stage, milo) for _ in range(20)))
        await enough.wait()
        hearing.cancel()
    assert len(said) < 10
    assert {key for each in said for key in json.loads(each)["initiators"]} == {str(milo.id)}
