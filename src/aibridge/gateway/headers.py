"""Which headers go through, in both directions. Everything not named here is carried unchanged."""

from collections.abc import Collection, Iterable, Sequence

RawHeaders = Sequence[tuple[bytes, bytes]]
"""Lower-case names, in order, repetitions kept."""

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""RFC 9110 §7.6.1: meant for the next hop only."""
NOT_SENT = HOP_BY_HOP | frozenset(
    (
        b"host",  # the client of the upstream sets its own
        b"content-length",  # written from the bytes that are sent: a second framing would be a smuggled request
        b"expect",  # answered here
        b"accept-encoding",  # set to identity: the one standing change, so that answers can be read
        b"cookie",  # the gateway's own origin's
        b"forwarded",
    )
)
NOT_SENT_PREFIXES = (b"proxy-", b"x-forwarded-")
NOT_RETURNED = HOP_BY_HOP | frozenset((b"set-cookie", b"alt-svc", b"strict-transport-security", b"clear-site-data"))
"""The last four would land on the origin that also serves the pages."""
INTERCEPTION_ID = b"x-aibridge-interception-id"


def request_head(
    headers: RawHeaders, *, drop: Collection[bytes], credential: tuple[bytes, bytes] | None
) -> list[tuple[bytes, bytes]]:
    """Return the headers that go upstream. What `Connection` names goes first, then the gateway's own are set."""
    named = _named_by_connection(headers)
    head = [
        pair
        for pair in headers
        if (name := pair[0]) not in NOT_SENT
        and name not in drop
        and name not in named
        and not name.startswith(NOT_SENT_PREFIXES)
    ]
    head.append((b"accept-encoding", b"identity"))
    if credential is not None:
        head.append(credential)
    return head


def response_head(headers: RawHeaders, *, interception_id: str | None, keep_length: bool) -> list[tuple[bytes, bytes]]:
    """Return the headers that go to the client. The length goes too, unless the body is filtered."""
    named = _named_by_connection(headers)
    head = [
        pair
        for pair in headers
        if (name := pair[0]) not in NOT_RETURNED
        and name not in named
        and (keep_length or name != b"content-length")
        and name != INTERCEPTION_ID
    ]
    if interception_id is not None:
        head.append((INTERCEPTION_ID, interception_id.encode()))
    return head


def first(headers: RawHeaders, name: bytes) -> bytes:
    """Return the first value of a header, or empty bytes."""
    for key, value in headers:
        if key == name:
            return value
    return b""


def joined(headers: RawHeaders, name: bytes) -> bytes:
    """Return all values of a header as one list (RFC 9110 §5.2), or empty bytes."""
    return b", ".join([value for key, value in headers if key == name])


def _named_by_connection(headers: Iterable[tuple[bytes, bytes]]) -> Collection[bytes]:
    named: set[bytes] = set()
    for name, value in headers:
        if name == b"connection":
            named.update([option.strip().lower() for option in value.split(b",")])
    # A `Connection: content-length` must not take the framing of the answer with it.
    named.discard(b"content-length")
    return named
