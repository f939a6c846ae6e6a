"""The command `aibridge` and how its failures end."""

import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from aibridge.cli import db, demo, erase, export, import_, prices, reprice, retention, telemetry, tokens, users
from aibridge.errors import AIBridgeError

app = typer.Typer(
    name="aibridge",
    help="An LLM gateway with auditing: it forwards every byte unchanged and keeps a record.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(users.app, name="users")
app.add_typer(tokens.app, name="tokens")
app.add_typer(db.app, name="db")
app.add_typer(telemetry.app, name="telemetry")
app.add_typer(import_.app, name="import")
app.add_typer(retention.app, name="retention")
app.add_typer(prices.app, name="prices")
app.add_typer(demo.app, name="demo")


Listen = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS", help="Address to listen on, instead of AIBRIDGE_LISTEN; `:4180` means every interface."
    ),
]


@app.command()
def serve(listen: Listen = "") -> None:
    """Run the gateway, the API and the web UI on one port."""
    from aibridge.app import serve as run_gateway
    from aibridge.cli.first_steps import first_steps
    from aibridge.cli.settings import settings

    chosen = settings(listen=listen)

    def steps(welcome: str) -> str:
        return first_steps(chosen, welcome=welcome, command=_own_name())

    raise typer.Exit(run_gateway(chosen, first_steps=steps))


def _own_name() -> str:
    """How this command was called, for text that a person pastes."""
    called = sys.argv[0]
    return called if Path(called).name == "aibridge" else "aibridge"


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as version_of

    typer.echo(version_of("aibridge"))


app.command()(export.export)
app.command()(erase.erase)
app.command()(reprice.reprice)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status."""
    signal.signal(signal.SIGTERM, _end)
    try:
        app(arguments, prog_name="aibridge")
    except AIBridgeError as error:
        return _fail(str(error))
    except ExceptionGroup as group:
        if (reason := _reason(group)) is None:
            raise
        return _fail(str(reason))
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _end(number: int, _: object) -> NoReturn:
    """End in order: an embedded PostgreSQL that this command has started is stopped on the way out."""
    raise SystemExit(128 + number)


def _reason(group: ExceptionGroup[Exception]) -> AIBridgeError | None:
    """What went wrong in a task, if it is something for a person."""
    for error in group.exceptions:
        found = _reason(error) if isinstance(error, ExceptionGroup) else error
        if isinstance(found, AIBridgeError):
            return found
    return None


def _fail(sentence: str) -> int:
    print(f"aibridge: {sentence}", file=sys.stderr)  # noqa: T201 - the terminal is this module's business
    return 1
