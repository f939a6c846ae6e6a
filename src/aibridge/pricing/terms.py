"""What an answer says of its own terms that no list has a price for."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

_DEARER = {"speed": ("fast",), "inference_geo": ("us",)}
_TIERS = ("priority", "batch", "flex")
_UNCOUNTED = {"compaction": "compactions", "advisor_message": "advisor messages"}
"""Samplings of Anthropic whose tokens the figures of the answer leave out, and what they are for.
https://docs.claude.com/en/docs/build-with-claude/compaction, …/agents-and-tools/tool-use/advisor-tool"""
_FALLBACK = "fallback_message"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer differs from what the lists price."""

    dearer: bool = False
    """It costs more than the standard rate."""
    notes: tuple[str, ...] = ()


STANDARD = Terms()


def terms_of(provider: str, metadata: Mapping[str, Any]) -> Terms:
    """Read the terms from the metadata of a token usage of a provider type, under the provider's own names.

    https://docs.claude.com/en/docs/about-claude/pricing, https://platform.openai.com/docs/pricing. Anthropic's priority
    is capacity that was paid for before; OpenAI's is a rate about twice as high.
    """
    told = [f"{name} {metadata[name]}" for name, terms in _DEARER.items() if metadata.get(name) in terms]
    used = _object(metadata.get("tool_usage"))
    searched = _figure(metadata.get("server_tool_use"), "web_search_requests")
    if searches := searched + _figure(used.get("web_search"), "num_requests"):
        told.append(f"{searches} web searches")
    if drawn := _figure(used.get("image_gen"), "total_tokens"):
        told.append(f"{drawn} tokens of images")
    if sampled := Counter(_samplings(metadata)):
        told += [f"the tokens of {sampled[name]} {what}" for name, what in _UNCOUNTED.items() if sampled[name]]
    tier = metadata.get("service_tier")
    dearer = bool(told) or (tier == "priority" and provider == "openai")
    if tier in _TIERS:
        told.append(f"service_tier {tier}")
    if not told:
        return STANDARD
    return Terms(dearer=dearer, notes=(f"priced at the standard rate, which does not know of {', '.join(told)}",))


def is_of_a_fallback(metadata: Mapping[str, Any]) -> bool:
    """Whether another model than the one that was asked gave the answer, at its own price, since that one declined.

    https://docs.claude.com/en/docs/build-with-claude/refusals-and-fallback
    """
    return _FALLBACK in _samplings(metadata)


def _samplings(metadata: Mapping[str, Any]) -> list[str]:
    """The types of the samplings that one request took, in order."""
    found = metadata.get("iterations")
    if not isinstance(found, list):
        return []
    types = [each.get("type") for each in found if isinstance(each, dict)]
    return [name for name in types if isinstance(name, str)]


def _object(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _figure(counters: object, name: str) -> int:
    """What one of the counters says of a tool that runs at the provider, at a fee of its own."""
    found = _object(counters).get(name)
    return found if isinstance(found, int) and found > 0 else 0
