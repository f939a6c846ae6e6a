"""`aibridge retention`: what is kept, and what would go."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import timedelta

app = typer.Typer(help="Show what retention removes.", no_args_is_help=True)


@app.callback()
def retention() -> None:
    """Show what retention removes."""


@app.command()
def preview(
    older_than: Annotated[
        str, typer.Option(metavar="TIME", help="Try another retention, such as 30d, 12h or 8w.", show_default=False)
    ] = "",
) -> None:
    """Count what AIBRIDGE_RETENTION would remove; nothing is removed."""
    from aibridge.cli.database import run, store
    from aibridge.cli.output import moment, print_table
    from aibridge.cli.settings import settings

    after = _tried(older_than) if older_than else settings().retention
    if after is None:
        typer.echo("A retention of 0: everything is kept for ever.")
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
                ("model answers", f"{found.model_answers}"),
                ("tool results", f"{found.tool_results}"),
                ("sessions as a whole", f"{found.sessions}"),
                ("sessions that lose their beginning", f"{found.shortened_sessions}"),
                ("interceptions that stay", f"{found.kept}"),
                ("oldest on record", moment(found.oldest)),
            ),
        )

    run(work())


def _tried(text: str) -> "timedelta | None":
    from aibridge.config.values import retention
    from aibridge.errors import AIBridgeError

    try:
        return retention(text)
    except ValueError as problem:
        raise AIBridgeError(f"--older-than must be {problem}, not {text!r}.") from None
