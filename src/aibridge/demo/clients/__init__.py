"""The clients of the demo: each sends what the real one was seen to send (headers, session ids, side requests)."""

from aibridge.demo.clients.claude_code import ClaudeCode
from aibridge.demo.clients.client import Client
from aibridge.demo.clients.codex import Codex
from aibridge.demo.clients.opencode import OpenCode
from aibridge.demo.clients.python_sdks import AnthropicPython, OpenAIPython

CLIENTS: dict[str, Client] = {
    client.name: client for client in (ClaudeCode(), Codex(), OpenCode(), OpenAIPython(), AnthropicPython())
}
