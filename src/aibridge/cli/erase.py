"""`aibridge erase`: what a person has a right to."""

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


def erase(
    user: Annotated[str, typer.Option(metavar="NAME", help="Erase all that this user asked; name or id.")] = "",
    session: Annotated[str, typer.Option(metavar="ID", help="Erase one session.")] = "",
    initiator: Annotated[
        str, typer.Option(metavar="NAME", help="Whose session, where several people have one of this id.")
    ] = "",
    *,
    account: Annotated[
        bool, typer.Option("--account", help="With --user: delete the account too, and whatever names the person.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a person's record for good: interceptions, prompts, tool calls, thoughts and tokens, in every list and sum.

    That it happened is put on record, with how much it took. Broken off, it can be run again.
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
    from aibridge.records import UserStatus

    _agree(f"Erase everything that {user.username} asked" + (", and the account?" if account else "?"), yes=yes)
    if account and user.status is not UserStatus.DELETED:
        await opened.people.set_status(user.id, UserStatus.DELETED)  # first: nothing new may be asked meanwhile
    keeping = opened.keeping
    await _erase(keeping, user.id, None, lambda erasure: keeping.erase_of_user(erasure, user.id))
    if account:
        await keeping.anonymise(user.id)


async def _erase_session(opened: "Store", session_id: str, initiator: str, *, yes: bool) -> None:
    whose = (await _person(opened.people, initiator)).id if initiator else None
    owner = await _only(opened, session_id, whose)
    _agree(f"Erase the session {session_id} of {owner.username}?", yes=yes)
    keeping = opened.keeping
    await _erase(keeping, owner.id, session_id, lambda erasure: keeping.erase_of_session(erasure, session_id, owner.id))


async def _only(opened: "Store", session_id: str, whose: UUID | None) -> "User":
    """The one person who has this session. Raises `AIBridgeError` that names them when they are several."""
    from aibridge.errors import AIBridgeError

    owners = [await opened.people.find_user(each) for each in await opened.reader.session_initiators(session_id, whose)]
    found = [owner for owner in owners if owner is not None]
    if not found:
        raise AIBridgeError(f"There is no session {session_id!r}.")
    if len(found) > 1:
        names = ", ".join(sorted(owner.username for owner in found))
        raise AIBridgeError(f"Several people have a session {session_id!r}: {names}. Say whose with --initiator NAME.")
    return found[0]


async def _person(people: "People", text: str) -> "User":
    """By name, or by id, which deleted users keep."""
    from aibridge.cli.lookup import user_named

    try:
        found = await people.find_user(UUID(text))
    except ValueError:
        found = None
    return found or await user_named(people, text)


def _agree(question: str, *, yes: bool) -> None:
    if not yes:
        typer.confirm(f"{question} This cannot be undone.", abort=True)


async def _erase(
    keeping: "Keeping", user_id: UUID, session_id: str | None, batch: Callable[[UUID], Awaitable["Removed"]]
) -> None:
    import msgspec

    from aibridge.cli.output import print_table
    from aibridge.recording.ids import uuid7

    erasure, by = uuid7(time.time_ns() // 1_000_000), f"{getpass.getuser()}@{socket.gethostname()}"
    await keeping.begin_erasure(erasure, by=by, user_id=user_id, session_id=session_id)
    removed = part = await batch(erasure)
    while part:
        part = await batch(erasure)
        removed += part
    await keeping.end_erasure(erasure)
    counts = msgspec.structs.asdict(removed)
    print_table(("ERASED", "ROWS"), ((name.replace("_", " "), str(number)) for name, number in counts.items()))
