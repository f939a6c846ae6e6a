"""What somebody may reach of somebody else, by every parameter of every operation and under every root.

The operations are those of the description: one that is added, or a parameter, needs a case here. Each question is
asked with what is Zoe's and with something made up; who may not reach her is given the same answer to both.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any, NamedTuple

import httpx
import pytest

from aibridge.api.search import RECORD_KEYS
from aibridge.records import ErrorType, Outcome, Role
from aibridge.store.connections import Connection
from aibridge.store.people import UserChange
from aibridge.store.pool import Store
from support.auditing import carried
from support.reaching import MADE_UP, OF_CLOSED_SETS, OF_THE_RECORD, TAKES, Operation, Values, questions
from support.rows import at, begun, call, prompt, thought, usage
from support.stage import open_stage

Join = Callable[..., Awaitable[Any]]


def described(description: dict[str, Any]) -> dict[Operation, set[str]]:
    """Every operation with the names of its parameters and of its body's fields."""
    schemas, found = description["components"]["schemas"], {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            names = {parameter["name"] for parameter in operation.get("parameters", ())}
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = content["schema"]
                schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
                names |= set(schema["properties"])
            found[method.upper(), path] = names
    return found


async def test_every_place_has_a_case(api: httpx.AsyncClient) -> None:
    """Whoever adds an operation, a parameter, a field or a key says here what stands in it."""
    description = (await api.get("/openapi.json")).json()
    assert described(description) == {operation: set(places) for operation, places in TAKES.items()}
    assert {*OF_THE_RECORD, *OF_CLOSED_SETS} == set(RECORD_KEYS)
    more = deepcopy(description)
    more["paths"]["/aibridge/sessions"]["get"]["parameters"].append({"in": "query", "name": "group"})
    assert described(more) != described(description), "a new parameter is noticed"


class World(NamedTuple):
    """Who asks, Zoe, and what of hers is asked for."""

    asking: Any
    zoe: Any
    hers: Values


@asynccontextmanager
async def program(database: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the whole program, whose record of another year is kept."""
    async with (
        open_stage(database, environ={"AIBRIDGE_RETENTION": "0"}) as stage,
        httpx.AsyncClient(base_url=stage.gateway.url, trust_env=False, timeout=60) as http,
    ):
        yield http


async def peopled(join: Join, store: Store, http: httpx.AsyncClient, role: Role) -> World:
    """Someone with a little of their own, and Zoe, with a session of her own and half of a shared one."""
    asking, zoe, _ = await join("asking", role), await join("zoe", Role.OWNER), await join("olga", Role.OWNER)
    await store.people.change_user(zoe.id, UserChange(email="zoe@example.com"))
    asking.client = zoe.client = http
    hers = {kind: value.replace("zox", "zoe") for kind, value in MADE_UP.items()}
    of_hers: dict[str, Any] = {
        "provider": "openai",
        "provider_name": hers["provider_name"],
        "model": hers["model"],
        "client": hers["client"],
        "credential_kind": "byok",
        "credential_type": "subscription",
        "metadata": {"whose": "zoes secret"},
    }
    secret = begun(zoe.id, client_session_id=hers["session"], user_prompt=prompt("zoes secret"), **of_hers)
    await carried(
        store,
        secret,
        outcome=Outcome.FAILED,
        error_type=ErrorType.OVERLOADED,
        error_message="zoes secret",
        token_usage=usage(metadata={"zoes secret": 1}),
        tool_usages=(call("c1", tool=hers["tool"], input="zoes secret"),),
        model_thoughts=(thought("zoes secret"),),
    )
    await carried(store, begun(zoe.id, client_session_id="shared", started_at=at(5), **of_hers))
    lone = await carried(store, begun(zoe.id, started_at=at(9), **of_hers))
    for second in (7200, 7260):
        await carried(store, begun(asking.id, client_session_id="shared", started_at=at(second)))
    hers |= {"user": str(zoe.id), "token": zoe.token_id, "interception": str(lone.id)}
    return World(asking, zoe, hers)


async def everything_of(psql: Connection, person: Any) -> list[Any]:
    """Her account, tokens and record, row by row."""
    return [
        await psql.fetch(f"SELECT to_jsonb(t) AS row FROM {table} AS t WHERE {column} = $1 ORDER BY 1", person.id)
        for table, column in (
            ("users", "id"),
            ("api_tokens", "user_id"),
            ("aibridge_interceptions", "initiator_id"),
            ("aibridge_sessions", "initiator_id"),
        )
    ]


async def test_a_member_reaches_nothing_of_another(join: Join, store: Store, psql: Connection, database: str) -> None:
    """By no parameter, under no root: nothing is told, not even that there is something, and nothing is changed."""
    async with program(database) as http:
        asking, zoe, hers = await peopled(join, store, http, Role.MEMBER)
        before = await everything_of(psql, zoe)
        for question in questions():
            status, text = await question.ask(asking, hers)
            assert (status, text) == await question.ask(asking, MADE_UP), question
            assert "zoe" not in text.lower(), question
            assert status != 401, "whoever asks did not shut themselves out"
        assert await everything_of(psql, zoe) == before


async def test_an_auditor_changes_nothing_of_another(join: Join, store: Store, psql: Connection, database: str) -> None:
    """They read every account and all of the record; deeds are refused, and tokens are nobody's but an owner's."""
    async with program(database) as http:
        asking, zoe, hers = await peopled(join, store, http, Role.AUDITOR)
        before = await everything_of(psql, zoe)
        for question in questions():
            status, text = await question.ask(asking, hers)
            if question.operation[0] != "GET" and question.given.get("user") != "me":
                assert status in {403, 404, 405}, question  # 405: the experimental root is only read
            if question.operation[1].startswith("/tokens"):
                assert "zoe" not in text.lower(), question
        assert await everything_of(psql, zoe) == before


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OWNER])
async def test_who_may_read_everything_is_told(join: Join, store: Store, database: str, role: Role) -> None:
    """In every place where something of Zoe's is named: the silence above is not that of questions that miss."""
    async with program(database) as http:
        asking, _, hers = await peopled(join, store, http, role)
        for question in questions():
            of_accounts = question.operation[1].startswith(("/users", "/tokens"))
            if question.operation[0] != "GET" or (of_accounts and role is Role.AUDITOR):
                continue
            if "{" in question.given.get(question.place, ""):
                assert await question.ask(asking, hers) != await question.ask(asking, MADE_UP), question
