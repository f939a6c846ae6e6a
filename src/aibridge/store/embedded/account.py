"""Which account of the operating system runs the server. PostgreSQL refuses to run as root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from aibridge.errors import EmbeddedPostgresError

OWN_UID = 60780
"""Runs the server when root starts it in a folder of root's. From the range that systemd leaves to nobody
(60706 to 61183, https://systemd.io/UIDS-GIDS/), and below 65536, so that user namespaces of containers have it."""


class Switch(TypedDict, total=False):
    """The keywords of `subprocess` that change the account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account by its numbers; it need not be in /etc/passwd."""

    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        """The server runs as the very user we run as."""
        return self.uid == os.geteuid()

    @property
    def switch(self) -> Switch:
        """What `subprocess.run` needs to run something as this account."""
        return {} if self.is_ours else {"user": self.uid, "group": self.gid, "extra_groups": []}


def account_for(data_dir: Path, cluster: Path) -> Account:
    """The account that runs the server over `cluster`, a folder in `data_dir`.

    As root: whoever owns the data already, so that a user and root can take turns; else an account of its own.
    """
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid())
    for folder in (cluster, data_dir):
        if folder.exists() and folder.stat().st_uid != 0:
            return Account(uid=folder.stat().st_uid, gid=folder.stat().st_gid)
    return Account(uid=OWN_UID, gid=OWN_UID)


def account_with_a_name(account: Account) -> Account:
    """The same account, or for root a named one: `initdb` looks its user up in /etc/passwd and gives up without."""
    if _has_name(account.uid):
        return account
    if not account.is_ours:
        for entry in sorted(pwd.getpwall(), key=lambda entry: entry.pw_name != "nobody"):
            if entry.pw_uid != 0:
                return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise EmbeddedPostgresError(
        f"PostgreSQL cannot set up its data as user {account.uid}, which has no name in /etc/passwd. Add one there, "
        "run aibridge as another user, or set AIBRIDGE_DATABASE_URL to a PostgreSQL of yours."
    )


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
