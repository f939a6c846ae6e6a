"""Where requests go: the base URL of a provider, taken apart once."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, urlsplit

from aibridge.errors import SettingsError

DEFAULT_PORTS = {"http": 80, "https": 443}

HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")
"""A name, an IPv4 address or (after `urlsplit` took the brackets off) an IPv6 address."""

BASE_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A provider's origin and the path below which its API lives."""

    scheme: str
    """`http` or `https`."""
    host: str
    """Lower case; an IPv6 address without brackets."""
    port: int
    base_path: bytes
    """Without a trailing slash; empty for the root. Callers put it before the path they send."""
    host_header: bytes
    """The value of Host: with the port only if it is not the scheme's default."""
    tls: bool
    origin: str
    """Scheme, host and port: what connections are pooled by."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a base URL such as `https://api.openai.com/v1`.

        Raises `SettingsError` for anything but http and https, and for user information, a query or a fragment: none of
        them could reach the provider in the way its writer meant.
        """
        parts = _split(url)
        host = (parts.hostname or "").lower()
        path = parts.path.rstrip("/")
        if not HOST.fullmatch(host):
            raise SettingsError(f"the base URL {_shown(parts)!r} has no valid host; write it like https://host/path")
        if not BASE_PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
            raise SettingsError(f"the base URL {_shown(parts)!r} has a path that cannot be sent as it is")
        default = DEFAULT_PORTS[parts.scheme]
        port = parts.port or default
        bracketed = f"[{host}]" if ":" in host else host
        return cls(
            scheme=parts.scheme,
            host=host,
            port=port,
            base_path=path.encode(),
            host_header=(bracketed if port == default else f"{bracketed}:{port}").encode(),
            tls=parts.scheme == "https",
            origin=f"{parts.scheme}://{bracketed}:{port}",
        )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        wrong_port = parts.port == 0
    except ValueError as error:
        raise SettingsError(f"a base URL cannot be read: {error}") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise SettingsError("a base URL must begin with https:// or http://")
    if wrong_port:
        raise SettingsError(f"the base URL {_shown(parts)!r} names port 0")
    if parts.username is not None or parts.password is not None:
        raise SettingsError(f"the base URL {_shown(parts)!r} must not hold a user or password; set the provider's key")
    if parts.query or parts.fragment or url.rstrip().endswith(("?", "#")):
        raise SettingsError(f"the base URL {_shown(parts)!r} must have no query and no fragment")
    return parts


def _shown(parts: SplitResult) -> str:
    """The URL without what may be secret in it."""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
