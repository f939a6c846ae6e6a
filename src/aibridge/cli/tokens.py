"""`aibridge tokens`: what opens the gateway and the API to a user."""

from datetime import timedelta
from typing import Annotated

import typer

from aibridge.records import Scope

app = typer.Typer(help="Create, list and revoke tokens.", no_args_is_help=True)

EVERY_SCOPE = list(Scope)


def _lifetime(text: str) -> timedelta:
    from aibridge.auth.lifetimes import lifetime

    try:
        return lifetime(text)
    except ValueError as error:
        raise typer.BadParameter(f"must be {error}, not {text!r}") from None


@app.command()
def create(
    user: Annotated[str, typer.Argument(metavar="USER", help="Whose token it is.", show_default=False)],
    name: Annotated[str, typer.Option(help="What it is for, for example laptop.", show_default=False)] = "",
    lifetime: Annotated[
        timedelta | None,
        typer.Option(
            parser=_lifetime, metavar="TIME", help="How long it is valid, for example 90d; for ever by default."
        ),
    ] = None,
    scope: Annotated[
        list[Scope],
        typer.Option(
            metavar="gateway|api", help="What it gives access to; repeat for more. Both by default.", show_default=False
        ),
    ] = EVERY_SCOPE,
) -> None:
    """Create a token and print it. It is shown only once."""
    from datetime import UTC, datetime

    from aibridge.auth.tokens import mint
    from aibridge.cli.database import people, run
    from aibridge.cli.lookup import user_named
    from aibridge.cli.output import tell

    minted = mint()
    expires_at = datetime.now(UTC) + lifetime if lifetime else None

    async def work() -> None:
        async with people() as found:
            await found.create_token(
                await user_named(found, user),
                id=minted.id,
                secret_sha256=minted.secret_sha256,
                name=name,
                scopes=scope,
                expires_at=expires_at,
            )

    run(work())
    typer.echo(minted.token)
    tell("Keep it: it is not shown again.")


@app.command("list")
def list_(
    user: Annotated[str | None, typer.Argument(metavar="USER", help="Whose tokens; everyone's by default.")] = None,
) -> None:
    """List tokens.

    Columns: id, user, name, scopes, state, created, expires, last used, last client.
    """
    from datetime import UTC, datetime

    from aibridge.auth.lifetimes import token_status
    from aibridge.cli.database import people, run
    from aibridge.cli.lookup import user_named
    from aibridge.cli.output import moment, print_table

    async def work() -> None:
        async with people() as found:
            whose = (await user_named(found, user)).id if user else None
            tokens = await found.list_tokens(whose)
        now = datetime.now(UTC)
        titles = ("ID", "USER", "NAME", "SCOPES", "STATE", "CREATED", "EXPIRES", "LAST USED", "BY")
        rows = (
            (
                *(token.id, token.username, token.name or "-", ",".join(sorted(token.scopes))),
                token_status(revoked_at=token.revoked_at, expires_at=token.expires_at, now=now),
                *(moment(token.created_at), moment(token.expires_at), moment(token.last_used_at)),
                token.last_used_client or "-",
            )
            for token in tokens
        )
        print_table(titles, rows)

    run(work())


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help="Its id from the list, or the whole token.")],
) -> None:
    """Revoke a token at once."""
    from aibridge.auth.tokens import parse
    from aibridge.cli.database import people, run
    from aibridge.errors import NotFound

    parsed = parse(token)

    async def work() -> None:
        async with people() as found:
            try:
                await found.revoke_token(parsed.id if parsed else token.removeprefix("aib_"))
            except NotFound as error:
                raise NotFound("There is no such token. `aibridge tokens list` shows their ids.") from error

    run(work())
