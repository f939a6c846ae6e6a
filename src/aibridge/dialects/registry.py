"""Every dialect there is."""

from aibridge.dialects.anthropic_messages import AnthropicMessages
from aibridge.dialects.dialect import Dialect
from aibridge.dialects.openai_chat import OpenAIChat
from aibridge.dialects.openai_responses import OpenAIResponses

ANTHROPIC_MESSAGES: Dialect = AnthropicMessages()
OPENAI_CHAT: Dialect = OpenAIChat()
OPENAI_RESPONSES: Dialect = OpenAIResponses()
