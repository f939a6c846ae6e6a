"""What becomes of people: made, given another role, suspended, deleted, given a password."""

from collections.abc import Awaitable, Callable

import msgspec

from aibridge.auth import account_log
from aibridge.auth.emails import is_email
from aibridge.auth.passwords import check_rules
from aibridge.auth.usernames import why_not
from aibridge.errors import AlreadyExists, LastOwner, PasswordRefused
from aibridge.records import Role, UserStatus
from aibridge.store.people import User, UserChange
from aibridge.web.forms import Form
from aibridge.web.parts import WebParts
from aibridge.web.people.refused import FormRefused
from aibridge.web.viewer import Viewer

MAX_NAME = 200
NEW_USER, PROFILE, STATE, DELETE, PASSWORD = "new-user", "profile", "state", "delete", "password"
"""The forms."""
Change = Callable[[WebParts, Viewer, User, Form], Awaitable[None]]
"""One of these, done by a viewer to a user as a form says."""


async def create_user(parts: WebParts, viewer: Viewer, form: Form) -> User:
    """Make an active user. Raises `FormRefused`."""
    username = form.text("username")
    if (reason := why_not(username)) is not None:
        raise FormRefused(NEW_USER, "username", f"This username cannot be used: {reason}.")
    name, email, role = _name(form, NEW_USER), _email(form, NEW_USER), _role(form, NEW_USER)
    hashed = await _hashed(parts, form.secret("password"), username, NEW_USER) if form.secret("password") else None
    try:
        made = await parts.people.create_user(username, role=role, name=name, email=email, password_hash=hashed)
    except AlreadyExists as taken:
        raise FormRefused(NEW_USER, "username", str(taken)) from taken
    _tell(viewer, "create user", made, role=made.role)
    return made


async def change_profile(parts: WebParts, viewer: Viewer, user: User, form: Form) -> None:
    """Change name, address and, of others, the role. Raises `FormRefused`."""
    role = _role(form, PROFILE) if viewer.manages and user.id != viewer.user_id else None
    change = UserChange(name=_name(form, PROFILE), email=_email(form, PROFILE), role=role)
    changed = await _changed(parts, user, change, PROFILE, "role")
    _tell(viewer, "change user", user, role=f"{user.role} -> {changed.role}")


async def set_status(parts: WebParts, viewer: Viewer, user: User, status: UserStatus) -> None:
    """Suspend somebody, or let them in again: at once, on every replica. Raises `FormRefused`."""
    await _changed(parts, user, UserChange(status=status), STATE, "status")
    _tell(viewer, "change user", user, status=f"{user.status} -> {status}")


async def delete_user(parts: WebParts, viewer: Viewer, user: User, form: Form) -> None:
    """Delete somebody for good; the record stays. Raises `FormRefused` unless the name was typed."""
    if form.text("confirm") != user.username:
        raise FormRefused(DELETE, "confirm", f"Type {user.username} to delete this account.")
    await _changed(parts, user, UserChange(status=UserStatus.DELETED), DELETE, "confirm")
    _tell(viewer, "delete user", user)


async def set_password(parts: WebParts, viewer: Viewer, user: User, form: Form) -> None:
    """Give somebody a password; one's own with the current one, if there is one. Signs them out everywhere.

    Raises `FormRefused`.
    """
    if user.id == viewer.user_id and user.password_hash is not None:
        current = form.secret("current")
        if not await parts.passwords.verify(user.password_hash, current):
            raise FormRefused(PASSWORD, "current", "This is not your current password.")
    hashed = await _hashed(parts, form.secret("password"), user.username, PASSWORD)
    await parts.people.set_password_hash(user.id, hashed)
    _tell(viewer, "set password", user)


async def _hashed(parts: WebParts, password: str, username: str, form: str) -> str:
    try:
        check_rules(password, username=username)
    except PasswordRefused as refused:
        raise FormRefused(form, "password", str(refused)) from refused
    return await parts.passwords.hash(password)


async def _changed(parts: WebParts, user: User, change: UserChange, form: str, field: str) -> User:
    try:
        return await parts.people.change_user(user.id, change)
    except LastOwner as last:
        raise FormRefused(form, field, str(last)) from last


def _name(form: Form, which: str) -> str:
    name = form.text("name")
    if len(name) > MAX_NAME or not name.isprintable():
        raise FormRefused(which, "name", f"A name has at most {MAX_NAME} characters, all of them visible.")
    return name


def _email(form: Form, which: str) -> str | None:
    email = form.text("email")
    if not is_email(email):
        raise FormRefused(which, "email", "This is not an email address.")
    return email or None


def _role(form: Form, which: str) -> Role:
    try:
        return msgspec.convert(form.text("role"), Role)
    except msgspec.ValidationError as error:
        raise FormRefused(which, "role", "Choose a role.") from error


def _tell(viewer: Viewer, action: str, user: User, **more: object) -> None:
    account_log.tell(action, actor=viewer.username, actor_id=viewer.user_id, target=user.id, of=user.username, **more)
