"""The table of roles, row by row."""

from uuid import UUID

import pytest

from aibridge.auth.roles import Reach, may_manage, may_read, powers, restricted_to
from aibridge.records import Role

ME, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("role", "reads", "manages", "reads_others"),
    [
        (Role.OWNER, Reach.ALL, True, True),
        (Role.AUDITOR, Reach.ALL, False, True),
        (Role.MEMBER, Reach.OWN, False, False),
    ],
)
def test_each_role(role: Role, reads: Reach, manages: bool, reads_others: bool) -> None:  # noqa: FBT001
    """Members read their own records; owners and auditors read all; owners manage."""
    assert powers(role).reads is reads
    assert may_manage(role) is manages
    assert may_read(role, user_id=ME, initiator_id=ME)
    assert may_read(role, user_id=ME, initiator_id=OTHER) is reads_others
    assert restricted_to(role, ME) == (None if reads_others else ME)


def test_every_role_has_a_row() -> None:
    assert all(powers(role) for role in Role)
