"""Trap 20: a canary in every header and field. It may be where it was put on purpose, and nowhere else."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from aibridge.demo.script import Fail, Text, exactly
from aibridge.ops.logs import LogFormat, configure_logs
from support import asking
from support.gateway import PROVIDER_KEY, ROOT
from support.raw_client import connect, head, request
from support.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

CANARY = "kanarienvogel7391"
"""Looks like no key of anybody's, so that no pattern masks it."""
HEADERS = {
    "cookie": f"session={CANARY}",
    "x-goog-api-key": CANARY,
    "api-key": CANARY,
    "proxy-authorization": f"Basic {CANARY}",
    "x-unknown": CANARY,
    "x-forwarded-for": CANARY,
    "anthropic-beta": CANARY,
    "referer": f"http://{CANARY}/",
}
FIELDS: Any = {"metadata": {"x": CANARY}, "unknown": CANARY, "system": CANARY, "tools": [{"name": CANARY}]}


async def everything_stored(stage: Stage) -> str:
    """All rows of all tables, as text."""
    connection = await asyncpg.connect(stage.database)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        texts = [
            str(await connection.fetchval(f"SELECT coalesce(json_agg(t)::text, '') FROM {row['tablename']} t"))
            for row in tables
        ]
        return "".join(texts)
    finally:
        await connection.close()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that is logged during the test, as production would write it."""
    for client in ("httpx", "httpcore"):
        monkeypatch.setattr(logging.getLogger(client), "level", logging.CRITICAL)  # the tests' own
    root, out = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    configure_logs(LogFormat.JSON, level=logging.DEBUG, stream=out)
    yield out
    root.handlers[:] = before
    root.setLevel(level)


async def test_trap_20_a_canary_in_headers_and_fields_is_kept_nowhere(stage: Stage, log: io.StringIO) -> None:
    """In no row, log, metric or answer; through good answers, errors and pass-through."""
    stage.says(Text("hello"), Fail(500), [Text("x"), Fail(message="no")])
    for stream in (False, False, True):
        await stage.gateway.post("/v1/messages", asking.messages(stream=stream, **FIELDS), headers=HEADERS)
    seen = [
        (await stage.gateway.post(f"/v1/{CANARY[:0]}nothing", b"{}", headers=HEADERS)).text,
        (await stage.gateway.post("/v1/messages", b"[]", headers=HEADERS)).text,
        (await stage.gateway.http.get(f"{stage.gateway.url}/metrics")).text,
        json.dumps(await stage.gateway.interceptions()),
        await everything_stored(stage),
        log.getvalue(),
    ]
    assert [CANARY in text for text in seen] == [False] * 6


async def test_trap_20_credentials_are_kept_nowhere(stage: Stage, log: io.StringIO) -> None:
    """Neither the user's token, nor the deployment's key, nor the user's own: only masks of the last two."""
    own = "my-own-key-kanarienvogel-0123"
    stage.says(Text("hello"))
    await stage.gateway.post("/v1/messages", asking.messages())
    url = f"{stage.gateway.url}{ROOT}/anthropic/v1/messages"
    await stage.gateway.http.post(
        url, content=asking.messages(), headers={"x-aibridge-token": stage.token, "x-api-key": own}
    )
    seen = await everything_stored(stage) + log.getvalue() + json.dumps(await stage.gateway.interceptions())
    secret = stage.token.rpartition("_")[2]
    assert [text in seen for text in (own, PROVIDER_KEY, secret)] == [False] * 3
    assert "my-o...0123" in seen


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
async def test_trap_20_a_provider_that_repeats_the_credential_is_not_quoted(stage: Stage, *, stream: bool) -> None:
    """The client gets its bytes; the record's error message has the secret blackened, whatever it looks like."""
    own = "kanarienvogel 0123456789"
    message = f"Incorrect API key provided: {own} for {stage.token}."
    stage.says([Text("x"), Fail(message=message)] if stream else Fail(401, message=message))
    url = f"{stage.gateway.url}{ROOT}/anthropic/v1/messages"
    answer = await stage.gateway.http.post(
        url, content=asking.messages(stream=stream), headers={"x-aibridge-token": stage.token, "x-api-key": own}
    )
    assert own in answer.text
    record = await stage.gateway.only()
    assert "Incorrect API key" in record["error_message"]
    stored = await everything_stored(stage)
    assert [text in stored for text in (own, stage.token)] == [False, False]


async def test_trap_20_nor_is_one_that_repeats_the_deployments_key(stage: Stage) -> None:
    stage.says(Fail(401, message=f"bad key {PROVIDER_KEY}"))
    await stage.gateway.post("/v1/messages", asking.messages())
    record = await stage.gateway.only()
    assert PROVIDER_KEY not in record["error_message"]


async def test_trap_20_what_is_no_http_is_not_quoted_back(stage: Stage, log: io.StringIO) -> None:
    """Nor in the log."""
    async with connect(stage.gateway.port) as client:
        await client.send(f"POST / HTTP/1.1\r\nauthorization {CANARY}\r\n\r\n".encode())
        assert CANARY.encode() not in await client.rest()
    stage.says(exactly(f"{CANARY}\r\n\r\n".encode()))
    answer = await stage.gateway.post("/v1/messages", asking.messages())
    assert (answer.status_code, CANARY in answer.text) == (502, False)
    assert CANARY not in log.getvalue()
    assert CANARY not in json.dumps(await stage.gateway.interceptions())


async def test_the_query_is_stored_nowhere(stage: Stage, log: io.StringIO) -> None:
    """Keys stand in queries at times."""
    stage.says(Text("hello"))
    await stage.gateway.post(f"/v1/messages?key={CANARY}", asking.messages())
    assert CANARY not in await everything_stored(stage) + log.getvalue()


async def test_a_header_named_like_a_trailer_is_not_answered_with_it(stage: Stage) -> None:
    """What is refused is told without the values that came."""
    fields = {"host": "gateway", "authorization": f"Bearer {CANARY}", "x-api-key": CANARY}
    async with connect(stage.gateway.port) as client:
        await client.send(head("GET", f"{ROOT}/anthropic/v1/models", fields))
        answer = await client.answer()
        assert (answer.status, CANARY.encode() in answer.body) == (401, False)
        await client.send(request("/api/v2/aibridge/interceptions", token=CANARY, method="GET"))
        assert CANARY.encode() not in (await client.answer()).body
