"""`aibridge telemetry`: what would be sent, and what is."""

import typer

app = typer.Typer(help="Show what telemetry sends, if it is on.", no_args_is_help=True)


@app.command()
def preview() -> None:
    """Print the report of the last full hour; nothing is sent.

    As JSON, whether telemetry is on or not.
    """
    import json

    import msgspec

    from aibridge.cli.database import run
    from aibridge.cli.output import tell
    from aibridge.cli.settings import settings

    report = run(_last_hour())
    typer.echo(json.dumps(msgspec.to_builtins(report), indent=2))
    url = settings().telemetry_url
    tell(f"It is sent to {url}." if url else "Telemetry is off: AIBRIDGE_TELEMETRY_URL is not set.")


async def _last_hour() -> dict[str, object]:
    from datetime import UTC, datetime

    from aibridge import __version__
    from aibridge.cli.database import store
    from aibridge.ops.telemetry import last_full_hour, report_of
    from aibridge.store.telemetry import HOUR

    end = last_full_hour(datetime.now(UTC))
    async with store() as opened:
        summaries = await opened.telemetry.summaries(end - HOUR, end)
    return report_of(summaries, end, report_id=None, version=__version__)
