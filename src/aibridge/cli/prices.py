"""`aibridge prices`: what the deployment says models cost."""

import getpass
import socket
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from aibridge.pricing import OwnPrice, Rates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aibridge.store.prices import SetPrice

app = typer.Typer(help="List, set and remove your own prices.", no_args_is_help=True)

Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model, as requests name it.", show_default=False)]
Type = Annotated[
    str,
    typer.Option("--provider", metavar="TYPE", help="For all providers of this type: anthropic, openai or copilot."),
]
Name = Annotated[
    str,
    typer.Option("--provider-name", metavar="NAME", help="For one provider only; takes precedence over --provider."),
]
Since = Annotated[
    str, typer.Option(metavar="MOMENT", help="Valid from then on: 2026-01-31 or RFC 3339; always by default.")
]
Dollars = Annotated[str, typer.Option(metavar="USD", help="Dollars per million tokens; nothing by default.")]


@app.command("list")
def list_() -> None:
    """List your own prices, in dollars per million tokens.

    Columns: provider, model, since, above, the five rates, set by, set at.
    """
    from aibridge.cli.database import run, store
    from aibridge.cli.output import print_table

    async def work() -> None:
        async with store() as opened:
            found = await opened.prices.all()
        rates = ("INPUT", "OUTPUT", "CACHE READ", "CACHE WRITE", "CACHE WRITE 1H")
        titles = ("PROVIDER", "MODEL", "SINCE", "ABOVE", *rates, "SET BY", "SET AT")
        print_table(titles, (row for each in found for row in _rows(each)))

    run(work())


@app.command("set")
def set_(
    model: Model,
    *,
    provider: Type = "",
    provider_name: Name = "",
    since: Since = "",
    above: Annotated[
        int, typer.Option(metavar="TOKENS", help="Only for contexts of more tokens; other rates stay.")
    ] = 0,
    input: Dollars = "",  # noqa: A002 - the option's name
    output: Dollars = "",
    cache_read: Dollars = "",
    cache_write: Dollars = "",
    cache_write_1h: Annotated[
        str, typer.Option(metavar="USD", help="For tokens written for one hour; same as --cache-write by default.")
    ] = "",
) -> None:
    """Set a price. It takes effect on every worker at once.

    What is already on record does not change: see `aibridge reprice`.
    """
    from aibridge.cli.database import run, store
    from aibridge.cli.price_words import own_price, with_rates

    new = _rates(above, input, output, cache_read, cache_write, cache_write_1h)
    wanted = own_price(model, provider, provider_name, since, _NOTHING)

    async def work() -> None:
        async with store() as opened:
            there = next((each.price for each in await opened.prices.all() if _same(each.price, wanted)), None)
            rates = with_rates(new, there.rates if there else ())
            await opened.prices.set(msgspec.structs.replace(wanted, rates=rates), by=_who())

    run(work())


@app.command()
def remove(model: Model, provider: Type = "", provider_name: Name = "", since: Since = "") -> None:
    """Remove a price with all its rates.

    It takes effect on every worker at once. What is already on record does not change.
    """
    from aibridge.cli.database import run, store
    from aibridge.cli.price_words import own_price

    price = own_price(model, provider, provider_name, since, _NOTHING)

    async def work() -> None:
        async with store() as opened:
            await opened.prices.remove(price)

    run(work())


_NOTHING = (Rates(),)
"""Stands for the rates where only what a price is for matters."""


def _rates(above: int, *given: str) -> Rates:
    from aibridge.cli.price_words import micros
    from aibridge.errors import AIBridgeError

    if not any(given) or above < 0:
        raise AIBridgeError("Say at least one price, such as --input 3 --output 15; 0 is free of charge.")
    names = ("input", "output", "cache_read", "cache_write", "cache_write_1h")
    told = {name: micros(f"--{name.replace('_', '-')}", text) for name, text in zip(names, given, strict=True) if text}
    return Rates(above=above, **told)


def _same(one: OwnPrice, other: OwnPrice) -> bool:
    """Whether they are for the same, from the same moment on."""
    replace = msgspec.structs.replace
    return replace(one, rates=_NOTHING) == replace(other, rates=_NOTHING)


def _rows(found: "SetPrice") -> "Iterable[tuple[str, ...]]":
    from aibridge.cli.output import moment
    from aibridge.cli.price_words import dollars

    price = found.price
    for rates in price.rates:
        each = (rates.input, rates.output, rates.cache_read, rates.cache_write, rates.cache_write_1h)
        yield (
            *(price.provider_name or price.provider, price.model, moment(price.since), str(rates.above)),
            *map(dollars, each),
            *(found.set_by, moment(found.set_at)),
        )


def _who() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"
