"""Who looks at the pages, and what they may do."""

from uuid import UUID

import msgspec
from starlette.requests import Request

from aibridge.auth.browsers import form_token
from aibridge.auth.roles import Reach, may_manage, powers, restricted_to
from aibridge.records import Role
from aibridge.store.sign_ins import SignedIn


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """A person at a browser."""

    sign_in_id: UUID
    user_id: UUID
    username: str
    name: str
    """For people to read; the username when there is none."""
    role: Role
    secret: str
    """Of the cookie."""

    @property
    def sees_everyone(self) -> bool:
        """Whether others' records may be read."""
        return powers(self.role).reads is Reach.ALL

    @property
    def manages(self) -> bool:
        """Whether users and their keys may be changed."""
        return may_manage(self.role)

    @property
    def scope(self) -> UUID | None:
        """The only initiator whose records may be read, as the store takes it; None: all."""
        return restricted_to(self.role, self.user_id)

    def form_token(self) -> str:
        """What a form of this page carries, to show that it is ours."""
        return form_token(self.secret)


def viewer_of(request: Request) -> Viewer:
    """Who looks at this page; only for pages that ask to sign in."""
    viewer: Viewer | None = request.state.viewer
    assert viewer is not None
    return viewer


def made_viewer(found: SignedIn, secret: str) -> Viewer:
    """The person who was found by the secret of a cookie."""
    return Viewer(
        sign_in_id=found.id,
        user_id=found.user_id,
        username=found.username,
        name=found.name or found.username,
        role=found.role,
        secret=secret,
    )
