"""`aibridge import`: the record of another gateway."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aibridge.importing.coder import Progress
    from aibridge.importing.report import Report

app = typer.Typer(help="Import the record of another gateway.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """With a callback a single command keeps its name."""


@app.command()
def coder(
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="DSN",
            help="URL of Coder's PostgreSQL, without a pooler; the password may come from PGPASSWORD or ~/.pgpass.",
            show_default=False,
        ),
    ],
) -> None:
    """Import users and the record of a Coder deployment.

    That is, of its AI Bridge or AI Gateway. The deployment's database is only read. Run it again to add what is new;
    gateways may run meanwhile. At the end it prints what was done.
    """
    from aibridge.cli.database import database, run

    with database() as dsn, _progress_bar() as progress:
        report = run(_import(source, dsn, progress))
    _print(report)


async def _import(source: str, dsn: str, progress: "Progress") -> "Report":
    from aibridge.importing.coder import import_coder
    from aibridge.store.coder import open_coder
    from aibridge.store.importing import open_importer
    from aibridge.store.migrate import migrate

    async with open_coder(source) as found:
        await migrate(dsn)
        async with open_importer(dsn) as importer:
            return await import_coder(found, importer, progress)


@contextmanager
def _progress_bar() -> Iterator["Progress"]:
    """A bar on the standard error, for people only."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("interceptions", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print(report: "Report") -> None:
    from aibridge.cli.output import print_table

    rows = (
        (
            *(name, str(tally.read), str(tally.added), str(tally.there), str(sum(tally.skipped.values()))),
            ", ".join(f"{number} {reason}" for reason, number in tally.skipped.items()) or "-",
        )
        for name, tally in report.tables()
    )
    print_table(("TABLE", "READ", "ADDED", "HERE ALREADY", "SKIPPED", "WHY"), rows)
    notes = [(note.what, str(note.id), note.text) for note in report.told()]
    if notes:
        typer.echo()
        print_table(("NOTE", "ID", ""), notes)
