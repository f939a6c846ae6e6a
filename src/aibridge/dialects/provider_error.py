"""What a provider says went wrong, whatever envelope it comes in."""

from typing import NamedTuple

from aibridge.dialects.notes import Notes
from aibridge.dialects.payload import Value, as_json, decoded, object_of, text_of, value
from aibridge.dialects.sse import parse_event

MAX_TEXT = 1024
"""Characters kept of an error page that is not JSON."""


class ProviderError(NamedTuple):
    """`code` is the provider's own name of the error."""

    code: str
    message: str


def error_in(found: object) -> ProviderError | None:
    """The error that an answer or event carries as its member `error`; None when it carries none, or an empty one."""
    error = object_of(found).get("error")
    if isinstance(error, str) and error:
        return ProviderError(text_of(object_of(found).get("code")), error)
    return error_of(error) if any(object_of(error).values()) else None


def error_of(error: object) -> ProviderError:
    """Read an error object: OpenAI names the error by `code`, else by `type`; Anthropic by `type`."""
    known = object_of(error)
    code = known.get("code")
    named = "" if code is None or isinstance(code, bool | dict | list) else str(code)
    return ProviderError(named or text_of(known.get("type")), _message(known.get("message")))


def error_page(body: Value, notes: Notes) -> ProviderError:
    """The error that the body of an error status describes."""
    text = decoded(memoryview(body)[: MAX_TEXT * 4]).strip()
    if text.startswith(("event:", "data:")):  # an error told as the one event of a stream
        body = parse_event(memoryview(body).tobytes().replace(b"\r\n", b"\n").partition(b"\n\n")[0])[1]
    elif not text.startswith(("{", "[")):
        return ProviderError("", "" if text.startswith("<") else text[:MAX_TEXT])
    told = value(body, notes)
    found = object_of(told[0] if isinstance(told, list) and told else told)  # Gemini puts its error into an array
    if error := error_in(found):
        return error
    named, plain = error_of(found)
    return ProviderError(named, plain or _message(found.get("detail") or found.get("errors")))


def _message(told: object) -> str:
    """A message that should be a text, and is one or a list of objections."""
    return text_of(told) or (as_json(told)[:MAX_TEXT] if isinstance(told, dict | list) and told else "")
