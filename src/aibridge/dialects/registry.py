"""Every dialect there is."""

from aibridge.dialects.anthropic_messages import AnthropicMessages
from aibridge.dialects.dialect import Dialect
from aibridge.dialects.openai_chat import OpenAIChat
from aibridge.dialects.openai_responses import OpenAIResponses

ANTHROPIC_MESSAGES: Dialect = AnthropicMessages()
OPENAI_CHAT: Dialect = OpenAIChat()
OPENAI_RESPONSES: Dialect = OpenAIResponses()
OPENAI_COMPACTION: Dialect = OpenAIResponses(compacts=True)
"""`/responses/compact`: the same, but the conversation that it takes goes on in another request."""
