"""The deployment's own prices: owners set them, auditors see them. The record does not change."""

from http import HTTPStatus
from itertools import pairwise
from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Depends, Query

from aibridge.api.bodies import BodyRoute
from aibridge.api.caller import Caller, CallerOf, Parts
from aibridge.api.price_shapes import Instance, Model, Price, PriceBody, PriceList, Since, Type
from aibridge.api.problems import Invalid, Missing
from aibridge.api.refusals import bad_request, case, refusal
from aibridge.api.shapes import Validation
from aibridge.api.targets import OwnerOf
from aibridge.auth.roles import Reach, powers
from aibridge.errors import NotAllowed, NotFound
from aibridge.pricing import OwnPrice, Rates
from aibridge.records import ProviderType

router = APIRouter(prefix="/prices", tags=["prices"], route_class=BodyRoute)

_log = structlog.get_logger("aibridge.prices")

_INVALID = "Invalid price."
_ONE_OF_TWO = "A price is for a provider type or for one instance: give one of `provider` and `provider_name`."
_NO_SUCH = "There is no such price."
_TOO_LARGE = refusal(413, "A body of more than 64 KiB", "Request Entity Too Large: PUT /api/v2/aibridge/prices")


async def _reader(caller: CallerOf) -> Caller:
    if powers(caller.identity.role).reads is not Reach.ALL:
        raise NotAllowed("Only owners and auditors see prices.")
    return caller


ReaderOf = Annotated[Caller, Depends(_reader)]
"""A caller who reads everyone's record: prices tell what a company has negotiated."""


@router.get("")
async def list_prices(caller: ReaderOf, parts: Parts) -> PriceList:  # noqa: ARG001 - who may not, is refused
    """The deployment's own prices, by model. Owners and auditors."""
    found = [Price.of(each) for each in await parts.prices.all()]
    return PriceList(prices=found, total=len(found), count=len(found))


@router.put(
    "",
    responses=bad_request(
        case('{"model": "gpt-5", "rates": [{"input": 1250000}]}', _INVALID, field="provider", reason=_ONE_OF_TWO)
    )
    | _TOO_LARGE,
)
async def set_price(caller: OwnerOf, body: PriceBody, parts: Parts) -> Price:
    """Set a price, at once for every replica; one for the same from the same moment on is replaced. Owners only."""
    if wrong := [*_of_nobody(body.provider, body.provider_name), *_of_rates(body)]:
        raise Invalid(_INVALID, validations=wrong)
    rates = tuple(Rates(**each.model_dump()) for each in body.rates)
    price = _price(body.model, body.provider, body.provider_name, rates, body.since)
    made = await parts.prices.set(price, by=caller.identity.username)
    _tell(caller, "set price", price)
    return Price.of(made)


@router.delete(
    "",
    status_code=HTTPStatus.NO_CONTENT,
    responses=bad_request(case("?model=gpt-5", _INVALID, field="provider", reason=_ONE_OF_TWO))
    | refusal(404, "There is no such price", _NO_SUCH),
)
async def remove_price(
    caller: OwnerOf,
    parts: Parts,
    model: Annotated[Model, Query()],
    provider: Annotated[Type, Query()] = None,
    provider_name: Annotated[Instance, Query()] = None,
    since: Annotated[Since, Query()] = None,
) -> None:
    """Remove a price, at once for every replica: from then on the next rule holds, or none. Owners only."""
    if wrong := _of_nobody(provider, provider_name):
        raise Invalid(_INVALID, validations=wrong)
    price = _price(model, provider, provider_name, (Rates(),), since)
    try:
        await parts.prices.remove(price)
    except NotFound:
        raise Missing(_NO_SUCH) from None
    _tell(caller, "remove price", price)


def _of_nobody(provider: ProviderType | None, provider_name: str | None) -> list[Validation]:
    if (provider is None) != (provider_name is None):
        return []
    fields = ("provider",) if provider is None else ("provider", "provider_name")
    return [Validation(field=field, detail=_ONE_OF_TWO) for field in fields]


def _of_rates(body: PriceBody) -> list[Validation]:
    """What is wrong with them beside each other; each alone is right."""
    wrong = [
        Validation(field=f"rates.{n}", detail="Give at least one price; 0 is free of charge.")
        for n, rates in enumerate(body.rates)
        if not rates.model_dump(exclude={"above"}, exclude_none=True)
    ]
    if body.rates[0].above:
        wrong.append(Validation(field="rates.0.above", detail="The first rates hold above 0."))
    wrong += [
        Validation(field=f"rates.{n}.above", detail="Each rates hold above more tokens than those before.")
        for n, (before, after) in enumerate(pairwise(body.rates), 1)
        if before.above >= after.above
    ]
    return wrong


def _price(
    model: str, provider: ProviderType | None, provider_name: str | None, rates: tuple[Rates, ...], since: Since
) -> OwnPrice:
    return OwnPrice(
        provider=provider or "", provider_name=provider_name or "", model=model.lower(), since=since, rates=rates
    )


def _tell(caller: Caller, action: str, price: OwnPrice) -> None:
    """Log who did it: money is decided here."""
    actor = caller.identity
    _log.info(
        "price changed",
        action=action,
        actor=actor.username,
        actor_id=str(actor.user_id),
        actor_token_id=actor.token_id,
        price=msgspec.to_builtins(price),
    )
