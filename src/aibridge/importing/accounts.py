"""Coder's people as users of aibridge."""

import itertools
import re
import unicodedata
from collections.abc import Iterator
from uuid import UUID

from aibridge.auth.usernames import why_not
from aibridge.records import Role, UserStatus
from aibridge.store.coder import CoderUser
from aibridge.store.importing import Account

MAX_USERNAME = 64
"""Characters."""

_OUTSIDE = re.compile(r"[^a-z0-9._-]+")
_EDGES = "._-"


def account(user: CoderUser) -> Account:
    """The account of a person; see `status_of`, `role_of` and `username` for what changes."""
    return Account(
        id=user.id,
        username=username(user.username, user.id),
        name=user.name or "",
        email=user.email or None,
        avatar_url=user.avatar_url or "",
        role=role_of(user),
        status=status_of(user),
        created_at=user.created_at,
    )


def role_of(user: CoderUser) -> Role:
    """Owners and auditors stay so; every other role of Coder is about things that are not here."""
    if "owner" in user.rbac_roles:
        return Role.OWNER
    return Role.AUDITOR if "auditor" in user.rbac_roles else Role.MEMBER


def status_of(user: CoderUser) -> UserStatus:
    """Dormant means unseen for long, and whoever comes back is active again."""
    if user.deleted:
        return UserStatus.DELETED
    return UserStatus.SUSPENDED if user.status == "suspended" else UserStatus.ACTIVE


def username(text: str, user_id: UUID) -> str:
    """The nearest to `text` that `auth.usernames` allows: lower case, without accents, other characters a hyphen."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = _cut(_OUTSIDE.sub("-", ascii_text).strip(_EDGES), MAX_USERNAME)
    if not why_not(name):
        return name
    return _cut(f"user-{name or user_id.hex[:8]}", MAX_USERNAME)


def alternatives(name: str) -> Iterator[str]:
    """`name`, then `name-2`, `name-3` and so on, for one that is taken."""
    yield name
    for number in itertools.count(2):
        suffix = f"-{number}"
        yield _cut(name, MAX_USERNAME - len(suffix)) + suffix


def may_be_one(user: CoderUser, name: str, email: str | None) -> bool:
    """Whether the user `name` of aibridge, with this address, may be taken for `user`.

    The name must be the same but for its case, and addresses that are both known must not differ: a record that is
    given to a namesake is worse than an account too many.
    """
    if user.deleted or user.username.lower() != name:
        return False
    return not user.email or not email or user.email.lower() == email.lower()


def _cut(name: str, length: int) -> str:
    return name[:length].rstrip(_EDGES)
