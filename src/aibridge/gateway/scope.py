"""What an application is told of a request: https://asgi.readthedocs.io/en/latest/specs/www.html."""

from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aibridge.gateway.asgi import Scope

CONNECTION = "aibridge.connection"
"""Key of the protocol among a request's ASGI extensions."""


def scope_of(connection: HttpToolsProtocol, url: bytes, http_version: str) -> Scope:
    """Return the ASGI scope of the request whose head has just arrived."""
    path, query = split_url(url)
    text = path.decode("ascii")
    return {
        "type": "http",
        "asgi": {"version": connection.asgi_version, "spec_version": "2.3"},
        "http_version": http_version,
        "server": connection.server,
        "client": connection.client,
        "scheme": connection.scheme,
        "method": connection.parser.get_method().decode("ascii"),
        "root_path": "",
        "path": unquote(text) if "%" in text else text,
        "raw_path": path,
        "query_string": query,
        "headers": connection.headers,
        "state": connection.app_state.copy(),
        "extensions": {CONNECTION: connection},
    }


def split_url(url: bytes) -> tuple[bytes, bytes]:
    """Return path and query of a request's target. Raises `httptools.HttpParserInvalidURLError`."""
    if url.startswith(b"/") and b"#" not in url:  # every client's, and a third of the time that the parser takes
        path, _, query = url.partition(b"?")
        return path, query
    parsed = httptools.parse_url(url)
    return parsed.path, parsed.query or b""
