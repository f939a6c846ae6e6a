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
    output_details: str


CHAT = Names("prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details")
RESPONSES = Names("input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details")
_STANDARD_TIERS = frozenset(("", "auto", "default"))
_READ = frozenset(
    ("cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens", "cache_read_tokens")
)
"""What was read from the cache: OpenAI, Moonshot and Together; Mistral; DeepSeek; gateways to Anthropic's models.
OpenAI's stands in the details, others' beside the total."""
_WRITTEN = frozenset(("cache_write_tokens", "cache_creation_input_tokens", "cache_creation_tokens", "caching_tokens"))
"""What was written to it: OpenAI and OpenRouter; Vercel and DashScope; LiteLLM; Requesty."""
_CACHE = _READ | _WRITTEN
_ANTHROPIC = ("cache_read_input_tokens", "cache_creation_input_tokens")
MORE = "the provider's total counts more tokens than it tells of input and output"
"""Gemini's includes its thoughts, and nothing else tells of them."""
REASONING = "the provider tells of more reasoning than output"
"""Some gateways leave thoughts out of the output and of the total: then the figures do not tell what is billed."""


def names_in(usage: dict[str, Any], usual: Names) -> Names:
    """The names of the figures: those of the other API where a compatible server tells only them."""
    other = RESPONSES if usual is CHAT else CHAT
    return other if other.input in usage and usual.input not in usage else usual


def tells_figures(usage: dict[str, Any]) -> bool:
    """Whether there is a figure of input or output in it."""
    return any(usage.get(name) is not None for names in (CHAT, RESPONSES) for name in (names.input, names.output))


class _Figures(NamedTuple):
    """What a usage object says of one answer."""

    total: int | None
    input: int | None
    output: int | None
    reasoning: int | None
    read: int | None
    written: int | None


def token_usage(
    response_id: str, usage: dict[str, Any], names: Names, notes: Notes, *, tier: str, partial: bool
) -> TokenUsage | None:
    """Read a usage object. None when there is none, unless the answer is known to have been cut.

    `tier` is the answer's `service_tier`, which decides what it costs: it is kept where it is not the standard one.

    The provider's input figure includes both what was read from the cache and, where it is told (GPT-5.6 and later),
    what was written to it: 7146 = 12 + 6789 read + 345 written. Ours excludes both. Vendors that count otherwise are
    known by their sums.
    """
    if not usage:
        return TokenUsage(provider_response_id=response_id, partial=True) if partial and response_id else None
    details = object_of(usage.get(names.input_details))
    figures = _figures(usage, details, names, notes)
    others = usage | {names.input_details: {name: details[name] for name in details if name not in _CACHE} or None}
    if tier not in _STANDARD_TIERS:
        others["service_tier"] = tier
    taken = _CACHE | {names.input, names.output}
    all_input, output = figures.input, figures.output
    if not _adds_up(figures):
        if _reasons_beside(figures):
            output = (output or 0) + (figures.reasoning or 0)
            taken -= {names.output}
        if _caches_beside(figures) or _is_anthropic(usage, names):
            all_input = (figures.input or 0) + (figures.read or 0) + (figures.written or 0)
        if figures.total is not None and figures.total > (all_input or 0) + (output or 0):
            notes.add(MORE)
    if (figures.reasoning or 0) > (output or 0):
        notes.add(REASONING)
    return TokenUsage(
        provider_response_id=response_id,
        input=None if figures.input is None else less(all_input, figures.read, figures.written),
        output=output,
        cache_read=figures.read,
        cache_write=figures.written,
        partial=partial,
        metadata=extras(others, taken, notes),
    )


def _figures(usage: dict[str, Any], details: dict[str, Any], names: Names, notes: Notes) -> _Figures:
    reasoning = object_of(usage.get(names.output_details)).get("reasoning_tokens", usage.get("reasoning_tokens"))
    return _Figures(
        count(usage.get("total_tokens"), notes),
        count(usage.get(names.input), notes),
        count(usage.get(names.output), notes),
        count(reasoning, notes),
        _most(_READ, details, usage, notes),
        _most(_WRITTEN, details, usage, notes),
    )


def _most(kind: frozenset[str], details: dict[str, Any], usage: dict[str, Any], notes: Notes) -> int | None:
    """The figure of this kind. Some vendors say it twice, under two names."""
    most: int | None = None
    for place in (details, usage):
        for name in () if kind.isdisjoint(place) else kind & place.keys():
            figure = count(place[name], notes)
            if figure is not None and (most is None or figure > most):
                most = figure
    return most


def _adds_up(figures: _Figures) -> bool:
    """Whether the figures are OpenAI's: input and output make the total, and the caches are parts of the input."""
    total, told, output, _, read, written = figures
    return total == (told or 0) + (output or 0) and max(read or 0, written or 0) <= (told or 0)


def _is_anthropic(usage: dict[str, Any], names: Names) -> bool:
    """Whether these are Anthropic's figures: its input never includes what the cache held, and it tells no total."""
    return names is RESPONSES and "total_tokens" not in usage and any(name in usage for name in _ANTHROPIC)


def _reasons_beside(figures: _Figures) -> bool:
    """Whether reasoning is not part of the output figure, as with xAI: then the total needs both.

    https://docs.x.ai/docs/key-information/consumption-and-rate-limits
    """
    parts = (figures.input or 0) + (figures.output or 0)
    return bool(figures.reasoning) and figures.total == parts + (figures.reasoning or 0)


def _caches_beside(figures: _Figures) -> bool:
    """Whether the input figure does not include the cached tokens: there are more of them, or the total needs both."""
    read, written, all_input = figures.read or 0, figures.written or 0, figures.input or 0
    if max(read, written) > all_input:
        return True
    needed = figures.total == all_input + (figures.output or 0) + read + written
    return needed and read + written > 0 and not _reasons_beside(figures)
