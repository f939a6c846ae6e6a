"""Which proxy, if any, to use for a provider. The variables are those of curl and wget."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self
from urllib.parse import unquote, urlsplit

from aibridge.errors import SettingsError
from aibridge.gateway.upstream.target import Target

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP proxy."""

    host: str
    port: int
    tls: bool
    """The proxy itself is spoken to over TLS (`https://proxy`)."""
    authorization: bytes | None = field(default=None, repr=False)
    """The value of Proxy-Authorization."""

    @classmethod
    def parse(cls, url: str, *, variable: str) -> Self:
        """Read a proxy's URL; a bare `host:port` is taken as http, as curl does.

        Raises `SettingsError` naming the variable, never its value: it may hold a password.
        """
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port
        except ValueError:
            raise SettingsError(f"{variable} is not a valid proxy URL") from None
        if parts.scheme not in DEFAULT_PORTS:
            raise SettingsError(f"{variable} names a {parts.scheme} proxy; only http and https proxies are supported")
        if not parts.hostname:
            raise SettingsError(f"{variable} names no host")
        return cls(
            host=parts.hostname,
            port=port or DEFAULT_PORTS[parts.scheme],
            tls=parts.scheme == "https",
            authorization=_basic(parts.username, parts.password),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """The proxies of this process and who is exempt from them. `Proxies()` has none."""

    http: Proxy | None = None
    https: Proxy | None = None
    exempt: "Exemptions" = field(default_factory=lambda: Exemptions.parse(""))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`, each also in capitals; small letters win.

        `HTTP_PROXY` is ignored where `REQUEST_METHOD` is set: in a CGI environment any client can set it with a header
        (httpoxy, CVE-2016-5385). Raises `SettingsError`.
        """
        fallback = _read(environ, "all_proxy", "ALL_PROXY")
        names = ("http_proxy",) if "REQUEST_METHOD" in environ else ("http_proxy", "HTTP_PROXY")
        return cls(
            http=_read(environ, *names) or fallback,
            https=_read(environ, "https_proxy", "HTTPS_PROXY") or fallback,
            exempt=Exemptions.parse(environ.get("no_proxy") or environ.get("NO_PROXY") or ""),
        )

    def select(self, target: Target) -> Proxy | None:
        """The proxy for a target; None means to connect directly."""
        proxy = self.https if target.tls else self.http
        if proxy is None or self.exempt.covers(target.host, target.port):
            return None
        return proxy


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemptions:
    """`NO_PROXY`: `*`, names (with all below them), addresses and networks; each may have a port."""

    everything: bool = False
    names: tuple[tuple[str, int | None], ...] = ()
    networks: tuple[tuple[IPv4Network | IPv6Network, int | None], ...] = ()

    @classmethod
    def parse(cls, value: str) -> Self:
        """Read the list, separated by commas or blanks. Nothing in it can be wrong: what is not a network is a name."""
        names: list[tuple[str, int | None]] = []
        networks: list[tuple[IPv4Network | IPv6Network, int | None]] = []
        entries = value.replace(",", " ").lower().split()
        for entry in entries:
            host, port = _host_and_port(entry)
            try:
                networks.append((ip_network(host, strict=False), port))
            except ValueError:
                names.append((host.lstrip("*").strip("."), port))
        return cls(everything="*" in entries, names=tuple(names), networks=tuple(networks))

    def covers(self, host: str, port: int) -> bool:
        """Whether a host is reached without a proxy. Names are never resolved for this."""
        if self.everything:
            return True
        address = _address(host)
        if address is not None:
            return any(address in network and wanted in {None, port} for network, wanted in self.networks)
        host = host.rstrip(".")
        return any(
            name and (host == name or host.endswith(f".{name}")) and wanted in {None, port}
            for name, wanted in self.names
        )


def _read(environ: Mapping[str, str], *names: str) -> Proxy | None:
    for name in names:
        if url := environ.get(name, "").strip():
            return Proxy.parse(url, variable=name)
    return None


def _basic(user: str | None, password: str | None) -> bytes | None:
    if user is None:
        return None
    return b"Basic " + b64encode(f"{unquote(user)}:{unquote(password or '')}".encode())


def _host_and_port(entry: str) -> tuple[str, int | None]:
    if entry.startswith("["):
        host, _, port = entry[1:].partition("]")
        port = port.lstrip(":")
    elif entry.count(":") == 1:
        host, _, port = entry.partition(":")
    else:
        host, port = entry, ""
    return host, int(port) if port.isdecimal() else None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
