"""The deployment's own prices over HTTP: who may, what is refused and why, and what comes of them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import structlog

from aibridge.records import Role, UsageCost
from aibridge.store.pool import Store
from support.auditing import carried
from support.rows import at, begun, usage

Join = Callable[..., Awaitable[Any]]
PRICES = "/aibridge/prices"
SONNET = {"provider": "anthropic", "model": "Claude-Sonnet-4-5", "rates": [{"input": 3_000_000, "output": 15_000_000}]}
RATES = dict.fromkeys([f for f in UsageCost.__struct_fields__ if f.endswith("price_micros")])
OF_SONNET = {"provider": "anthropic", "model": "claude-sonnet-4-5"}


# method, body or parameters: the status for an owner, an auditor, a member
@pytest.mark.parametrize(
    ("method", "given", "statuses"),
    [
        ("GET", None, (200, 200, 403)),
        ("PUT", SONNET, (200, 403, 403)),
        ("PUT", {}, (400, 403, 403)),
        ("DELETE", OF_SONNET, (204, 403, 403)),
        ("DELETE", {"model": "other", "provider": "openai"}, (404, 403, 403)),
        ("DELETE", {}, (400, 403, 403)),
    ],
)
@pytest.mark.parametrize(("nth", "role"), [*enumerate((Role.OWNER, Role.AUDITOR, Role.MEMBER))])
async def test_owners_set_auditors_see_members_neither(
    join: Join, method: str, given: Any, statuses: tuple[int, int, int], nth: int, role: Role
) -> None:
    owner, asking = await join("olga", Role.OWNER), await join("dana", role)
    assert (await owner.ask("PUT", PRICES, SONNET)).status_code == 200
    asked = {"body": given} if method == "PUT" else {"params": given}
    assert (await asking.ask(method, PRICES, **asked)).status_code == statuses[nth]


async def test_what_is_set_is_shown_replaced_and_removed(join: Join) -> None:
    owner = await join("olga", Role.OWNER)
    set_ = (await owner.ask("PUT", PRICES, SONNET)).json()
    assert (set_["provider"], set_["provider_name"], set_["model"]) == ("anthropic", None, "claude-sonnet-4-5")
    assert (set_["since"], set_["set_by"], set_["set_at"][-1]) == (None, "olga", "Z")
    unsaid = {"above": 0, "cache_read": None, "cache_write": None, "cache_write_1h": None}
    assert set_["rates"] == [unsaid | SONNET["rates"][0]]  # type: ignore[operator]
    assert (await owner.get(PRICES)).json() == {"prices": [set_], "total": 1, "count": 1}
    again = (await owner.ask("PUT", PRICES, SONNET | {"rates": [{"input": 1}, {"above": 200_000, "input": 2}]})).json()
    later = (await owner.ask("PUT", PRICES, SONNET | {"since": "2026-02-01T01:00:00+01:00"})).json()
    assert later["since"] == "2026-02-01T00:00:00Z"
    assert (await owner.get(PRICES)).json()["prices"] == [again, later]
    assert (await owner.ask("DELETE", PRICES, params=OF_SONNET)).status_code == 204
    assert (await owner.get(PRICES)).json()["prices"] == [later]
    gone = await owner.ask("DELETE", PRICES, params=OF_SONNET)
    assert (gone.status_code, gone.json()) == (404, {"message": "There is no such price."})


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"provider": None}, {"provider"}),
        ({"provider_name": "azure-eu"}, {"provider", "provider_name"}),
        ({"provider": "google"}, {"provider"}),
        ({"model": ""}, {"model"}),
        ({"model": "nul\0"}, {"model"}),
        ({"model": "m" * 513}, {"model"}),
        ({"since": "yesterday"}, {"since"}),
        ({"since": 5}, {"since"}),
        ({"since": "2026-01-31T00:00:00"}, {"since"}),
        ({"rates": []}, {"rates"}),
        ({"rates": [{}]}, {"rates.0"}),
        ({"rates": [{"above": 5, "input": 1}]}, {"rates.0.above"}),
        ({"rates": [{"input": 1}, {"above": 9, "input": 1}, {"above": 9}]}, {"rates.2", "rates.2.above"}),
        (
            {"rates": [{"input": -1, "output": 1.5, "cache_read": "free"}]},
            {
                *("rates.0.input", "rates.0.output", "rates.0.cache_read"),
            },
        ),
        ({"rates": [{"input": 10**12 + 1, "gold": 1}]}, {"rates.0.input", "rates.0.gold"}),
        ({"provider": "x", "model": "", "rates": [{"input": -1}]}, {"provider", "model", "rates.0.input"}),
        ({"provider": None, "rates": [{"above": 1}]}, {"provider", "rates.0", "rates.0.above"}),
    ],
)
async def test_every_wrong_field_is_named(join: Join, changes: dict[str, Any], fields: set[str]) -> None:
    owner = await join("olga", Role.OWNER)
    refused = await owner.ask("PUT", PRICES, SONNET | changes)
    assert refused.status_code == 400
    assert {wrong["field"] for wrong in refused.json()["validations"]} == fields
    assert (await owner.get(PRICES)).json()["count"] == 0


async def test_who_changed_a_price_is_logged(join: Join) -> None:
    owner = await join("olga", Role.OWNER)
    with structlog.testing.capture_logs() as logs:
        await owner.ask("PUT", PRICES, SONNET)
        await owner.ask("DELETE", PRICES, params=OF_SONNET)
    told = [line for line in logs if line["event"] == "price changed"]
    assert [(line["action"], line["actor"]) for line in told] == [("set price", "olga"), ("remove price", "olga")]
    assert told[0]["price"]["model"] == "claude-sonnet-4-5"


async def test_models_without_a_price_are_found_each_by_whoever_may_see_it(join: Join, store: Store) -> None:
    owner, dana, bob = await join("olga", Role.OWNER), await join("dana"), await join("bob")
    await carried(store, begun(dana.id, model="b-unknown"), token_usage=usage())
    await carried(store, begun(dana.id, model="b-unknown", started_at=at(1)), token_usage=usage())
    await carried(store, begun(bob.id, model="A-unknown"), token_usage=usage())
    await carried(store, begun(bob.id, model="told-nothing"))
    unknown = UsageCost(
        micros=None, lower_bound=False, price_source="own", price_listed_as="x", price_since=None, **RATES
    )
    await carried(store, begun(bob.id, model="told-no-figures"), token_usage=usage(cost=unknown))
    assert (await owner.get("/aibridge/models", unpriced="true")).json() == ["A-unknown", "b-unknown"]
    assert (await dana.get("/aibridge/models", unpriced="true")).json() == ["b-unknown"]
    assert (await bob.get("/aibridge/models", unpriced="true", q="b")).json() == []
    assert (await owner.get("/aibridge/models", unpriced="true", q="A", limit="1")).json() == ["A-unknown"]
    assert "told-nothing" in (await owner.get("/aibridge/models")).json()
