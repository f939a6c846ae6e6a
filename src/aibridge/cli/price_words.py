"""Prices and moments as a person types them and reads them."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from aibridge.errors import AIBridgeError
from aibridge.pricing import OwnPrice, Rates
from aibridge.pricing.book import MAX_NAME
from aibridge.pricing.rates import MILLION
from aibridge.records import ProviderType

MAX_DOLLARS = 10**6
"""For a million tokens. More is a slip of the keyboard."""


def micros(option: str, text: str) -> int:
    """Dollars for a million tokens as micro-dollars. Raises `AIBridgeError`."""
    try:
        value = Decimal(text.strip().removeprefix("$")) * MILLION
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 <= value <= MAX_DOLLARS * MILLION or value != value.to_integral_value():
        raise AIBridgeError(f"{option} must be dollars for a million tokens, such as 3 or 0.075, not {text!r}.")
    return int(value)


def dollars(rate: int | None) -> str:
    """Micro-dollars as dollars; `-` for none."""
    return "-" if rate is None else f"{Decimal(rate) / MILLION:f}"


def moment(option: str, text: str) -> datetime:
    """A day, which begins at midnight UTC, or a moment with its time zone. Raises `AIBridgeError`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is not None and found.tzinfo is None and len(text) == len("2026-01-31"):
        found = found.replace(tzinfo=UTC)
    if found is None or found.tzinfo is None:
        raise AIBridgeError(f"{option} must be a day such as 2026-01-31, or a moment in RFC 3339, not {text!r}.")
    return found


def own_price(model: str, provider: str, provider_name: str, since: str, rates: tuple[Rates, ...]) -> OwnPrice:
    """The price that is meant. Raises `AIBridgeError`."""
    if bool(provider) == bool(provider_name):
        raise AIBridgeError("Say whose price it is: either --provider TYPE or --provider-name NAME.")
    if provider and provider not in set(ProviderType):
        raise AIBridgeError(f"--provider must be one of {', '.join(ProviderType)}, not {provider!r}.")
    if not 0 < len(model) <= MAX_NAME or not (model + provider_name).isprintable():
        raise AIBridgeError(f"{model!r} is not a valid model name.")
    began = moment("--since", since) if since else None
    return OwnPrice(provider=provider, provider_name=provider_name, model=model.lower(), since=began, rates=rates)


def with_rates(new: Rates, there: tuple[Rates, ...]) -> tuple[Rates, ...]:
    """Those of a price with these in place of what held above the same size of context.

    Raises:
        AIBridgeError: there are none for small contexts.

    """
    by_context = {rates.above: rates for rates in there} | {new.above: new}
    if 0 not in by_context:
        raise AIBridgeError("Set the price of small contexts first: the same without --above.")
    return tuple(by_context[above] for above in sorted(by_context))
