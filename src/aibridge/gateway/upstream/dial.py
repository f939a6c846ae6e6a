"""Opens connections: resolve, connect, pass a proxy, start TLS. Every failure says which of these it was."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable

from aibridge.errors import UpstreamError, UpstreamTimeout, UpstreamUnreachable
from aibridge.gateway.upstream.connection import Connection
from aibridge.gateway.upstream.eyeballs import connect_socket
from aibridge.gateway.upstream.proxy import Proxy
from aibridge.gateway.upstream.request import Request
from aibridge.gateway.upstream.target import Target


def default_tls() -> ssl.SSLContext:
    """TLS verified against the system's trust store, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


async def dial(
    target: Target, proxy: Proxy | None, tls: ssl.SSLContext, make: Callable[[], Connection], *, within: float
) -> Connection:
    """Open a connection on which requests to `target` can be written, `within` seconds.

    Raises `UpstreamUnreachable`, and `UpstreamTimeout` when the time is over.
    """
    try:
        async with asyncio.timeout(within):
            if proxy is None:
                return await _open(target.host, target.port, tls if target.tls else None, make)
            connection = await _open(proxy.host, proxy.port, tls if proxy.tls else None, make)
            if target.tls:
                await _tunnel(connection, target, proxy, tls)
            return connection
    except TimeoutError:
        raise UpstreamTimeout(f"no connection to {_way(target, proxy)} within {within:g} s") from None
    except UpstreamUnreachable:
        raise
    except (OSError, UpstreamError) as error:
        raise UpstreamUnreachable(f"no connection to {_way(target, proxy)}: {_reason(error)}") from error


async def _open(host: str, port: int, tls: ssl.SSLContext | None, make: Callable[[], Connection]) -> Connection:
    loop = asyncio.get_running_loop()
    sock = await connect_socket(host, port)
    try:
        _, connection = await loop.create_connection(make, sock=sock, ssl=tls, server_hostname=host if tls else None)
    except BaseException:
        sock.close()
        raise
    return connection


async def _tunnel(connection: Connection, target: Target, proxy: Proxy, tls: ssl.SSLContext) -> None:
    """Ask the proxy for a tunnel (RFC 9110 §9.3.6) and start TLS with the provider inside it."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    authority = f"{host}:{target.port}".encode()
    headers = [] if proxy.authorization is None else [(b"Proxy-Authorization", proxy.authorization)]
    request = Request(method=b"CONNECT", uri=authority, host=authority, headers=headers, body=b"")
    try:
        answer = await connection.exchange(request)
        _check_granted(answer.status, proxy)
        await connection.start_tls(tls, target.host)
    except BaseException:
        connection.abort()
        raise


def _check_granted(status: int, proxy: Proxy) -> None:
    if status not in range(200, 300):
        raise UpstreamUnreachable(f"the proxy {proxy.host}:{proxy.port} refused with status {status}")


def _way(target: Target, proxy: Proxy | None) -> str:
    return target.origin if proxy is None else f"{target.origin} through the proxy {proxy.host}:{proxy.port}"


def _reason(error: OSError | UpstreamError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({error.verify_message})"
        case ssl.SSLError():
            return f"TLS failed ({error.reason or error})"
        case socket.gaierror():
            return f"the name cannot be resolved ({error.strerror})"
        case UpstreamError():
            return str(error)
        case ConnectionError(errno=None):
            return "it closed the connection during the TLS handshake"
        case _:
            return os.strerror(error.errno) if error.errno else str(error)
