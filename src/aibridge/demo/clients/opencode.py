"""OpenCode 1.18.33 with a provider that speaks Chat Completions, as captured."""

from aibridge.demo.clients import chat
from aibridge.demo.clients.client import Asking, Called, History, Seat, pairs
from aibridge.demo.scene import Act, Call, Delegate, Edit, Plan, Read, Round, Run, Scene, Search
from aibridge.demo.script import CallTool, Pair
from aibridge.demo.voice import encode

SYSTEM = "You are opencode, an interactive CLI tool that helps users with software engineering tasks. (Abridged.)"
TITLES = "You are a title generator. You output ONLY a thread title. Nothing else. (Abridged.)"
TOOLS = [
    chat.tool("bash", "command", "description"),
    chat.tool("edit", "filePath", "oldString", "newString"),
    chat.tool("grep", "pattern"),
    chat.tool("read", "filePath"),
    chat.tool("task", "description", "prompt", "subagent_type"),
    chat.tool("todowrite", "todos"),
    chat.tool("write", "filePath", "content"),
]


class OpenCode:
    """A coding agent whose subagents are sessions of their own."""

    name = "opencode"
    models = ("gpt-4.1", "qwen3-coder-480b")
    anthropic = False
    prefix = 8_300
    streams = True

    def open(self, scene: Scene, seat: Seat) -> History:  # noqa: ARG002 - the same everywhere
        """The system prompt."""
        return [{"role": "system", "content": SYSTEM}]

    def prompt(self, history: History, text: str) -> None:
        """A user message."""
        history.append({"role": "user", "content": text})

    def took(self, history: History, round_: Round, called: list[Called]) -> None:
        """The model's message, and one message for each result."""
        chat.took(history, round_, called)

    def call(self, act: Act, scene: Scene, id_: str) -> CallTool:  # noqa: PLR0911 - one for each kind of act
        """Its tools have small letters and absolute paths."""
        match act:
            case Read(path=path):
                return CallTool("read", {"filePath": str(scene.folder / path)}, id_)
            case Search(pattern=pattern):
                return CallTool("grep", {"pattern": pattern, "path": str(scene.folder)}, id_)
            case Run():
                given = {"command": act.command, "description": act.about or f"Runs {act.command.split()[0]}"}
                return CallTool("bash", given, id_)
            case Edit(path=path, old=""):
                return CallTool("write", {"filePath": str(scene.folder / path), "content": act.new}, id_)
            case Edit(path=path):
                given = {"filePath": str(scene.folder / path), "oldString": act.old, "newString": act.new}
                return CallTool("edit", given, id_)
            case Plan():
                todos = [{"content": step, "status": "pending", "priority": "medium"} for step in act.steps]
                return CallTool("todowrite", {"todos": todos}, id_)
            case Delegate():
                given = {"description": act.about, "prompt": act.task, "subagent_type": "general"}
                return CallTool("task", given, id_)
            case Call():
                return CallTool(act.name, act.arguments, id_)
        raise TypeError(f"no tool is known for {act}")

    def ask(self, history: History, seat: Seat) -> Asking:
        """A streamed request that asks for its usage."""
        body = {
            "model": seat.model,
            "messages": history,
            "tools": TOOLS,
            "tool_choice": "auto",
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return Asking(target="openai/v1/chat/completions", headers=_headers(seat), body=encode(body))

    def title(self, prompt: str, seat: Seat) -> Asking | None:
        """A small model, no tools, a system prompt of its own."""
        asked = [
            {"role": "system", "content": TITLES},
            {"role": "user", "content": "Generate a title for this conversation:"},
            {"role": "user", "content": prompt},
        ]
        body = {
            "model": "gpt-5-nano",
            "messages": asked,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return Asking(target="openai/v1/chat/completions", headers=_headers(seat), body=encode(body))


def _headers(seat: Seat) -> tuple[Pair, ...]:
    return pairs(
        {
            "Content-Type": "application/json",
            "User-Agent": "opencode/1.18.33 ai-sdk/provider-utils/4.0.1 runtime/bun/1.3.5",
            "x-session-id": seat.agent or seat.session,
            "x-parent-session-id": seat.session if seat.agent else "",
        }
    )
