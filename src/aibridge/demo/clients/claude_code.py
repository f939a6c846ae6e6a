"""Claude Code 2.1.330, as captured."""

from aibridge.demo.clients import messages
from aibridge.demo.clients.client import Asking, Called, History, Seat, pairs
from aibridge.demo.scene import Act, Call, Delegate, Edit, Plan, Read, Round, Run, Scene, Search
from aibridge.demo.script import CallTool, Pair
from aibridge.demo.voice import encode

BETAS = (
    "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,prompt-caching-scope-2026-01-05"
)
SYSTEM = "You are Claude Code, Anthropic's official CLI for Claude. (The demo abridges what follows.)"
REMINDER = "<system-reminder>\nToday's date and the project's CLAUDE.md stand here.\n</system-reminder>"
TOOLS = [
    messages.tool("Agent", "description", "prompt", "subagent_type"),
    messages.tool("Bash", "command", "description"),
    messages.tool("Edit", "file_path", "old_string", "new_string"),
    messages.tool("Grep", "pattern", "path"),
    messages.tool("Read", "file_path"),
    messages.tool("TodoWrite", "todos"),
    messages.tool("Write", "file_path", "content"),
]
TITLE_FORMAT = {
    "type": "json_schema",
    "schema": {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
        "additionalProperties": False,
    },
}


class ClaudeCode:
    """A coding agent in the terminal, with subagents."""

    name = "claude-code"
    models = ("claude-opus-4-5", "claude-sonnet-4-5")
    anthropic = True
    prefix = 17_400
    streams = True

    def open(self, scene: Scene, seat: Seat) -> History:  # noqa: ARG002 - nothing stands before the first prompt
        """Nothing stands before the first prompt: the system prompt has a field of its own."""
        return []

    def prompt(self, history: History, text: str) -> None:
        """Reminders come before the first words."""
        messages.prompt(history, text, before="" if history else REMINDER)

    def took(self, history: History, round_: Round, called: list[Called]) -> None:
        """The model's blocks, and the results of its tools."""
        messages.took(history, round_, called)

    def call(self, act: Act, scene: Scene, id_: str) -> CallTool:  # noqa: PLR0911 - one for each kind of act
        """Its tools have capital letters and absolute paths."""
        match act:
            case Read(path=path):
                return CallTool("Read", {"file_path": str(scene.folder / path)}, id_)
            case Search(pattern=pattern):
                given = {"pattern": pattern, "path": str(scene.folder), "output_mode": "content", "-n": True}
                return CallTool("Grep", given, id_)
            case Run():
                given = {"command": act.command, "description": act.about or f"Run {act.command.split()[0]}"}
                return CallTool("Bash", given, id_)
            case Edit(path=path, old=""):
                return CallTool("Write", {"file_path": str(scene.folder / path), "content": act.new}, id_)
            case Edit(path=path):
                given = {"file_path": str(scene.folder / path), "old_string": act.old, "new_string": act.new}
                return CallTool("Edit", given, id_)
            case Plan():
                todos = [{"content": step, "status": "pending", "activeForm": step} for step in act.steps]
                return CallTool("TodoWrite", {"todos": todos}, id_)
            case Delegate():
                given = {"description": act.about, "prompt": act.task, "subagent_type": "general-purpose"}
                return CallTool("Agent", given, id_)
            case Call():
                return CallTool(act.name, act.arguments, id_)
        raise TypeError(f"no tool is known for {act}")

    def ask(self, history: History, seat: Seat) -> Asking:
        """A streamed request with thinking; a subagent says so in its system prompt too."""
        billing = "x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=cli;"
        mark = " cc_is_subagent=true;" if seat.agent else ""
        system = [
            {"type": "text", "text": billing + mark},
            {"type": "text", "text": SYSTEM, "cache_control": {"type": "ephemeral"}},
        ]
        body = {
            "model": seat.model,
            "messages": history,
            "system": system,
            "tools": TOOLS,
            "metadata": {"user_id": _user_id(seat)},
            "max_tokens": 32000,
            "thinking": {"type": "adaptive"},
            "stream": True,
        }
        return Asking(target="anthropic/v1/messages?beta=true", headers=_headers(seat), body=encode(body))

    def title(self, prompt: str, seat: Seat) -> Asking | None:
        """A small model, no tools, and a schema for the answer."""
        body = {
            "model": "claude-haiku-4-5",
            "messages": [{"role": "user", "content": [{"type": "text", "text": prompt}]}],
            "system": [{"type": "text", "text": "Write a short title for this coding session."}],
            "tools": [],
            "metadata": {"user_id": _user_id(seat)},
            "max_tokens": 32000,
            "output_config": {"format": TITLE_FORMAT},
            "stream": True,
        }
        return Asking(target="anthropic/v1/messages?beta=true", headers=_headers(seat), body=encode(body))


def _user_id(seat: Seat) -> str:
    return encode({"device_id": "d3b0", "account_uuid": "", "session_id": seat.session}).decode()


def _headers(seat: Seat) -> tuple[Pair, ...]:
    return pairs(
        {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "claude-cli/2.1.330 (external, cli)",
            "X-Claude-Code-Session-Id": seat.session,
            "X-Claude-Code-Agent-Id": seat.agent,
            "X-Claude-Code-Parent-Agent-Id": seat.parent,
            "X-Stainless-Arch": "x64",
            "X-Stainless-Lang": "js",
            "X-Stainless-OS": "Linux",
            "X-Stainless-Package-Version": "0.81.0",
            "X-Stainless-Retry-Count": "0",
            "X-Stainless-Runtime": "node",
            "X-Stainless-Runtime-Version": "v24.3.0",
            "X-Stainless-Timeout": "600",
            "anthropic-beta": BETAS,
            "anthropic-dangerous-direct-browser-access": "true",
            "anthropic-version": "2023-06-01",
            "x-app": "cli",
            "Accept-Encoding": "gzip, deflate, br, zstd",
        }
    )
