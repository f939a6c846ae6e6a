"""Which names a user may bear."""

import re
from uuid import UUID

USERNAME = r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$"
"""The same as the schema's check."""
RULE = "1 to 64 of a-z 0-9 . _ -, with a letter or digit at both ends"

_SHAPE = re.compile(USERNAME)


def why_not(username: str) -> str | None:
    """Complete the sentence "… is not a valid user name: …"; None when it is one.

    Wherever a user is named, by path or by filter, an id and `me` are understood too: no name may look like them.
    """
    if len(username) > 64 or not _SHAPE.match(username) or username.endswith("\n"):  # noqa: PLR2004 - see USERNAME
        return RULE
    if username == "me":
        return "`me` always means the caller"
    return "it looks like an id" if as_id(username) is not None else None


def as_id(text: str) -> UUID | None:
    """The id that a text is, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None
