"""Programs on the Python SDKs: plain answers, no session."""

from aibridge.demo.clients import chat, messages
from aibridge.demo.clients.client import Asking, Called, History, Seat, pairs
from aibridge.demo.scene import Act, Call, Round, Scene
from aibridge.demo.script import CallTool, Pair
from aibridge.demo.voice import encode

FUNCTIONS = {"find_shipment": ("ticket",), "customer_history": ("ticket",), "git_log": ("repo", "since")}
"""What the programs of Halden Freight offer to the model."""


class PythonSdk:
    """What both SDKs share."""

    prefix = 140
    streams = False

    def open(self, scene: Scene, seat: Seat) -> History:  # noqa: ARG002 - a fresh list
        """Nothing stands before the prompt."""
        return []

    def call(self, act: Act, scene: Scene, id_: str) -> CallTool:  # noqa: ARG002 - the same everywhere
        """The program's own functions; it has no others."""
        if not isinstance(act, Call):
            raise TypeError(f"a program has no tool for {act}")
        return CallTool(act.name, act.arguments, id_)

    def title(self, prompt: str, seat: Seat) -> Asking | None:  # noqa: ARG002 - it makes no titles
        """It makes no titles."""
        return None


class OpenAIPython(PythonSdk):
    """The OpenAI SDK, Chat Completions."""

    name = "openai-python"
    models = ("gpt-5-mini", "gpt-4.1-mini")
    anthropic = False

    def prompt(self, history: History, text: str) -> None:
        """A message with a plain string."""
        history.append({"role": "user", "content": text})

    def took(self, history: History, round_: Round, called: list[Called]) -> None:
        """The model's message, and one message for each result."""
        chat.took(history, round_, called)

    def ask(self, history: History, seat: Seat) -> Asking:
        """A plain request."""
        tools = [chat.tool(name, *fields) for name, fields in FUNCTIONS.items()]
        body = {"model": seat.model, "messages": history, "tools": tools}
        headers = _headers("OpenAI/Python 2.14.0", "2.14.0")
        return Asking(target="openai/v1/chat/completions", headers=headers, body=encode(body))


class AnthropicPython(PythonSdk):
    """The Anthropic SDK, Messages."""

    name = "anthropic-python"
    models = ("claude-haiku-4-5",)
    anthropic = True

    def prompt(self, history: History, text: str) -> None:
        """A message with a plain string."""
        history.append({"role": "user", "content": text})

    def took(self, history: History, round_: Round, called: list[Called]) -> None:
        """The model's blocks, and the results of its tools."""
        messages.took(history, round_, called)

    def ask(self, history: History, seat: Seat) -> Asking:
        """A plain request."""
        tools = [messages.tool(name, *fields) for name, fields in FUNCTIONS.items()]
        body = {"model": seat.model, "max_tokens": 1024, "messages": history, "tools": tools}
        headers = (*_headers("Anthropic/Python 0.75.0", "0.75.0"), (b"anthropic-version", b"2023-06-01"))
        return Asking(target="anthropic/v1/messages", headers=headers, body=encode(body))


def _headers(user_agent: str, version: str) -> tuple[Pair, ...]:
    return pairs(
        {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": user_agent,
            "X-Stainless-Lang": "python",
            "X-Stainless-Package-Version": version,
            "X-Stainless-OS": "Linux",
            "X-Stainless-Arch": "x64",
            "X-Stainless-Runtime": "CPython",
            "X-Stainless-Runtime-Version": "3.13.7",
            "X-Stainless-Async": "false",
            "x-stainless-retry-count": "0",
        }
    )
