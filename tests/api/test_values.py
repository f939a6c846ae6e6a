"""Models, clients and providers: what can be filtered by."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aibridge.records import Role
from aibridge.store.pool import Store
from support.auditing import carried
from support.rows import begun

Join = Callable[..., Awaitable[Any]]
KEYS = {"models": "model", "clients": "client", "providers": "provider_name"}
ODD = ["Ä", "a", "a b", "a%", "a:b", "a_", "ab", "b"]
"""In the order of their code points, once the first stands last."""


@pytest.fixture(params=KEYS)
def resource(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def used(store: Store, person: Any, resource: str, *values: str) -> None:
    for value in values:
        await carried(store, begun(person.id, **{KEYS[resource]: value}))


async def values(person: Any, resource: str, **parameters: Any) -> list[str]:
    answer = await person.get(f"/aibridge/{resource}", **parameters)
    assert answer.status_code == 200, answer.text
    found: list[str] = answer.json()
    return found


async def test_an_empty_record(join: Join, resource: str) -> None:
    assert await values(await join("olga", Role.OWNER), resource) == []


async def test_distinct_and_in_order(join: Join, store: Store, resource: str) -> None:
    """Ended ones only, each once."""
    dana = await join("dana")
    await used(store, dana, resource, *ODD, *ODD)
    await store.write_begun([begun(dana.id, **{KEYS[resource]: "in flight"})])
    assert await values(dana, resource) == sorted(ODD)


async def test_by_how_they_begin(join: Join, store: Store, resource: str) -> None:
    """A bare word or under the key; percent and underscore are themselves, case matters."""
    dana, key = await join("dana"), KEYS[resource]
    await used(store, dana, resource, *ODD)
    expected = {
        "a": ["a", "a b", "a%", "a:b", "a_", "ab"],
        "A": [],
        "a%": ["a%"],
        "a_": ["a_"],
        "a b": ["a b"],
        '"a:"': ["a:b"],
        "Ä": ["Ä"],
        f"{key}:ab": ["ab"],
        f'{key.upper()}:"a b"': ["a b"],
        "": sorted(ODD),
        "zzz": [],
    }
    assert {q: await values(dana, resource, q=q) for q in expected} == expected


async def test_page_by_page(join: Join, store: Store, resource: str) -> None:
    dana = await join("dana")
    await used(store, dana, resource, *ODD)
    pages = [await values(dana, resource, limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [each for page in pages for each in page] == sorted(ODD)


async def test_who_sees_which(join: Join, store: Store, resource: str) -> None:
    """Members those of their own record."""
    auditor, dana, eve = await join("aud", Role.AUDITOR), await join("dana"), await join("eve")
    await used(store, dana, resource, "shared", "danas")
    await used(store, eve, resource, "shared", "eves")
    assert await values(auditor, resource) == ["danas", "eves", "shared"]
    assert await values(dana, resource) == ["danas", "shared"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"limit": "1001"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"q": "colour:red"}, "colour"),
        ({"q": "a\0"}, "q"),
        ({"q": '"a'}, "q"),
        ({"q": "a:b:c"}, "q"),
    ],
)
async def test_what_is_no_question(join: Join, resource: str, asked: dict[str, str], field: str) -> None:
    answer = await (await join("dana")).get(f"/aibridge/{resource}", **asked)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["validations"]] == [field]
    if "q" in asked:
        assert answer.json()["message"] == f"Invalid {resource} search query."


async def test_one_prefix_at_a_time(join: Join, resource: str) -> None:
    key = KEYS[resource]
    answer = await (await join("dana")).get(f"/aibridge/{resource}", q=f"a {key}:b")
    assert answer.json()["validations"] == [{"field": key, "detail": f'Query param "{key}" can be given only once'}]
