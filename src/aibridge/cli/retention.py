"""`aibridge retention`: what is kept, and what would go."""

from typing import Annotated

import typer

app = typer.Typer(help="See what the retention removes.", no_args_is_help=True)


@app.callback()
def retention() -> None:
    """See what the retention removes."""


@app.command()
def preview(
    older_than: Annotated[
        str, typer.Option(metavar="TIME", help="Another retention to try, as 30d, 12h or 8w.", show_default=False)
    ] = "",
) -> None:
    """Count what AIBRIDGE_RETENTION would remove now; nothing is removed."""
    from datetime import timedelta

    from aibridge.cli.database import run, store
    from aibridge.cli.output import moment, print_table
    from aibridge.cli.settings import settings
    from aibridge.durations import duration
    from aibridge.errors import AIBridgeError

    after = settings().retention
    if older_than:
        seconds = duration(older_than)
        if not seconds:
            raise AIBridgeError(f"--older-than {older_than!r} is no time; write for instance 30d, 12h or 8w.")
        after = timedelta(seconds=seconds)
    if after is None:
        typer.echo("AIBRIDGE_RETENTION is 0: everything is kept for ever.")
        return

    async def work() -> None:
        async with store() as opened:
            found = await opened.keeping.preview(after)
        print_table(
            ("WHAT", "HOW MUCH"),
            (
                ("began before", moment(found.cutoff)),
                ("interceptions", f"{found.interceptions}"),
                ("token usages", f"{found.token_usages}"),
                ("user prompts", f"{found.user_prompts}"),
                ("tool usages", f"{found.tool_usages}"),
                ("model thoughts", f"{found.model_thoughts}"),
                ("sessions as a whole", f"{found.sessions}"),
                ("sessions that lose their beginning", f"{found.shortened_sessions}"),
                ("interceptions that stay", f"{found.kept}"),
                ("oldest on record", moment(found.oldest)),
            ),
        )

    run(work())
