"""`aibridge users`: who may use the gateway."""

import sys
from typing import Annotated

import typer

from aibridge.records import Role, UserStatus

app = typer.Typer(help="Create, list and change users.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user's name, for example ada.", show_default=False)]


@app.command()
def create(
    name: Name,
    role: Annotated[
        Role, typer.Option(help="Members read their own record, auditors and owners everyone's.")
    ] = Role.MEMBER,
    email: Annotated[str | None, typer.Option(help="Their email address.", show_default=False)] = None,
) -> None:
    """Create a user and print their id."""
    from aibridge.auth.emails import is_email
    from aibridge.auth.usernames import why_not
    from aibridge.cli.database import people, run
    from aibridge.cli.output import tell
    from aibridge.errors import AIBridgeError

    if (reason := why_not(name)) is not None:
        raise AIBridgeError(f"{name!r} is not a valid user name: {reason}.")
    if not is_email(email or ""):
        raise AIBridgeError(f"{email!r} is not an email address.")

    async def work() -> str:
        async with people() as found:
            return str((await found.create_user(name, role=role, email=email or None)).id)

    typer.echo(run(work()))
    tell(f"Now `aibridge tokens create {name}` makes a token, and `aibridge users password {name}` sets a password.")


@app.command("list")
def list_() -> None:
    """List users.

    Columns: name, role, status, email, created, id.
    """
    from aibridge.cli.database import people, run
    from aibridge.cli.output import moment, print_table

    async def work() -> None:
        async with people() as found:
            users = await found.list_users()
        titles = ("NAME", "ROLE", "STATUS", "EMAIL", "CREATED", "ID")
        print_table(
            titles,
            ((u.username, u.role, u.status, u.email or "-", moment(u.created_at), str(u.id)) for u in users),
        )

    run(work())


@app.command("role")
def role_(
    name: Name,
    role: Annotated[Role, typer.Argument(metavar="ROLE", help="owner, auditor or member.", show_default=False)],
) -> None:
    """Change a user's role. It takes effect at once."""
    from aibridge.cli.database import people, run
    from aibridge.cli.lookup import user_named

    async def work() -> None:
        async with people() as found:
            await found.set_role((await user_named(found, name)).id, role)

    run(work())


@app.command()
def suspend(name: Name) -> None:
    """Lock a user out at once; the record stays."""
    _set_status(name, UserStatus.SUSPENDED)


@app.command()
def activate(name: Name) -> None:
    """Let a suspended user back in."""
    _set_status(name, UserStatus.ACTIVE)


@app.command()
def delete(name: Name) -> None:
    """Delete a user and revoke their tokens. The record stays, and the name can be used again."""
    _set_status(name, UserStatus.DELETED)


@app.command()
def password(name: Name) -> None:
    """Set a user's password for the web UI.

    It is asked for twice, or read as one line from standard input.
    """
    from aibridge.auth.passwords import check_rules, hash_password
    from aibridge.cli.database import people, run
    from aibridge.cli.lookup import user_named

    given = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if sys.stdin.isatty() else _first_line()
    check_rules(given, username=name)
    hashed = hash_password(given)

    async def work() -> None:
        async with people() as found:
            user = await user_named(found, name)
            await found.set_password_hash(user.id, hashed)

    run(work())


def _first_line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _set_status(name: str, status: UserStatus) -> None:
    from aibridge.cli.database import people, run
    from aibridge.cli.lookup import user_named

    async def work() -> None:
        async with people() as found:
            user = await user_named(found, name)
            await found.set_status(user.id, status)

    run(work())
