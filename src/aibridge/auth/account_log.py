"""Every change of an account is told to the log: who did what to whom. Never a secret, never a person's own words."""

from uuid import UUID

import structlog

_log = structlog.get_logger("aibridge.accounts")


def tell(action: str, *, actor: str, actor_id: UUID, target: UUID | str, of: str, **more: object) -> None:
    """Log one change. `target`: the id of the user or the token; `of`: whose it is, by username."""
    _log.info(
        "account changed",
        action=action,
        actor=actor,
        actor_id=str(actor_id),
        target=str(target),
        target_user=of,
        **more,
    )
