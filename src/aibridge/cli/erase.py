"""`aibridge erase`: what a person has a right to."""

import asyncio
import getpass
import socket
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

if TYPE_CHECKING:
    from aibridge.store.keeping import Keeping, Removed
    from aibridge.store.people import People, User
    from aibridge.store.pool import Store

SHUT_OUT = 1.0
"""Seconds until no worker lets a deleted user in any more."""


def erase(
    user: Annotated[str, typer.Option(metavar="NAME", help="Erase everything that this user asked; name or id.")] = "",
    session: Annotated[str, typer.Option(metavar="ID", help="Erase one session.")] = "",
    initiator: Annotated[
        str, typer.Option(metavar="NAME", help="Whose session, if several people have one with this id.")
    ] = "",
    *,
    account: Annotated[
        bool, typer.Option("--account", help="With --user: also delete the account, and whatever names the person.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Erase a person's record, or one session, for good.

    Removes interceptions with their prompts, tool calls, thoughts and token usages from every list and sum. The erasure
    itself is put on record, with the number of rows. If it is interrupted, run it again.
    """
    from aibridge.cli.database import run, store
    from aibridge.errors import AIBridgeError

    if bool(user) == bool(session) or (account and not user) or (initiator and not session):
        raise AIBridgeError("Name either --user NAME (and --account) or --session ID (and --initiator NAME).")

    async def work() -> None:
        async with store() as opened:
            if user:
                await _erase_user(opened, await _person(opened.people, user), account=account, yes=yes)
            else:
                await _erase_session(opened, session, initiator, yes=yes)

    run(work())


async def _erase_user(opened: "Store", user: "User", *, account: bool, yes: bool) -> None:
    whom = f"{user.username} ({user.id})"  # a deleted user's name may be someone else's by now
    _agree(f"Erase everything that {whom} asked" + (", and the account?" if account else "?"), yes=yes)
    keeping = opened.keeping
    if account:
        await _shut_out(opened.people, user)

    async def end() -> None:
        if account:
            await keeping.anonymise(user.id)

    await _erase(keeping, user.id, None, lambda erasure: keeping.erase_of_user(erasure, user.id), end)


async def _shut_out(people: "People", user: "User") -> None:
    """Nothing new may be asked meanwhile."""
    from aibridge.records import UserStatus

    if user.status is not UserStatus.DELETED:
        await people.set_status(user.id, UserStatus.DELETED)
        await asyncio.sleep(SHUT_OUT)


async def _erase_session(opened: "Store", session_id: str, initiator: str, *, yes: bool) -> None:
    whose = (await _person(opened.people, initiator)).id if initiator else None
    owner = await _only(opened, session_id, whose)
    _agree(f"Erase the session {session_id} of {owner.username} ({owner.id})?", yes=yes)
    keeping = opened.keeping
    await _erase(keeping, owner.id, session_id, lambda erasure: keeping.erase_of_session(erasure, session_id, owner.id))


async def _only(opened: "Store", session_id: str, whose: UUID | None) -> "User":
    """The one person who has this session. Raises `AIBridgeError` that names them when they are several."""
    from aibridge.errors import AIBridgeError

    owners = [await opened.people.find_user(each) for each in await opened.keeping.initiators(session_id, whose)]
    found = [owner for owner in owners if owner is not None]
    if not found:
        raise AIBridgeError(f"There is no session {session_id!r}.")
    if len(found) > 1:
        names = ", ".join(sorted(owner.username for owner in found))
        raise AIBridgeError(f"Several people have a session {session_id!r}: {names}. Say whose with --initiator NAME.")
    return found[0]


async def _person(people: "People", text: str) -> "User":
    """By id, by name, or by the name that a deleted user bore last. Raises `AIBridgeError` when several did."""
    from aibridge.cli.lookup import user_named
    from aibridge.errors import AIBridgeError

    try:
        found = await people.find_user(UUID(text))
    except ValueError:
        found = None
    if found := found or await people.find_user(text):
        return found
    past = [user for user in await people.list_users(deleted=True) if user.username == text]
    if len(past) > 1:
        ids = ", ".join(str(user.id) for user in past)
        raise AIBridgeError(f"Several deleted users were named {text}. Say which by id: {ids}.")
    return past[0] if past else await user_named(people, text)


def _agree(question: str, *, yes: bool) -> None:
    if not yes:
        typer.confirm(f"{question} This cannot be undone.", abort=True)


async def _nothing() -> None:
    pass


async def _erase(
    keeping: "Keeping",
    user_id: UUID,
    session_id: str | None,
    batch: Callable[[UUID], Awaitable["Removed"]],
    end: Callable[[], Awaitable[None]] = _nothing,
) -> None:
    """Erase batch by batch, then `end`; an erasure that is interrupted before stays on record as not complete."""
    import msgspec

    from aibridge.cli.output import print_table
    from aibridge.ops.retention import batches
    from aibridge.recording.ids import uuid7
    from aibridge.store.keeping import Removed

    erasure, by = uuid7(time.time_ns() // 1_000_000), f"{getpass.getuser()}@{socket.gethostname()}"
    await keeping.begin_erasure(erasure, by=by, user_id=user_id, session_id=session_id)
    removed = Removed()
    async for part in batches(lambda: batch(erasure)):
        removed += part
    await end()
    await keeping.end_erasure(erasure)
    counts = msgspec.structs.asdict(removed)
    print_table(("ERASED", "ROWS"), ((name.replace("_", " "), str(number)) for name, number in counts.items()))
