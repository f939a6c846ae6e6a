"""A request on its way out: written in slices, kept until it can no longer be needed."""

from aibridge.gateway.upstream.head import Headers, request_head

Buffer = bytes | bytearray | memoryview

ONE_WRITE = 64 * 1024
"""Bytes. Up to here head and body leave in one piece: one system call, mostly one packet."""

SLICE = 256 * 1024
"""Bytes handed to the transport at a time: what it may have to hold when the provider reads slowly."""


class Request:
    """Serialised head and body of one request. The body is never copied as a whole."""

    __slots__ = ("_body", "_head", "_offset", "head_only")

    def __init__(self, *, method: bytes, uri: bytes, host: bytes, headers: Headers, body: Buffer) -> None:
        """Raises `RequestUnwritable`, see `request_head`."""
        self._head = request_head(method=method, uri=uri, host=host, headers=headers, length=_size(body))
        self._body: Buffer | None = body
        self._offset = 0
        self.head_only = method in {b"HEAD", b"CONNECT"}

    def rewind(self) -> bool:
        """Begin again. False when the body is gone."""
        self._offset = 0
        return self._body is not None

    def release(self) -> None:
        """Forget the body: it is the largest thing a worker holds."""
        self._body = None

    def next(self) -> tuple[Buffer, bool]:
        """The next piece to write, and whether it is the last."""
        body, offset = self._body, self._offset
        assert body is not None
        size = _size(body)
        if offset == 0 and size <= ONE_WRITE:
            return b"".join((self._head, body)) if size else self._head, True
        if offset == 0:
            self._offset = taken = SLICE - len(self._head) if len(self._head) < SLICE else SLICE
            return b"".join((self._head, memoryview(body).cast("B")[:taken])), taken >= size
        self._offset = end = offset + SLICE
        return memoryview(body).cast("B")[offset:end], end >= size


def _size(body: Buffer) -> int:
    return body.nbytes if isinstance(body, memoryview) else len(body)
