"""Menus: the distinct models, clients and provider names of the interceptions that the caller may read."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response

from aibridge.api.asking import refusals_of
from aibridge.api.caller import Caller, CallerOf, Parts
from aibridge.api.encoded import encoded
from aibridge.api.paging import Page, PageOf
from aibridge.api.refusals import PAGE, Responses, bad_request, case
from aibridge.api.search import prefix

router = APIRouter(tags=["models, clients, providers"])

Prefix = Annotated[
    str,
    Query(
        description=(
            "How the values begin, in upper and lower case as written: a bare word, or a value of the list's own key. "
            "In double quotes where it holds a blank or a colon."
        ),
        examples=["gpt-"],
    ),
]


def _refused(resource: str, key: str) -> Responses:
    return bad_request(
        *PAGE,
        case(
            "?q=colour:red",
            f"Invalid {resource} search query.",
            field="colour",
            reason=f'Query param "colour" is not known here; known: {key}',
        ),
    )


@router.get("/models", response_model=list[str], responses=_refused("models", "model"))
async def list_models(
    caller: CallerOf,
    page: PageOf,
    parts: Parts,
    q: Prefix = "",
    *,
    unpriced: Annotated[bool, Query(description="only those with usage that nobody has said a price for")] = False,
) -> Response:
    """The models of ended interceptions, ascending. Key: `model`."""
    models = partial(parts.records.models, unpriced=unpriced)
    return await _values(models, caller, page, _prefix(q, "model", "models"))


@router.get("/clients", response_model=list[str], responses=_refused("clients", "client"))
async def list_clients(caller: CallerOf, page: PageOf, parts: Parts, q: Prefix = "") -> Response:
    """The clients of ended interceptions, ascending. Key: `client`."""
    return await _values(parts.records.clients, caller, page, _prefix(q, "client", "clients"))


@router.get("/providers", response_model=list[str], responses=_refused("providers", "provider_name"))
async def list_providers(caller: CallerOf, page: PageOf, parts: Parts, q: Prefix = "") -> Response:
    """The provider names (configured instances) of ended interceptions, ascending. Key: `provider_name`."""
    return await _values(parts.records.providers, caller, page, _prefix(q, "provider_name", "providers"))


def _prefix(q: str, key: str, resource: str) -> str:
    with refusals_of(resource):
        return prefix(q, key)


async def _values(values: Callable[..., Awaitable[Sequence[str]]], caller: Caller, page: Page, begin: str) -> Response:
    return encoded(await values(caller.viewer, begin, limit=page.limit, offset=page.offset))
