"""`aibridge demo`: invented people at work, and a record of any size that they left."""

import time
from typing import Annotated

import typer

app = typer.Typer(
    help="Run a demo with invented people at work; no key needed.",
    invoke_without_command=True,
)


@app.callback()
def demo(
    context: typer.Context,
    listen: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Address to listen on, instead of AIBRIDGE_LISTEN; `:4180` means every interface."
        ),
    ] = "",
    past: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Requests to invent for the past weeks; 0 starts without any."),
    ] = 16_000,
) -> None:
    """Run a demo with invented people at work; no key needed.

    It is the same gateway, with a scripted provider and a database of its own.
    """
    if context.invoked_subcommand:
        return
    from aibridge.cli.settings import settings
    from aibridge.demo import demo as play

    raise typer.Exit(play(settings(listen=listen), past=past))


@app.command("seed")
def seed_(
    interceptions: Annotated[int, typer.Option(min=1, help="How many to invent.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same people and sessions.")] = 1,
    add: Annotated[  # noqa: FBT002
        bool, typer.Option("--add", help="Allow a database that already holds interceptions; slower.")
    ] = False,
) -> None:
    """Fill the database with two invented months, up to now.

    For looking at large lists and measuring them.
    """
    from aibridge.cli.database import database, run
    from aibridge.cli.progress import Progress
    from aibridge.cli.settings import settings
    from aibridge.demo.seeding.run import seed as fill
    from aibridge.records import Role

    chosen = settings()
    with database() as dsn, Progress(interceptions) as progress:
        until = time.time_ns() // 1000
        seeded = run(fill(dsn, interceptions=interceptions, seed=seed, until=until, add=add, watcher=progress))
    owner = next(person.username for person in seeded.people if person.role is Role.OWNER)
    busiest = seeded.people[0].username
    wide = max(len(owner), len(busiest))
    typer.echo(
        f"{seeded.interceptions:,} interceptions of {len(seeded.people):,} people, {seeded.rows:,} rows in all, "
        f"in {seeded.seconds:.0f} seconds.\n\n"
        f"To look at it, run `aibridge serve`, and in another terminal\n\n"
        f"  aibridge tokens create {owner:{wide}}   # an owner, who sees everything\n"
        f"  aibridge tokens create {busiest:{wide}}   # the busiest member, who sees their own record\n\n"
        f'  curl -H "Authorization: Bearer <the token>" "{chosen.access_url}/api/v2/aibridge/sessions?limit=3"'
    )
