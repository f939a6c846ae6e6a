"""The public contract of users and tokens: what is answered."""

from uuid import UUID

from pydantic import Field

from aibridge.api.shapes import Moment, Shape
from aibridge.auth.lifetimes import TokenStatus
from aibridge.records import Role, Scope, UserStatus


class User(Shape):
    """Someone who may ask, or once might."""

    id: UUID
    username: str = Field(examples=["dana"])
    name: str = Field(examples=["Dana Dunn"], description="for people to read; may be empty")
    email: str | None = Field(examples=["dana@example.com"])
    avatar_url: str = Field(description="may be empty")
    role: Role = Field(examples=["member"])
    status: UserStatus = Field(description="a deleted user's record stays, and the username is free again")
    created_at: Moment
    updated_at: Moment


class Me(User):
    """Whose token this is."""

    token_id: str = Field(examples=["mfrggzdfmztwq2lk"], description="the public part of the token")
    scopes: list[Scope]


class UserPage(Shape):
    """A page of users."""

    users: list[User]
    total: int = Field(description="how many the caller may see, on all pages")
    count: int = Field(description="the same number as `total`")


class TokenOwner(Shape):
    """Whose token it is."""

    id: UUID
    username: str = Field(examples=["dana"])
    name: str = Field(examples=["Dana Dunn"], description="may be empty")


class Token(Shape):
    """What opens the gateway or this API to a user. The secret is kept nowhere."""

    id: str = Field(examples=["mfrggzdfmztwq2lk"], description="the public part of the token")
    user: TokenOwner
    name: str = Field(examples=["laptop"], description="what it is for; may be empty")
    scopes: list[Scope]
    created_at: Moment
    expires_at: Moment | None = Field(description="null: never")
    revoked_at: Moment | None
    last_used_at: Moment | None = Field(description="up to half a minute late")
    last_used_client: str | None = Field(examples=["Claude Code"], description="the last client that identified itself")
    status: TokenStatus = Field(
        description="of the token alone: a suspended user's may be active, and gives access to nothing"
    )


class CreatedToken(Token):
    """A new token, with the secret in it."""

    token: str = Field(
        examples=["aib_mfrggzdfmztwq2lk_" + "a" * 52], description="shown only once; send it as `Authorization: Bearer`"
    )


class TokenPage(Shape):
    """A page of tokens."""

    tokens: list[Token]
    total: int = Field(description="how many match, on all pages")
    count: int = Field(description="the same number as `total`")
