"""`aibridge users`: who may use the gateway."""

import sys
from typing import Annotated

import typer

from aibridge.records import Role, UserStatus

app = typer.Typer(help="Create, list and change users.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user's name, for instance ada.", show_default=False)]


@app.command()
def create(
    name: Name,
    role: Annotated[
        Role, typer.Option(help="Members read their own record, auditors and owners everyone's.")
    ] = Role.MEMBER,
    email: Annotated[str | None, typer.Option(help="Their address.", show_default=False)] = None,
) -> None:
    """Create a user and print the id."""
    from aibridge.auth.usernames import why_not
    from aibridge.cli.database import people, run
    from aibridge.cli.output import tell
    from aibridge.errors import AIBridgeError

    if (reason := why_not(name)) is not None:
        raise AIBridgeError(f"{name!r} is not a valid user name: {reason}.")

    async def work() -> str:
        async with people() as found:
            return str((await found.create_user(name, role=role, email=email)).id)

    typer.echo(run(work()))
    tell(f"Now `aibridge tokens create {name}` makes a token, and `aibridge users password {name}` sets a password.")


@app.command("list")
def list_() -> None:
    """List the users: name, role, status, email, created, id."""
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
    """Give a user another role, at once."""
    from aibridge.cli.database import people, run
    from aibridge.cli.lookup import user_named

    async def work() -> None:
        async with people() as found:
            await found.set_role((await user_named(found, name)).id, role)

    run(work())


@app.command()
def suspend(name: Name) -> None:
    """Shut a user out, at once; the record stays."""
    _set_status(name, UserStatus.SUSPENDED)


@app.command()
def activate(name: Name) -> None:
    """Let a suspended user in again."""
    _set_status(name, UserStatus.ACTIVE)


@app.command()
def delete(name: Name) -> None:
    """Remove a user for good, with all tokens; the record stays, and the name is free."""
    _set_status(name, UserStatus.DELETED)


@app.command()
def password(name: Name) -> None:
    """Set a user's password for the pages: asked for twice, or one line from the standard input."""
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
