"""Every error in one shape, and nothing of the inside in any of them."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

import httpx
import pytest

from aibridge.api.application import create_api
from aibridge.api.parts import ApiParts
from aibridge.auth.tokens import mint
from aibridge.errors import StoreUnavailable
from aibridge.store.pool import Store, open_store

Join = Callable[..., Awaitable[Any]]
Served = Callable[..., AbstractAsyncContextManager[str]]
PartsOf = Callable[..., ApiParts]
LOG = "/aibridge/interceptions"
OTHERS = ("sessions", "sessions/s1", "models", "clients", "providers")
NOWHERE = "postgresql://nobody:s3cr3t@127.0.0.1:1/nothing"


class Broken:
    """A record that fails in the way it is told."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, _method: str) -> Callable[..., Awaitable[Any]]:
        return self._fail

    async def _fail(self, *_arguments: object, **_named: object) -> None:
        raise self.error


def good(answer: httpx.Response) -> dict[str, Any]:
    """What holds for every answer; gives its body."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    body: dict[str, Any] = answer.json()
    return body


async def test_good_answers_are_not_cached(join: Join) -> None:
    good(await (await join("dana")).get(LOG))


async def test_what_does_not_exist(api: httpx.AsyncClient) -> None:
    for path in ("/", "/nothing", "/aibridge", f"{LOG}/", f"{LOG}/a/b", "/redoc"):
        answer = await api.get(path)
        assert answer.status_code == 404
        assert good(answer)["message"] == f"Not Found: GET {path}"


async def test_a_wrong_method(api: httpx.AsyncClient) -> None:
    answer = await api.post(LOG, json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "HEAD, GET"
    assert good(answer)["message"].startswith("Method Not Allowed")


async def test_wrong_values(join: Join) -> None:
    body = good(await (await join("dana")).get(LOG, limit="many", offset="few"))
    assert {each["field"] for each in body["validations"]} == {"limit", "offset"}


async def test_wrong_values_are_told_in_our_words(join: Join) -> None:
    """Not in Python's: no `Value error`."""
    body = good(await (await join("dana")).get("/aibridge/usage", **{"from": "x"}))
    [wrong] = body["validations"]
    assert wrong == {"field": "from", "detail": 'cannot read "x": write RFC 3339, such as 2026-01-02T03:04:05Z'}


async def test_a_database_that_is_away(served: Served, parts_of: PartsOf) -> None:
    """503 and when to come again; neither the address nor the password of the database."""
    async with open_store(NOWHERE) as store:
        app = create_api(parts_of(store))
        async with served(app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
            answer = await client.get(LOG, headers={"Authorization": f"Bearer {mint().token}"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    body = good(answer)
    assert body["message"] == "The record cannot be read right now."
    assert not any(word in answer.text for word in ("s3cr3t", "nobody", "127.0.0.1", "OSError"))


@pytest.mark.parametrize(
    ("error", "status"), [(StoreUnavailable("at db.internal:5432"), 503), (ValueError("canary s3cr3t"), 500)]
)
async def test_nothing_of_the_inside_is_told(
    join: Join, store: Store, served: Served, parts_of: PartsOf, error: Exception, status: int
) -> None:
    """What broke stands in the log, not in the answer."""
    dana = await join("dana")
    app = create_api(parts_of(store, Broken(error)))
    async with served(app) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        dana.client = client
        for path in (LOG, f"{LOG}/{UUID(int=1)}", *(f"/aibridge/{name}" for name in OTHERS)):
            answer = await dana.get(path)
            assert answer.status_code == status
            assert good(answer)["message"]
            assert not any(word in answer.text for word in ("s3cr3t", "canary", "db.internal", "ValueError"))


async def test_the_description(api: httpx.AsyncClient) -> None:
    """OpenAPI names each resource once, its errors, and the token it needs."""
    description = (await api.get("/openapi.json")).json()
    assert {LOG, f"{LOG}/{{interception_id}}", "/users/me", "/users/{user}", "/tokens"} <= set(description["paths"])
    assert not any(path.startswith("/ai-gateway") for path in description["paths"])
    for operation in (each for path in description["paths"].values() for each in path.values()):
        assert {"400", "401", "403", "503", "default"} <= set(operation["responses"])
        assert operation["security"]
    assert "422" not in str(description["paths"])
