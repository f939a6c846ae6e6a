"""Every change of an account is told to the log: who did what to whom. Never a secret, never a person's own words."""

from collections.abc import Iterator
from uuid import UUID

from aibridge.api.caller import Caller
from aibridge.auth import account_log
from aibridge.store.people import User, UserChange


def tell(caller: Caller, action: str, *, target: UUID | str, of: str, **more: object) -> None:
    """Log one change. `target`: the id of the user or the token; `of`: whose it is, by username."""
    actor = caller.identity
    account_log.tell(
        action,
        actor=actor.username,
        actor_id=actor.user_id,
        target=target,
        of=of,
        actor_token_id=actor.token_id,
        **more,
    )


def differences(before: User, after: User) -> dict[str, str]:
    """Which fields are different: rights with both values, what describes a person without any."""
    return dict(_differences(before, after))


def _differences(before: User, after: User) -> Iterator[tuple[str, str]]:
    for field in UserChange.__struct_fields__:
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            yield field, f"{old} -> {new}" if field in {"role", "status"} else "changed"
