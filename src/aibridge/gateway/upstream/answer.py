"""Reads one answer. No I/O: it is fed bytes as they arrive, and asked what it knows.

llhttp (through httptools) does the parsing, with none of its leniencies. What it leaves open is decided here: it ends a
message at an interim answer, reports what follows a message as a further message, does not know about HEAD, skips
line breaks between messages, and bounds nothing.
"""

from http import HTTPStatus

import httptools

from aibridge.errors import UpstreamCut, UpstreamError, UpstreamProtocolError

MAX_HEAD = 64 * 1024
"""Bytes of status lines and headers, interim answers included; the gateway's own limit for requests."""

MAX_FIELDS = 200

FINAL = range(200, 600)
"""Statuses that end an exchange; those from 100 on are interim. uvicorn cannot write any above these."""

LAST_BREAKS = len(b"\r\n\r\n")
"""Line breaks at the end of a head, or of the last chunk."""

MAX_OVERHEAD = MAX_HEAD
"""Bytes in a row that are not body (chunk extensions, trailers). httptools holds a field in memory until it ends."""


class Answer:
    """The answer to one request."""

    # Class attributes are the initial values: an answer is made for every request, and most of these stay as they are.
    status = 0
    content_length: int | None = None
    chunked = False
    bodyless = False
    heard = False
    """At least one byte arrived."""
    started = False
    """The final head is here."""
    complete = False
    excess = False
    """Something came after the end."""
    unread = 0
    """Bytes of the body that nobody took yet."""
    news = False
    """Something worth waking a reader for came since the flag was last cleared."""

    _persistent = False
    _spent = 0
    """Bytes that arrived up to the end of the head, with what of the body came in the same piece."""
    _overhead = 0
    _tail = b""
    _wrong: UpstreamError | None = None
    _parser: httptools.HttpResponseParser | None

    def __init__(self, *, head_only: bool = False) -> None:
        """`head_only`: the answer has no body whatever its headers say (to HEAD, and to CONNECT)."""
        self.headers: list[tuple[bytes, bytes]] = []
        """Of the final answer: lower-cased names, original order, every repetition."""
        self._head_only = head_only
        self._body: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)

    # ------------------------------------------------------------------ fed

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises `UpstreamProtocolError` when the head is not HTTP/1.1, `UpstreamCut` when the body's framing is broken.
        Bytes after the end are no error: they only make the connection unfit for reuse.
        """
        self.heard = True
        parser = self._parser
        if parser is None:
            self.excess = True
            return
        if not self.started:
            self._spent += len(data)
        before = self.unread
        try:
            parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not self.complete:
                raise self._broken(error) from None
            self.excess = True
        if self.complete:
            self._parser = None
            self.excess = self.excess or self._overrun(data)
            return
        self._tail = data[-LAST_BREAKS:]
        if self.unread == before:
            self._bound(len(data))
        elif self._overhead:
            self._overhead = 0

    def end(self, reason: BaseException | None = None) -> None:
        """The connection ended; `reason` is None when the provider closed it in an orderly way.

        Raises `UpstreamCut` when the answer was not complete.
        """
        self.abandon()
        if self.complete:
            return
        if not self.started:
            raise UpstreamCut("the provider closed the connection before it answered")
        if reason is not None or self.chunked or self.content_length is not None:
            raise UpstreamCut
        self.complete = self.news = True

    def abandon(self) -> None:
        """Nobody waits for the rest; breaks the cycle between this object and its parser."""
        self._parser = None
        self._persistent = False

    # ------------------------------------------------------------------ asked

    @property
    def reusable(self) -> bool:
        """The connection may carry another request: the end is certain and nothing came after it."""
        return self._persistent and not self.excess

    def take(self) -> bytes | None:
        """All bytes of the body that came since, or None when there are none."""
        body = self._body
        if not body:
            return None
        self._body = []
        self.unread = 0
        return body[0] if len(body) == 1 else b"".join(body)

    # ------------------------------------------------------------------ called by the parser

    def on_message_begin(self) -> None:
        """A status line begins: of the answer, or of something behind it."""
        if self.complete:
            self.excess = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header line, or one trailer."""
        if self.started:
            return  # a trailer
        self.headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """A head is complete: interim, final, or of something behind the answer."""
        if self.complete:
            return
        parser = self._parser
        assert parser is not None
        self.status = parser.get_status_code()
        self._check_head(parser.get_http_version())
        if self.status not in FINAL:
            return
        self.bodyless = self._head_only or self.status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
        self._read_framing()
        self.started = self.news = True
        if self.bodyless:
            self._finish(parser)

    def on_body(self, data: bytes) -> None:
        """Bytes of the body, without their framing."""
        if self.complete:
            self.excess = True
            return
        self._body.append(data)
        self.unread += len(data)
        self.news = True

    def on_message_complete(self) -> None:
        """The end of the body; or of an interim answer, or of something behind the answer."""
        if not self.started:
            self.headers = []  # that was an interim answer
        elif not self.complete:
            assert self._parser is not None
            self._finish(self._parser)

    # ------------------------------------------------------------------ rules

    def _finish(self, parser: httptools.HttpResponseParser) -> None:
        self.complete = self.news = True
        # HTTP/1.0 with chunks is faulty framing whatever it says about keep-alive (RFC 9112 §6.1). After HEAD
        # with chunks llhttp waits for a first chunk, and a beginning of one would pass unseen.
        doubtful = self.chunked and (self.bodyless or parser.get_http_version() == "1.0")
        self._persistent = parser.should_keep_alive() and not doubtful

    def _check_head(self, version: str) -> None:
        if len(self.headers) > MAX_FIELDS or (self._spent > MAX_HEAD and self._head_size() > MAX_HEAD):
            self._refuse(f"the provider's headers exceed {MAX_HEAD // 1024} KiB or {MAX_FIELDS} fields")
        if version not in {"1.1", "1.0"}:
            self._refuse(f"the provider answered in HTTP/{version}, which was not asked for")
        if self.status == HTTPStatus.SWITCHING_PROTOCOLS:
            self._refuse("the provider switched protocols, which was not asked for")
        if not HTTPStatus.CONTINUE <= self.status < FINAL.stop:
            self._refuse(f"the provider answered with status {self.status}, which does not exist")

    def _read_framing(self) -> None:
        for name, value in self.headers:
            if name == b"content-length":
                self.content_length = int(value)  # llhttp took digits only, and only one such header
            elif name == b"transfer-encoding":
                if self.chunked or value.lower() != b"chunked":
                    self._refuse("the provider used a transfer coding that was not asked for")
                self.chunked = True

    def _overrun(self, data: bytes) -> bool:
        """Whether line breaks followed the message in the same piece: llhttp skips them silently."""
        if self.content_length and not self.bodyless and self._body:
            return not data.endswith(self._body[-1])
        end = self._tail + data
        return len(end) - len(end.rstrip(b"\r\n")) > LAST_BREAKS

    def _head_size(self) -> int:
        return sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers)

    def _bound(self, size: int) -> None:
        if not self.started:
            if self._spent > MAX_HEAD:
                self.abandon()
                raise UpstreamProtocolError(f"the provider's headers exceed {MAX_HEAD // 1024} KiB")
            return
        self._overhead += size
        if self._overhead > MAX_OVERHEAD:
            self.abandon()
            raise UpstreamCut("the provider sent too much between two parts of its answer")

    def _refuse(self, message: str) -> None:
        self._wrong = UpstreamProtocolError(message)
        raise self._wrong

    def _broken(self, error: httptools.HttpParserError) -> UpstreamError:
        wrong, self._wrong = self._wrong, None
        self.abandon()
        if wrong is not None:
            return wrong
        if self.started:
            return UpstreamCut(f"the provider broke the framing of its answer: {error}")
        return UpstreamProtocolError(f"the provider's answer is not HTTP/1.1: {error}")
