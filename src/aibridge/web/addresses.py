"""Where sessions live. Clients choose their ids, and not every text can be a segment of a path.

A slash splits the path, servers on the way decode `%2F`, and browsers take `.` and `..` for directions even when they
are written `%2e`. So an id of letters, digits, `-`, `_`, `.` and `:` stands as it is; any other is base64 behind a `~`.
"""

import base64
import binascii
import re
from uuid import UUID

MENUS = "menus"
"""What stands in a session's place in the paths of the list's menus."""
PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*", re.ASCII)


def session_path(session_id: str, part: str = "", *, initiator: UUID | None = None) -> str:
    """The path of a session's page, or of a part of it such as `rows` or `export.json`.

    `initiator` says whose session it is, for readers who may see those of several people under one id.
    """
    path = "/sessions/" + to_segment(session_id) + ("/" + part if part else "")
    return path if initiator is None else f"{path}?initiator={initiator}"


def to_segment(session_id: str) -> str:
    """The id as one segment of a path."""
    if PLAIN.fullmatch(session_id) and session_id != MENUS:
        return session_id
    return "~" + base64.urlsafe_b64encode(session_id.encode()).rstrip(b"=").decode()


def from_segment(segment: str) -> str:
    """The id that the segment stands for; what is not one of our addresses is taken for the id itself."""
    code = segment.removeprefix("~")
    if code in {segment, ""}:
        return segment
    try:
        return base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return segment
