"""Content encodings, undone piece by piece: however much a body claims to hold, only a piece of it is in memory.

https://www.rfc-editor.org/rfc/rfc9110#section-8.4, https://www.rfc-editor.org/rfc/rfc9659 (zstd windows)
"""

import sys
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

import brotli

from aibridge.dialects.dialect import Buffer
from aibridge.errors import EncodingBroken, EncodingOverflow, RequestRefused

if sys.version_info >= (3, 14):  # pragma: no cover  # the interpreter decides
    from compression import zstd
else:
    from backports import zstd

PIECE = 256 * 1024
"""Bytes that come out at once, about."""
LIMIT = 64 * 2**20
"""Bytes that come out at all, unless told otherwise."""
_ZSTD_WINDOW_LOG = 23
"""8 MiB, the most that RFC 9659 lets a sender ask of a receiver."""
_GZIP, _ZLIB, _RAW = 31, 15, -15
"""What zlib is to expect, as its `wbits`."""


class Decoder(ABC):
    """Undoes one content encoding."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._left = limit

    def decode(self, chunk: Buffer) -> Iterator[bytes]:
        """Give what is known after the next bytes, in pieces. Drain it before the next call.

        Raises `EncodingOverflow` beyond the limit, `EncodingBroken` for bytes that are not of this encoding.
        """
        for piece in self._pieces(bytes(chunk)):
            self._left -= len(piece)
            if self._left < 0:
                raise EncodingOverflow
            if piece:
                yield piece

    def finish(self) -> None:
        """The body ended. Raises `EncodingBroken` when it is cut short."""
        if not self._complete():
            raise EncodingBroken("The compressed body is cut short.")

    @abstractmethod
    def _pieces(self, chunk: bytes) -> Iterator[bytes]: ...

    @abstractmethod
    def _complete(self) -> bool: ...


class _Identity(Decoder):
    def _pieces(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk

    def _complete(self) -> bool:
        return True


class _Zlib(Decoder):
    """gzip, of any number of members, or deflate, which senders understand in two ways."""

    def __init__(self, limit: int, wbits: int | None) -> None:
        super().__init__(limit)
        self._wbits = wbits
        self._head = b""
        self._stream = zlib.decompressobj(wbits or _ZLIB)
        self._fed = False

    def _pieces(self, chunk: bytes) -> Iterator[bytes]:
        if self._wbits is None:
            chunk = self._recognise(chunk)
        piece = b""
        while chunk or len(piece) == PIECE:  # a full piece may leave more inside, even when all input is used up
            if self._stream.eof:
                if self._wbits != _GZIP or not chunk.strip(b"\0"):
                    return  # padding, or bytes behind the end that browsers ignore too
                self._stream = zlib.decompressobj(_GZIP)
            self._fed = True
            try:
                piece = self._stream.decompress(chunk, PIECE)
            except zlib.error as broken:
                raise EncodingBroken from broken
            yield piece
            chunk = self._stream.unconsumed_tail or self._stream.unused_data

    def _recognise(self, chunk: bytes) -> bytes:
        """Tell zlib's wrapper from raw deflate by its two check bytes (RFC 1950 §2.2)."""
        self._head += chunk
        if len(self._head) < 2:  # noqa: PLR2004
            return b""
        first, second = self._head[:2]
        wrapped = first & 15 == 8 and (first * 256 + second) % 31 == 0  # noqa: PLR2004
        self._wbits = _ZLIB if wrapped else _RAW
        self._stream = zlib.decompressobj(self._wbits)
        head, self._head = self._head, b""
        return head

    def _complete(self) -> bool:
        return self._stream.eof or not (self._fed or self._head)


class _Brotli(Decoder):
    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._stream = brotli.Decompressor()
        self._fed = False

    def _pieces(self, chunk: bytes) -> Iterator[bytes]:
        self._fed = self._fed or bool(chunk)
        while not self._stream.is_finished():
            try:
                piece = self._stream.process(chunk, output_buffer_limit=PIECE)
            except brotli.error as broken:
                raise EncodingBroken from broken
            chunk = b""
            yield piece
            if len(piece) < PIECE and self._stream.can_accept_more_data():
                return  # a full piece may leave more inside, even when all input is used up

    def _complete(self) -> bool:
        return self._stream.is_finished() or not self._fed


class _Zstd(Decoder):
    """zstd, of any number of frames."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._stream = self._fresh()
        self._fed = False

    @staticmethod
    def _fresh() -> "zstd.ZstdDecompressor":
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})

    def _pieces(self, chunk: bytes) -> Iterator[bytes]:
        while chunk or not (self._stream.eof or self._stream.needs_input):
            if self._stream.eof:
                self._stream = self._fresh()
            self._fed = True
            try:
                yield self._stream.decompress(chunk, PIECE)
            except zstd.ZstdError as broken:
                raise EncodingBroken from broken
            chunk = self._stream.unused_data if self._stream.eof else b""

    def _complete(self) -> bool:
        return self._stream.eof or not self._fed


def open_decoder(encoding: str, limit: int = LIMIT) -> Decoder | None:
    """A decoder for the value of a `Content-Encoding` header; None when it is unknown or stacked."""
    match encoding.strip().lower():
        case "" | "identity":
            return _Identity(limit)
        case "gzip" | "x-gzip":
            return _Zlib(limit, _GZIP)
        case "deflate":
            return _Zlib(limit, None)
        case "br":
            return _Brotli(limit)
        case "zstd":
            return _Zstd(limit)
        case _:
            return None


def decode_body(encoding: str, chunks: Iterable[Buffer], limit: int = LIMIT) -> bytes:
    """Decode a whole request body.

    Raises `RequestRefused`: 415 for an unknown encoding, 413 beyond the limit, 400 for a broken body.
    """
    decoder = open_decoder(encoding, limit)
    if decoder is None:
        raise RequestRefused(f"The content encoding {encoding!r} is not supported.", status=415)
    try:
        body = b"".join(piece for chunk in chunks for piece in decoder.decode(chunk))
        decoder.finish()
    except EncodingOverflow as overflow:
        raise RequestRefused("The decoded request body is too large.", status=413) from overflow
    except EncodingBroken as broken:
        raise RequestRefused(str(broken)) from broken
    return body
