"""Every dialect there is."""

from collections.abc import Mapping
from types import MappingProxyType

from aibridge.dialects.anthropic_messages import AnthropicMessages
from aibridge.dialects.dialect import Dialect
from aibridge.dialects.openai_chat import OpenAIChat
from aibridge.dialects.openai_responses import OpenAIResponses

ANTHROPIC_MESSAGES: Dialect = AnthropicMessages()
OPENAI_CHAT: Dialect = OpenAIChat()
OPENAI_RESPONSES: Dialect = OpenAIResponses()

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (ANTHROPIC_MESSAGES, OPENAI_CHAT, OPENAI_RESPONSES)}
)
"""By `Dialect.name`."""
