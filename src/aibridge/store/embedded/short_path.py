"""A socket's path has room for about a hundred bytes (`sun_path` in unix(7)); a data folder's may be longer."""

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from aibridge.errors import EmbeddedPostgresError

LONGEST = 103
"""Bytes of a socket's path: 104 on macOS and the BSDs, 108 on Linux, with the closing NUL."""


def short_path(folder: Path, socket_name: str) -> Path:
    """`folder`, or when the socket's path in it would be too long, a link to it in a private folder.

    The link's name follows from the folder's, so every process comes to the same one.

    Raises:
        EmbeddedPostgresError: somebody else owns the place where the link belongs.

    """
    if len(os.fsencode(folder / socket_name)) <= LONGEST:
        return folder
    link = _private_folder() / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    if not link.is_symlink():
        with suppress(FileExistsError):  # another process was quicker
            link.symlink_to(folder)
    return link


def _private_folder() -> Path:
    """Ours alone, checked: anybody may create names in /tmp."""
    place = Path(tempfile.gettempdir()) / f"aibridge-{os.geteuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise EmbeddedPostgresError(
            f"{place} belongs to somebody else. Remove it, or set AIBRIDGE_DATA_DIR to a folder with a shorter path."
        )
    return place
