"""Codex 0.169.0 with a provider of its own in `config.toml`, as captured."""

from typing import Any

from aibridge.demo.clients.client import Asking, Called, History, Seat, pairs, result
from aibridge.demo.response_items import SEALED
from aibridge.demo.scene import Act, Call, Delegate, Edit, Plan, Read, Round, Run, Scene, Search
from aibridge.demo.script import CallTool
from aibridge.demo.voice import arguments, encode

INSTRUCTIONS = "You are Codex, a coding agent running in the Codex CLI. (The demo abridges what follows.)"


def _function(name: str, *required: str) -> dict[str, Any]:
    properties = {field: {"type": "string"} for field in required}
    parameters = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    return {"type": "function", "name": name, "description": name, "strict": False, "parameters": parameters}


TOOLS = [
    _function("exec_command", "cmd"),
    _function("update_plan", "plan"),
    _function("spawn_agent", "message"),
    {"type": "custom", "name": "apply_patch", "description": "Edit files.", "format": {"type": "text"}},
    {"type": "web_search"},
]


class Codex:
    """A coding agent that does nearly everything in a shell."""

    name = "codex"
    models = ("gpt-5.1-codex", "gpt-5.1")
    anthropic = False
    prefix = 9_800
    streams = True

    def open(self, scene: Scene, seat: Seat) -> History:  # noqa: ARG002 - the environment is the same for subagents
        """The environment stands before the first prompt, as a user message."""
        context = (
            f"<environment_context>\n  <cwd>{scene.folder}</cwd>\n  <shell>bash</shell>\n"
            "  <sandbox_mode>workspace-write</sandbox_mode>\n</environment_context>"
        )
        return [_message("user", "input_text", context)]

    def prompt(self, history: History, text: str) -> None:
        """A user message."""
        history.append(_message("user", "input_text", text))

    def took(self, history: History, round_: Round, called: list[Called]) -> None:
        """The model's items, and one item for each result."""
        if round_.think:
            summary = [{"type": "summary_text", "text": round_.think}]
            history.append({"type": "reasoning", "summary": summary, "content": None, "encrypted_content": SEALED})
        if round_.say:
            history.append(_message("assistant", "output_text", round_.say))
        history.extend(_call(one.call) for one in called)
        for one in called:
            kind = "custom_tool_call_output" if one.call.custom else "function_call_output"
            history.append({"type": kind, "call_id": one.call.id, "output": result(one.act)})

    def call(self, act: Act, scene: Scene, id_: str) -> CallTool:  # noqa: PLR0911 - one for each kind of act
        """A shell command where one will do."""
        match act:
            case Read():
                return _shell(f"sed -n '1,200p' {act.path}", scene, id_)
            case Search():
                return _shell(f"rg -n '{act.pattern}'", scene, id_)
            case Run():
                return _shell(act.command, scene, id_)
            case Edit():
                return CallTool("apply_patch", _patch(act), id_, custom=True)
            case Plan():
                plan = [{"step": step, "status": "pending"} for step in act.steps]
                return CallTool("update_plan", {"plan": plan}, id_)
            case Delegate():
                return CallTool("spawn_agent", {"message": act.task, "agent_type": "worker"}, id_)
            case Call():
                return CallTool(act.name, act.arguments, id_)
        raise TypeError(f"no tool is known for {act}")

    def ask(self, history: History, seat: Seat) -> Asking:
        """A streamed request that stores nothing at the provider."""
        body = {
            "model": seat.model,
            "instructions": INSTRUCTIONS,
            "input": history,
            "tools": TOOLS,
            "tool_choice": "auto",
            "parallel_tool_calls": True,
            "reasoning": {"effort": "medium", "summary": "auto"},
            "store": False,
            "stream": True,
            "include": ["reasoning.encrypted_content"],
            "prompt_cache_key": seat.session,
        }
        headers = {
            "originator": "codex_cli_rs",
            "user-agent": "codex_cli_rs/0.169.0 (Debian 13.0.0; x86_64) xterm-256color",
            "session-id": seat.session,
            "thread-id": seat.agent or seat.session,
            "x-codex-parent-thread-id": seat.session if seat.agent else "",
            "x-openai-subagent": "collab_spawn" if seat.agent else "",
            "accept": "text/event-stream",
            "content-type": "application/json",
        }
        return Asking(target="openai/v1/responses", headers=pairs(headers), body=encode(body))

    def title(self, prompt: str, seat: Seat) -> Asking | None:  # noqa: ARG002 - it makes no titles
        """It makes no titles."""
        return None


def _message(role: str, kind: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def _call(call: CallTool) -> dict[str, Any]:
    if call.custom:
        return {"type": "custom_tool_call", "call_id": call.id, "name": call.name, "input": arguments(call)}
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments(call)}


def _shell(command: str, scene: Scene, id_: str) -> CallTool:
    return CallTool("exec_command", {"cmd": command, "workdir": str(scene.folder)}, id_)


def _patch(edit: Edit) -> str:
    if not edit.old:
        added = "\n".join("+" + line for line in edit.new.splitlines())
        return f"*** Begin Patch\n*** Add File: {edit.path}\n{added}\n*** End Patch"
    lines = ["-" + line for line in edit.old.splitlines()] + ["+" + line for line in edit.new.splitlines()]
    return f"*** Begin Patch\n*** Update File: {edit.path}\n@@\n" + "\n".join(lines) + "\n*** End Patch"
