"""What an answer costs beyond the standard rate is not known, but that it does is said."""

from collections.abc import Mapping
from typing import Any

import pytest

from aibridge.pricing import STANDARD, terms_of

BEFORE = "priced at the standard rate, which does not know of "


@pytest.mark.parametrize(
    ("provider", "metadata", "dearer", "told"),
    [
        ("anthropic", {"speed": "fast"}, True, "speed fast"),
        ("anthropic", {"inference_geo": "us", "speed": "standard"}, True, "inference_geo us"),
        ("anthropic", {"server_tool_use": {"web_search_requests": 3}}, True, "3 web searches"),
        ("anthropic", {"service_tier": "batch"}, False, "service_tier batch"),
        ("anthropic", {"service_tier": "priority"}, False, "service_tier priority"),
        ("anthropic", {"service_tier": "batch", "speed": "fast"}, True, "speed fast, service_tier batch"),
        (
            "anthropic",
            {"iterations": [{"type": "compaction"}, {"type": "message"}]},
            True,
            "the tokens of 1 compactions",
        ),
        (
            "anthropic",
            {"iterations": [{"type": "advisor_message"}, {"type": "compaction"}, {"type": "advisor_message"}]},
            True,
            "the tokens of 1 compactions, the tokens of 2 advisor messages",
        ),
        ("openai", {"tool_usage": {"web_search": {"num_requests": 2}}}, True, "2 web searches"),
        ("openai", {"tool_usage": {"image_gen": {"total_tokens": 272}}}, True, "272 tokens of images"),
        ("openai", {"service_tier": "priority"}, True, "service_tier priority"),
        ("openai", {"service_tier": "flex"}, False, "service_tier flex"),
    ],
)
def test_terms_without_a_price_are_named(
    provider: str, metadata: Mapping[str, Any], *, dearer: bool, told: str
) -> None:
    terms = terms_of(provider, metadata)
    assert (terms.dearer, terms.notes) == (dearer, (BEFORE + told,))


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"service_tier": "standard", "speed": "standard", "inference_geo": "not_available"},
        {"service_tier": ["priority"], "speed": {"fast": 1}, "inference_geo": 7},
        {"server_tool_use": {"web_search_requests": 0}},
        {"server_tool_use": {"web_search_requests": "3"}},
        {"server_tool_use": [3]},
        {"tool_usage": {"web_search": {"num_requests": 0}, "image_gen": 7}},
        {"tool_usage": 7},
        {"iterations": [{"type": "message"}, {"type": "message"}]},
        {"iterations": [{"type": ["compaction"]}, "compaction", None]},
        {"iterations": "compaction"},
    ],
)
def test_nothing_is_said_of_the_standard(metadata: Mapping[str, Any]) -> None:
    assert terms_of("openai", metadata) is STANDARD
