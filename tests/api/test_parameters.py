"""A filter that is silently left out shows too much."""

import httpx
import pytest

from aibridge.records import Role
from api.conftest import Join

UNKNOWN = "There is no such parameter. "


@pytest.mark.parametrize("root", ["/aibridge", "/ai-gateway"])
async def test_a_parameter_that_nobody_knows_is_named_with_those_that_are_known(join: Join, root: str) -> None:
    owner = await join("olga", Role.OWNER)
    answer = await owner.get(f"{root}/sessions", initiator="olga", limit="1", model="gpt-5")
    known = "Known here: after_initiator_id, after_session_id, limit, offset, q."
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "message": "Query parameters have invalid values.",
            "validations": [
                {"field": "initiator", "detail": UNKNOWN + known},
                {"field": "model", "detail": UNKNOWN + known},
            ],
        },
    )


async def test_what_takes_no_parameter_says_so(join: Join) -> None:
    owner = await join("olga", Role.OWNER)
    answer = await owner.get("/users/me", full="1")
    assert answer.json()["validations"] == [{"field": "full", "detail": UNKNOWN + "None is known here."}]
    answer = await owner.ask("DELETE", "/tokens/none?force=1")
    assert (answer.status_code, answer.json()["validations"][0]["field"]) == (400, "force")


async def test_a_parameter_that_stands_twice_is_refused(join: Join) -> None:
    """Only one of them would count."""
    owner = await join("olga", Role.OWNER)
    answer = await owner.ask("GET", "/aibridge/interceptions?q=model:a&limit=1&q=model:b")
    assert answer.status_code == 400
    assert answer.json()["validations"] == [{"field": "q", "detail": "Give this parameter once."}]


async def test_who_may_not_ask_learns_nothing_of_parameters(api: httpx.AsyncClient) -> None:
    assert (await api.get("/aibridge/sessions?initiator=olga")).status_code == 401
