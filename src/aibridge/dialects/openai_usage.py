"""OpenAI's usage object, whose totals include what was cached, and whose names differ between its two APIs."""

from typing import Any, NamedTuple

from aibridge.dialects.figures import count, extras, less
from aibridge.dialects.notes import Notes
from aibridge.dialects.payload import object_of
from aibridge.records import TokenUsage


class Names(NamedTuple):
    """What one API calls its figures."""

    input: str
    output: str
    input_details: str


CHAT = Names("prompt_tokens", "completion_tokens", "prompt_tokens_details")
RESPONSES = Names("input_tokens", "output_tokens", "input_tokens_details")
_STANDARD_TIERS = frozenset(("", "auto", "default"))
_CACHED, _WRITTEN = "cached_tokens", "cache_write_tokens"


def token_usage(
    response_id: str, usage: dict[str, Any], names: Names, notes: Notes, *, tier: str, partial: bool
) -> TokenUsage | None:
    """Read a usage object. None when there is none, unless the answer is known to have been cut.

    `tier` is the answer's `service_tier`, which decides what it costs: it is kept where it is not the standard one.

    The provider's input figure includes both what was read from the cache and, where it is told (GPT-5.6 and later),
    what was written to it: 7146 = 12 + 6789 read + 345 written. Ours excludes both.
    """
    if not usage:
        return TokenUsage(provider_response_id=response_id, partial=True) if partial and response_id else None
    details = object_of(usage.get(names.input_details))
    read, written = count(details.get(_CACHED), notes), count(details.get(_WRITTEN), notes)
    rest = {name: figure for name, figure in details.items() if name not in (_CACHED, _WRITTEN)}
    others = usage | {names.input_details: rest or None}
    if tier not in _STANDARD_TIERS:
        others |= {"service_tier": tier}
    return TokenUsage(
        provider_response_id=response_id,
        input=less(count(usage.get(names.input), notes), read, written),
        output=count(usage.get(names.output), notes),
        cache_read=read,
        cache_write=written,
        partial=partial,
        metadata=extras(others, frozenset((names.input, names.output)), notes),
    )
