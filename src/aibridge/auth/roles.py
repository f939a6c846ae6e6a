"""What each role may do: one pure table, asked by every face of aibridge."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

import msgspec

from aibridge.records import Role


class Reach(StrEnum):
    """Whose records may be read."""

    OWN = "own"
    ALL = "all"


class Powers(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table."""

    reads: Reach
    """Interceptions, sessions, models, clients, spend, and everything derived from them."""
    manages: bool
    """Users, other people's tokens, providers, keys, prices, budgets."""


_TABLE: Mapping[Role, Powers] = {
    Role.OWNER: Powers(reads=Reach.ALL, manages=True),
    Role.AUDITOR: Powers(reads=Reach.ALL, manages=False),
    Role.MEMBER: Powers(reads=Reach.OWN, manages=False),
}


def powers(role: Role) -> Powers:
    """The row of a role; every role has one."""
    return _TABLE[role]


def may_manage(role: Role) -> bool:
    """Return whether the role administers this deployment."""
    return powers(role).manages


def may_read(role: Role, *, user_id: UUID, initiator_id: UUID) -> bool:
    """Return whether a user of this role may read what `initiator_id` did."""
    return powers(role).reads is Reach.ALL or user_id == initiator_id


def restricted_to(role: Role, user_id: UUID) -> UUID | None:
    """The only initiator whose records the user may read; None when all may be read."""
    return None if powers(role).reads is Reach.ALL else user_id
