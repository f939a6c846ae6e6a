"""`aibridge reprice`: what is on record, by the prices of now."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aibridge.store.repricing import Place, Repriced, Window


def reprice(
    start: Annotated[
        str,
        typer.Option(
            "--from", metavar="MOMENT", help="Interceptions that began then or later: 2026-01-31, or RFC 3339."
        ),
    ],
    end: Annotated[str, typer.Option("--to", metavar="MOMENT", help="Interceptions that began before then.")],
    model: Annotated[str, typer.Option(metavar="MODEL", help="Only requests for this model.")] = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would change.")] = False,
) -> None:
    """Compute the costs on record again with the current prices.

    For prices that were missing or wrong. Each answer is priced as of its own time. Gateways may run meanwhile. If it
    is interrupted, run it again: what already has the right price is left alone.
    """
    from aibridge.cli.database import run
    from aibridge.cli.price_words import moment
    from aibridge.errors import AIBridgeError
    from aibridge.store.repricing import Window

    window = Window(start=moment("--from", start), end=moment("--to", end), model=model or None)
    if window.start >= window.end:
        raise AIBridgeError("--from must come before --to.")
    done = run(_reprice(window, dry_run=dry_run))
    _print(done, dry_run=dry_run)


async def _reprice(window: "Window", *, dry_run: bool) -> "Repriced":
    from aibridge.cli.database import store
    from aibridge.ops.prices.costs import shipped
    from aibridge.ops.prices.repricing import reprice as price_anew
    from aibridge.pricing import PriceBook
    from aibridge.store.repricing import Repriced

    done = Repriced()
    async with store() as opened:
        book = PriceBook(shipped(), await opened.prices.own())
        async for part, place in price_anew(opened.repricing, book, window, dry_run=dry_run):
            done += part
            _progress(done, place)
    return done


def _progress(done: "Repriced", place: "Place") -> None:
    """One line for a person who waits."""
    if sys.stderr.isatty():
        print(f"\r{done.interceptions:,} interceptions, up to {place[0]:%Y-%m-%d %H:%M}", end="", file=sys.stderr)  # noqa: T201


def _print(done: "Repriced", *, dry_run: bool) -> None:
    from aibridge.cli.output import print_table
    from aibridge.cli.price_words import dollars

    if sys.stderr.isatty():
        print(file=sys.stderr)  # noqa: T201 - ends the line of the progress
    print_table(
        ("WOULD BE" if dry_run else "PRICED ANEW", "HOW MUCH"),
        (
            ("interceptions read", str(done.interceptions)),
            ("token usages", str(done.usages)),
            ("changed", str(done.changed)),
            ("that had no cost", str(done.gained)),
            ("that lost their cost", str(done.lost)),
            ("unpriced afterwards", str(done.unpriced)),
            ("dollars before", dollars(done.cost_before)),
            ("dollars afterwards", dollars(done.cost_after)),
        ),
    )
