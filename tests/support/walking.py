"""Through a list of the API from its first page to its last."""

from collections.abc import Awaitable, Callable
from typing import Any

Get = Callable[..., Awaitable[Any]]


async def by_offset(get: Get, path: str, *, rows: str, step: int, **parameters: Any) -> list[dict[str, Any]]:
    """All rows, so many at a time; every page tells the same total."""
    found: list[dict[str, Any]] = []
    totals = set()
    while True:
        page = (await get(path, limit=step, offset=len(found), **parameters)).json()
        totals.add((page["total"], page["count"]))
        if not page[rows]:
            assert totals == {(len(found), len(found))}
            return found
        found += page[rows]


async def interceptions(get: Get, path: str, *, step: int, **parameters: Any) -> list[dict[str, Any]]:
    """All interceptions by cursor."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await get(path, limit=step, **cursor, **parameters)).json()
        if not page["results"]:
            assert page["total"] == page["count"] == len(found)
            return found
        found += page["results"]
        cursor = {"after_id": found[-1]["id"]}


async def sessions(get: Get, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """All sessions, by the query string that each page gives for the next."""
    page = (await get(path, **parameters)).json()
    found: list[dict[str, Any]] = page["sessions"]
    while page["next"] is not None:
        page = (await get(f"{path}?{page['next']}")).json()
        assert page["sessions"], "a page that was promised is empty"
        found += page["sessions"]
    assert page["total"] == page["count"] == len(found)
    return found
