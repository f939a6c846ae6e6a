"""Who gets into the API, and how refusals look."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from aibridge.auth.tokens import mint
from aibridge.records import Scope, UserStatus
from aibridge.store.pool import Store

Join = Callable[..., Awaitable[Any]]
LOG = "/aibridge/interceptions"


@pytest.mark.parametrize("path", [LOG, f"{LOG}/not-a-uuid", f"{LOG}?limit=bad", "/users/me"])
async def test_without_a_good_token_nothing_is_told(api: httpx.AsyncClient, path: str) -> None:
    """401 before anything else is looked at, in the shape of every error, with the challenge."""
    unknown = mint().token
    for authorization in ("", "Bearer", "Basic b2xnYTp4", "Bearer nonsense", f"Bearer {unknown}", unknown):
        answer = await api.get(path, headers={"Authorization": authorization} if authorization else {})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert set(answer.json()) == {"message"}


async def test_the_scheme_is_case_insensitive(join: Join, api: httpx.AsyncClient) -> None:
    dana = await join("dana")
    assert (await api.get("/users/me", headers={"Authorization": f"bearer {dana.token}"})).status_code == 200


async def test_a_revoked_token(join: Join, store: Store) -> None:
    dana = await join("dana")
    await store.people.revoke_token(dana.token_id)
    answer = await dana.get("/users/me")
    assert answer.status_code == 401
    assert "revoked" in answer.json()["message"]


async def test_a_suspended_user(join: Join, store: Store) -> None:
    dana = await join("dana")
    await store.people.set_status(dana.id, UserStatus.SUSPENDED)
    answer = await dana.get("/users/me")
    assert answer.status_code == 403
    assert "suspended" in answer.json()["message"]


async def test_a_token_for_the_gateway_only(join: Join) -> None:
    answer = await (await join("dana", scopes={Scope.GATEWAY})).get(LOG)
    assert answer.status_code == 403
    assert "`api`" in answer.json()["message"]


async def test_a_token_for_the_api_only(join: Join) -> None:
    assert (await (await join("dana", scopes={Scope.API})).get(LOG)).status_code == 200
