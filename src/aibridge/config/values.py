"""How a setting's text becomes its value. A `ValueError` completes the sentence "AIBRIDGE_X must be …"."""

import re
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from aibridge.capture import Capture, capture_of
from aibridge.config.settings import Listen, Secret
from aibridge.durations import HOUR, duration
from aibridge.redaction.patterns import BUILT_IN, Pattern

Choice = TypeVar("Choice", bound=StrEnum)

EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - only when asked for
MAX_PORT = 65535
MAX_WORKERS = 256

RESERVED_NAMES = frozenset(
    (
        "interceptions",
        "sessions",
        "models",
        "clients",
        "providers",
        "users",
        "usage",
        "search",
        "prices",
        "proxy",
        "keys",
    )
)
"""Names of the JSON API in the place of a provider's name, in use or kept for later; no provider may have them."""

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LISTEN = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\s:/\[\]]*):)?(?P<port>\d{1,5})")
_SIZE = re.compile(r"(?P<number>\d+)\s*(?P<unit>[KMG]I?B|B)?", re.IGNORECASE)
_UNITS_OF_SIZE = {"": 1, "B": 1, "KB": 10**3, "KIB": 2**10, "MB": 10**6, "MIB": 2**20, "GB": 10**9, "GIB": 2**30}
_YES, _NO = frozenset(("true", "yes", "on", "1")), frozenset(("false", "no", "off", "0"))


def listen(text: str) -> Listen:
    """Read `127.0.0.1:4180`, `[::1]:4180`, `localhost:4180`; `:4180` and `*:4180` for every interface."""
    match = _LISTEN.fullmatch(text)
    if match is None or int(match["port"]) > MAX_PORT:
        raise ValueError("an address such as 127.0.0.1:4180, [::1]:4180, or :4180 for every interface")
    host = (match["host"] or "").strip("[]")
    return Listen(host=EVERY_INTERFACE if host in {"", "*"} else host, port=int(match["port"]))


def boolean(text: str) -> bool:
    """Read true or false."""
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise ValueError("true or false")


def workers(text: str) -> int:
    """Read a number of processes."""
    if not text.isdecimal() or not 1 <= int(text) <= MAX_WORKERS:
        raise ValueError(f"a number of processes from 1 to {MAX_WORKERS}")
    return int(text)


def size(text: str) -> int:
    """Read bytes: `64MiB`, `10MB`, `4096`."""
    match = _SIZE.fullmatch(text)
    if match is None or int(match["number"]) == 0:
        raise ValueError("a size such as 64MiB, 10MB or a number of bytes")
    return int(match["number"]) * _UNITS_OF_SIZE[(match["unit"] or "").upper()]


def seconds(text: str) -> float:
    """Read a time to wait: `5s`, `500ms`, `2m`."""
    found = duration(text)
    if not found:
        raise ValueError("a time such as 5s, 500ms or 2m")
    return found


_LONGEST_RETENTION = 1000 * 365 * 24 * HOUR
"""Seconds. What lies so far back is a date to PostgreSQL and Python alike; not so a million years."""


def retention(text: str) -> timedelta | None:
    """Read how long to keep: `60d`, `12h`, `8w`; 0 is for ever."""
    found = duration(text)
    if found is None or 0 < found < HOUR:
        raise ValueError("a time of at least an hour such as 60d, 12h or 8w, or 0 to keep for ever")
    if found > _LONGEST_RETENTION:
        raise ValueError("a shorter time, or 0 to keep for ever")
    return timedelta(seconds=found) if found else None


def http_url(example: str) -> Callable[[str], str]:
    """Make a reader of the URL of a server, without a slash at the end; the example is for who gave something else."""

    def read(text: str) -> str:
        try:
            parts = urlsplit(text)
            parts.port  # noqa: B018 - raises ValueError when it is none
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", text):
            raise ValueError(f"a URL such as {example}")
        if parts.username is not None:
            raise ValueError("a URL without a user name and a password")
        if parts.query or parts.fragment or "?" in text or "#" in text:
            raise ValueError("a URL without a query and a fragment")
        return text.rstrip("/")

    return read


provider_url = http_url("https://api.example.com/v1")
access_url = http_url("https://ai.example.com")
telemetry_url = http_url("https://telemetry.example.com/aibridge")


def networks(text: str) -> tuple[str, ...]:
    """Read addresses and networks: `10.0.0.0/8, 192.0.2.7, ::1`. No `*`: everybody could then say to be anybody."""
    try:
        found = tuple(str(ip_network(each.strip())) for each in text.split(","))
    except ValueError:
        raise ValueError("addresses or networks such as 10.0.0.0/8, 192.0.2.7 or ::1, separated by commas") from None
    return found


def database_url(text: str) -> Secret:
    """Read the URL of a PostgreSQL."""
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("a PostgreSQL URL such as postgresql://user:password@host:5432/aibridge")
    return Secret(text)


def key(text: str) -> Secret:
    """Read a credential: one line of visible ASCII, since it becomes a header."""
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("one line of visible ASCII characters, as the provider issued it")
    return Secret(text)


def provider_name(text: str) -> str:
    """Read the name of a provider instance."""
    if not _SLUG.fullmatch(text):
        raise ValueError("a name of lower-case letters, digits and single dashes, such as copilot-business")
    if text in RESERVED_NAMES:
        raise ValueError(f"another name: {', '.join(sorted(RESERVED_NAMES))} belong to the JSON API")
    return text


def capture(text: str) -> Capture:
    """Read the kinds of text to keep: `prompts,tools`, or `none`."""
    return capture_of(word.strip() for word in text.lower().split(",") if word.strip())


def built_in_patterns(text: str) -> tuple[Pattern, ...]:
    """Read names of built-in patterns: `secrets,emails`."""
    names = dict.fromkeys(name.strip() for name in text.lower().split(",") if name.strip())
    if not names or not names.keys() <= BUILT_IN.keys():
        raise ValueError(f"any of {', '.join(BUILT_IN)}, separated by commas")
    return tuple(BUILT_IN[name] for name in names)


def folder(text: str) -> Path:
    """Read a path; the loader resolves `~` and what is relative."""
    return Path(text)


def choice(kind: type[Choice]) -> Callable[[str], Choice]:
    """Make a reader of one out of a closed set."""

    def one_of(text: str) -> Choice:
        try:
            return kind(text.lower())
        except ValueError:
            *most, last = [each.value for each in kind]
            raise ValueError(f"{', '.join(most)} or {last}") from None

    return one_of
