"""What a provider says went wrong, whatever envelope it comes in."""

from typing import NamedTuple

from aibridge.dialects.notes import Notes
from aibridge.dialects.payload import Value, decoded, object_of, text_of, value
from aibridge.dialects.sse import parse_event

MAX_TEXT = 1024
"""Characters kept of an error page that is not JSON."""


class ProviderError(NamedTuple):
    """`code` is the provider's own name of the error."""

    code: str
    message: str


def error_in(found: object) -> ProviderError | None:
    """The error that an answer or event carries as its member `error`; None when it carries none."""
    error = object_of(found).get("error")
    if isinstance(error, str) and error:
        return ProviderError("", error)
    return error_of(error) if object_of(error) else None


def error_of(error: object) -> ProviderError:
    """Read an error object: OpenAI names the error by `code`, else by `type`; Anthropic by `type`."""
    known = object_of(error)
    code = known.get("code")
    named = "" if code is None or isinstance(code, bool | dict | list) else str(code)
    return ProviderError(named or text_of(known.get("type")), text_of(known.get("message")))


def error_page(body: Value, notes: Notes) -> ProviderError:
    """The error that the body of an error status describes."""
    text = decoded(memoryview(body)[: MAX_TEXT * 4]).strip()
    if text.startswith(("event:", "data:")):  # an error told as the one event of a stream
        body = parse_event(memoryview(body).tobytes().replace(b"\r\n", b"\n").partition(b"\n\n")[0])[1]
    elif not text.startswith("{"):
        return ProviderError("", "" if text.startswith("<") else text[:MAX_TEXT])
    found = object_of(value(body, notes))
    plain = text_of(found.get("message")) or text_of(found.get("detail"))
    return error_in(found) or ProviderError(text_of(found.get("code")), plain)
