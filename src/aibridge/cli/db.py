"""`aibridge db`: the database, the embedded one too."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Migrate, inspect, dump and restore the database.", no_args_is_help=True)


@app.command()
def migrate() -> None:
    """Apply missing migrations and print their names."""
    from aibridge.cli.database import database, run
    from aibridge.cli.output import tell
    from aibridge.store.migrate import migrate as bring_up

    with database() as dsn:
        applied = run(bring_up(dsn))
    for name in applied:
        typer.echo(name)
    if not applied:
        tell("The database is up to date.")


@app.command()
def status() -> None:
    """Show the server's version and the state of each migration.

    That is the time at which it was applied, or `pending`.
    """
    from aibridge.cli.database import database, run
    from aibridge.cli.output import moment, print_table
    from aibridge.store.migrate import status as status_of
    from aibridge.store.readiness import server_version

    with database() as dsn:
        version, found = run(server_version(dsn)), run(status_of(dsn))
    rows = [("PostgreSQL", str(version)), *((name, moment(at)) for name, at in found.applied.items())]
    print_table(("WHAT", "STATE"), [*rows, *((name, "pending") for name in found.pending)])


@app.command()
def url() -> None:
    """Print the database's URL, including the password.

    For `psql` and similar tools.
    """
    from aibridge.cli.database import database
    from aibridge.cli.output import tell

    with database() as dsn:
        typer.echo(dsn)
    tell("The embedded PostgreSQL answers there while aibridge runs.")


@app.command()
def dump(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="File to write; standard output by default.")
    ] = None,
) -> None:
    """Dump the whole database, whether or not it is in use."""
    from aibridge.cli.database import database
    from aibridge.store.dumping import dump as write

    if file is None and sys.stdout.isatty():
        raise typer.BadParameter("a dump is binary: name a file or redirect the output")
    with database() as dsn:
        write(dsn, file)


@app.command()
def restore(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A file that `aibridge db dump` wrote.", exists=True, dir_okay=False)
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace what the database holds.")] = False,  # noqa: FBT002
) -> None:
    """Restore the database from a dump.

    All of it or nothing. The database must be empty (unless --force is given) and not in use.
    """
    from aibridge.cli.database import database, run
    from aibridge.store.dumping import refuse_restore
    from aibridge.store.dumping import restore as read

    with database() as dsn:
        run(refuse_restore(dsn, force=force))
        read(dsn, file)
