"""Advisory locks on files. The kernel drops them when the last holder is gone, however it went."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Wait for the lock and hold it for the block."""
    fd = _open(path)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def share(path: Path) -> int:
    """Hold the lock together with others until the returned file descriptor is closed."""
    fd = _open(path)
    fcntl.flock(fd, fcntl.LOCK_SH)
    return fd


def try_alone(path: Path) -> int | None:
    """The lock as a file descriptor if nobody holds it, else None. Never waits.

    Processes started with this descriptor hold the lock with us: it is free again when the last of them has ended.
    """
    fd = _open(path)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def is_held(path: Path) -> bool:
    """Whether anybody holds the lock at this moment."""
    fd = try_alone(path)
    if fd is None:
        return True
    os.close(fd)
    return False


def _open(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if os.geteuid() == 0:
        _give_to_owner_of_folder(fd, path.parent)
    return fd


def _give_to_owner_of_folder(fd: int, folder: Path) -> None:
    """Root may visit a user's data folder (`sudo aibridge users create`); the user must still get in afterwards."""
    owner = folder.stat()
    with suppress(PermissionError):  # a root without CAP_CHOWN has nobody else's folders either
        os.fchown(fd, owner.st_uid, owner.st_gid)
