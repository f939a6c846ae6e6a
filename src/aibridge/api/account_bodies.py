"""The public contract of users and tokens: what may be sent. A field that is not named here is refused."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from aibridge.auth import emails
from aibridge.auth.passwords import MAX_LENGTH, MIN_LENGTH
from aibridge.auth.usernames import RULE, USERNAME, why_not
from aibridge.records import Role, Scope, UserStatus

_VISIBLE = r"[^\x00-\x1f\x7f]"


def _username(name: str) -> str:
    if (reason := why_not(name)) is not None:
        raise PydanticCustomError("username", "This is not a valid user name: {reason}.", {"reason": reason})
    return name


def moment_text(value: object) -> object:
    """Pydantic would take a number for seconds since 1970."""
    if value is not None and not isinstance(value, str):
        raise PydanticCustomError("moment", "A moment must be a text such as 2026-01-02T03:04:05Z.")
    return value


Username = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern=USERNAME, examples=["dana"], description=RULE),
    AfterValidator(_username),
]
Name = Annotated[str, Field(max_length=200, pattern=f"^{_VISIBLE}*$", examples=["Dana Dunn"])]
Email = Annotated[
    str,
    Field(
        max_length=emails.MAX_LENGTH, pattern=emails.EMAIL, examples=["dana@example.com"], description="may be empty"
    ),
]
AvatarUrl = Annotated[
    str,
    Field(
        max_length=2048,
        pattern=r"^(https?://[^\s\x00-\x20\x7f\"'<>\\]+)?$",
        examples=["https://example.com/dana.png"],
        description="http or https; may be empty",
    ),
]
NewPassword = Annotated[
    str,
    Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH, json_schema_extra={"format": "password", "writeOnly": True}),
]
Later = Annotated[AwareDatetime, BeforeValidator(moment_text), Field(examples=["2027-01-02T03:04:05Z"])]


class Body(BaseModel):
    """What a request may carry."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NewUser(Body):
    """Someone who shall be able to ask."""

    username: Username
    name: Name = ""
    email: Email = ""
    avatar_url: AvatarUrl = ""
    role: Role = Role.MEMBER


class UserPatch(Body):
    """What shall be different. What is absent or null stays as it is."""

    name: Name | None = None
    email: Email | None = Field(None, description="an empty text removes it")
    avatar_url: AvatarUrl | None = None
    role: Role | None = Field(None, description="owners only; nobody can change their own")
    status: Literal[UserStatus.ACTIVE, UserStatus.SUSPENDED] | None = Field(
        None, description="owners only; use DELETE for `deleted`"
    )


class PasswordBody(Body):
    """A new password."""

    password: NewPassword
    current_password: str | None = Field(
        None,
        max_length=MAX_LENGTH,
        description="required to change one's own, if there is one",
        json_schema_extra={"format": "password", "writeOnly": True},
    )


class NewToken(Body):
    """What the token shall open, to whom, and how long. With neither `lifetime` nor `expires_at` it has no end."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "laptop", "scopes": ["gateway"], "lifetime": "90d", "user": "dana"}]}
    )

    name: Name = Field("", examples=["laptop"])
    scopes: list[Scope] = Field(
        min_length=1, max_length=8, description="only those that the calling token has", examples=[["gateway"]]
    )
    lifetime: str | None = Field(None, max_length=32, examples=["90d"], description="h, d, w; not with `expires_at`")
    expires_at: Later | None = Field(None, description="not with `lifetime`")
    user: str | None = Field(
        None, max_length=64, examples=["dana"], description="id, username or `me`; owners may name others"
    )
