"""Menus: the distinct models, clients and providers of the interceptions that the caller may read."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from aibridge.api.asking import read
from aibridge.api.caller import CallerOf, Parts
from aibridge.api.encoded import encoded
from aibridge.api.paging import Page, PageOf
from aibridge.api.search import read_prefix

router = APIRouter(tags=["values"])

Prefix = Annotated[
    str,
    Query(
        description="how the values begin, case-sensitive: a bare word, or under the key of the list", examples=["gpt-"]
    ),
]


@router.get("/models", response_model=list[str])
async def list_models(caller: CallerOf, page: PageOf, parts: Parts, q: Prefix = "") -> Response:
    """Models of ended interceptions, ascending. Key: `model`."""
    return await _values(parts.records.models, caller.viewer, page, _prefix(q, "model", "models"))


@router.get("/clients", response_model=list[str])
async def list_clients(caller: CallerOf, page: PageOf, parts: Parts, q: Prefix = "") -> Response:
    """Clients of ended interceptions, ascending. Key: `client`."""
    return await _values(parts.records.clients, caller.viewer, page, _prefix(q, "client", "clients"))


@router.get("/providers", response_model=list[str])
async def list_providers(caller: CallerOf, page: PageOf, parts: Parts, q: Prefix = "") -> Response:
    """Provider names (configured instances) of ended interceptions, ascending. Key: `provider_name`."""
    return await _values(parts.records.providers, caller.viewer, page, _prefix(q, "provider_name", "providers"))


def _prefix(q: str, key: str, resource: str) -> str:
    return read(f"Invalid {resource} search query.", lambda: read_prefix(q, key))


async def _values(
    values: Callable[..., Awaitable[Sequence[str]]], viewer: UUID | None, page: Page, prefix: str
) -> Response:
    return encoded(await values(viewer, prefix, limit=page.limit, offset=page.offset))
