"""What an answer says of its own terms that no list has a price for."""

from collections.abc import Mapping
from typing import Any

import msgspec

_DEARER = {"speed": ("fast",), "inference_geo": ("us",)}
_TIERS = ("priority", "batch", "flex")


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
    if searches := _searches(metadata.get("server_tool_use")):
        told.append(f"{searches} web searches")
    tier = metadata.get("service_tier")
    dearer = bool(told) or (tier == "priority" and provider == "openai")
    if tier in _TIERS:
        told.append(f"service_tier {tier}")
    if not told:
        return STANDARD
    return Terms(dearer=dearer, notes=(f"priced at the standard rate, which does not know of {', '.join(told)}",))


def _searches(used: object) -> int:
    """How many web searches the provider made, each at a fee of its own."""
    found = used.get("web_search_requests") if isinstance(used, dict) else None
    return found if isinstance(found, int) and found > 0 else 0
