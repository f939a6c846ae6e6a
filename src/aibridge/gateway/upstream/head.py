"""The head of a request, written so that it can be read in only one way."""

import re
from collections.abc import Sequence

from aibridge.errors import RequestUnwritable

Headers = Sequence[tuple[bytes, bytes]]

METHOD = re.compile(rb"[A-Z]+")

PATH = re.compile(rb"/[\x21-\x7e\x80-\xff]*")
"""Origin form (RFC 9112 §3.2.1). No blank and no control character: the request line is split at blanks."""

TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""The characters of a field name (RFC 9110 §5.6.2)."""

FRAMING = frozenset((b"host", b"content-length", b"transfer-encoding", b"connection", b"expect", b"upgrade"))
"""What this client alone decides."""

MAY_LACK_A_LENGTH = frozenset((b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"CONNECT"))
"""Methods whose missing body needs no `Content-Length: 0` (RFC 9110 §8.6)."""


def request_head(*, method: bytes, uri: bytes, host: bytes, headers: Headers, length: int) -> bytes:
    """Serialise a request head; `uri` is the target in the request line, already checked by `checked_path`.

    Raises `RequestUnwritable` when a name or value could be read as something else than one header.
    """
    lines = [b": ".join(field) for field in headers]
    fields = b"\r\n".join(lines)
    breaks = max(len(lines) - 1, 0)
    # Every CR and LF must be one of ours, so a count shows a foreign one.
    if fields.count(b"\r") != breaks or fields.count(b"\n") != breaks or b"\0" in fields:
        raise RequestUnwritable("a request header holds a line break or NUL; it is not sent")
    _check_names([name for name, _ in headers])
    head = [method, b" ", uri, b" HTTP/1.1\r\nHost: ", host, b"\r\n"]
    if lines:
        head += (fields, b"\r\n")
    if length or method not in MAY_LACK_A_LENGTH:
        head.append(b"Content-Length: %d\r\n" % length)
    head.append(b"\r\n")
    return b"".join(head)


def checked_path(method: bytes, path: bytes) -> bytes:
    """Return `path` if method and path may be in a request line; raises `RequestUnwritable`."""
    if not METHOD.fullmatch(method):
        raise RequestUnwritable("the request method cannot be sent")
    if not PATH.fullmatch(path):
        raise RequestUnwritable("the request path does not begin with a slash, or holds a blank or a control character")
    return path


def _check_names(names: list[bytes]) -> None:
    if b"".join(names).translate(None, TOKEN) or not all(names):
        raise RequestUnwritable("a request header has a name that is none")
    if not FRAMING.isdisjoint([name.lower() for name in names]):
        raise RequestUnwritable("a request header would change the framing of the request")
