"""Nobody reads what they may not, by any parameter of any endpoint: the questions are made of the description.

Each is asked twice, with what stands on another's record and with something made up. To a member both look alike.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from aibridge.api.search import RECORD_KEYS
from aibridge.records import Role
from aibridge.store.pool import Store
from support.auditing import carried
from support.rows import at, begun, call, prompt, thought

Join = Callable[..., Awaitable[Any]]
Values = Mapping[str, str]

MADE_UP: Values = {
    "initiator": "zox",
    "session_id": "zoxs session",
    "model": "zoxs-model",
    "client": "zoxs-client",
    "provider_name": "zoxs-provider",
    "tool": "zoxs-tool",
    "user id": str(uuid4()),
    "interception id": str(uuid4()),
}
"""As long as the real ones, and with the same first letter: parsers tell where they stopped."""


class Question:
    """A path and its parameters, with `{}` where a value of some kind stands."""

    def __init__(self, path: str, parameters: Mapping[str, str], kind: str) -> None:
        self.path = path
        self.parameters = parameters
        self.kind = kind

    def __repr__(self) -> str:
        return f"{self.path} {dict(self.parameters)} {self.kind}"

    async def ask(self, person: Any, values: Values) -> tuple[int, str]:
        """Status and body, with the value taken out of it."""
        value = values[self.kind]
        parameters = {name: text.format(value) for name, text in self.parameters.items()}
        answer = await person.get(self.path.format(quote(value, safe="")), **parameters)
        return answer.status_code, answer.text.replace(value, "VALUE")


def places(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that can be read of the record: its path, with `{}` for a name in it, and what it takes."""
    for path, methods in description["paths"].items():
        if path.startswith("/aibridge/") and path != "/aibridge/prices" and "get" in methods:
            yield re.sub(r"{\w+}", "{}", path), methods["get"]


def questions(description: dict[str, Any]) -> Iterator[Question]:
    """Every parameter of everything that can be read of the record, with every kind of value."""
    for place, operation in places(description):
        names = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"]
        of_the_shared = place.format("shared")
        for kind in MADE_UP:
            if "{}" in place:
                yield Question(place, {}, kind)
            for name in names:
                if name != "q":
                    yield Question(of_the_shared, {name: "{}"}, kind)
        for key in RECORD_KEYS if "q" in names else ():
            yield Question(of_the_shared, {"q": f'{key}:"{{}}"'}, key if key in MADE_UP else "model")
    then = {"from": f"{at(-7200):%FT%TZ}", "to": f"{at(7200):%FT%TZ}"}
    yield Question("/aibridge/usage", {"by": "model", "q": 'model:"{}"'} | then, "model")
    yield Question("/aibridge/search", {"q": '"{}"'}, "tool")
    yield Question("/aibridge/sessions/{}/search", {"q": "secret"}, "session_id")
    for path in ("/aibridge/interceptions", "/aibridge/sessions"):
        yield Question(path, {"q": "initiator:{}"}, "user id")
        yield Question(path, {"q": "initiator:{} initiator:me"}, "user id")
    yield Question("/aibridge/sessions/shared", {"initiator": "{}", "limit": "1"}, "user id")
    yield Question("/aibridge/sessions", {"after_session_id": "shared", "after_initiator_id": "{}"}, "user id")


async def record(join: Join, store: Store, role: Role) -> tuple[Any, Values]:
    """Who asks, with a record of their own, and what stands on another's."""
    asking, zoe = await join("asking", role), await join("zoe", Role.OWNER)
    hers = {key: value.replace("zox", "zoe") for key, value in MADE_UP.items()}
    told: dict[str, Any] = {key: hers[key] for key in ("model", "client", "provider_name")}
    secret = begun(zoe.id, client_session_id=hers["session_id"], user_prompt=prompt("zoes secret"), **told)
    await carried(
        store,
        secret,
        tool_usages=(call("c1", tool=hers["tool"]),),
        model_thoughts=(thought("zoes secret"),),
    )
    await carried(store, begun(zoe.id, client_session_id="shared", started_at=at(5), **told))
    await carried(store, begun(asking.id, client_session_id="shared"))
    return asking, hers | {"user id": str(zoe.id), "interception id": str(secret.id)}


async def test_a_member_learns_nothing_of_others(join: Join, store: Store, api: httpx.AsyncClient) -> None:
    """Not even whether there is something to learn."""
    member, hers = await record(join, store, Role.MEMBER)
    asked = list(questions((await api.get("/openapi.json")).json()))
    assert len(asked) > 200
    for question in asked:
        found = await question.ask(member, hers)
        assert found == await question.ask(member, MADE_UP), question
        assert "zoe" not in found[1], question


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OWNER])
async def test_who_reads_everything_is_told(join: Join, store: Store, api: httpx.AsyncClient, role: Role) -> None:
    """The same questions, so that the silence above is not that of a broken one."""
    auditor, hers = await record(join, store, role)
    description = (await api.get("/openapi.json")).json()
    untold = {place for place, _ in places(description)}
    for question in questions(description):
        place = question.path.replace("/shared", "/{}")
        if place in untold:
            status, text = await question.ask(auditor, hers)
            if status == 200 and ("zoe" in text or "VALUE" in text):
                untold.remove(place)
    assert untold == set()
