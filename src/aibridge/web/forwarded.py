"""Where a browser is, if a proxy in front of aibridge says so and is trusted.

Tries to sign in are counted by address, and the list of sign-ins shows it.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware


class ForwardedAddress:
    """Puts the last address of `X-Forwarded-For` that is no trusted proxy's in place of the connection's."""

    def __init__(self, app: ASGIApp, proxies: Iterable[str]) -> None:
        """`proxies` are networks in CIDR notation."""
        self._app = ProxyHeadersMiddleware(app, trusted_hosts=list(_as_seen(proxies)))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        await self._app(scope, receive, send)  # type: ignore[arg-type]


def _as_seen(proxies: Iterable[str]) -> Iterator[str]:
    """The networks, of IPv4 also as a socket shows them that listens on all addresses of IPv6 (RFC 4291 §2.5.5.2)."""
    for proxy in proxies:
        yield proxy
        network = ip_network(proxy)
        if isinstance(network, IPv4Network):
            yield f"::ffff:{network.network_address}/{96 + network.prefixlen}"
