"""Reading a request body: what it asks, its hash, what to change. Only computation: it may run in a thread."""

import hashlib

import msgspec

from aibridge.dialects.dialect import Dialect, Edit, Headers
from aibridge.dialects.encodings import decode_body
from aibridge.recording.discretion import Discretion
from aibridge.recording.rows import BodyProof
from aibridge.records import RequestFacts

THREAD_FROM = 2**20
"""Bytes from which a body is read in a thread: hashing and parsing would hold up every other request."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A request body, read."""

    facts: RequestFacts
    proof: BodyProof
    edit: Edit | None = None
    """What goes upstream instead of the received body, and why."""


def read_request(
    dialect: Dialect,
    body: bytes | bytearray,
    headers: Headers,
    *,
    include_usage: bool,
    limit: int,
    discretion: Discretion,
) -> Reading:
    """Read one body, of its texts what may be kept. Raises `RequestRefused` (400, 413, 415, 501)."""
    encoding = headers.get(b"content-encoding", b"").decode("latin-1")
    plain = decode_body(encoding, [body], limit) if encoding else body
    facts = discretion.of_request(dialect.read_request(plain, headers, results=discretion.capture.tool_results))
    received = hashlib.sha256(body).hexdigest()
    edit = dialect.include_usage(bytes(body), facts) if include_usage and facts.stream and not encoding else None
    if edit is None:
        return Reading(facts=facts, proof=BodyProof(received=received, sent=received))
    sent = hashlib.sha256(edit.body).hexdigest()
    return Reading(
        facts=facts,
        proof=BodyProof(received=received, sent=sent, mutations=edit.mutations),
        edit=edit,
    )
