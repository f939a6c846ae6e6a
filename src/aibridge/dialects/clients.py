"""Who is calling: which client, in which session, as which agent.

All of it is declared by the client and proves nothing. A client that is not known is an ordinary one.
"""

import json
from functools import lru_cache
from typing import Any, NamedTuple

from aibridge.dialects.dialect import Headers

UNKNOWN = "Unknown"
CLAUDE_CODE, CODEX, OPENCODE, KILO = "Claude Code", "Codex", "OpenCode", "Kilo Code"
ZED, ROO, CURSOR = "Zed", "Roo Code", "Cursor"
COPILOT_VSCODE, COPILOT_CLI = "GitHub Copilot (VS Code)", "GitHub Copilot (CLI)"
MUX, CODER_AGENTS = "Mux", "Coder Agents"

MAX_DECLARED = 512
"""Characters kept of any other declared value."""

_USER_AGENTS = (
    ("mux/", MUX),
    ("claude", CLAUDE_CODE),
    ("codex", CODEX),
    ("zed/", ZED),
    ("githubcopilotchat/", COPILOT_VSCODE),
    ("copilot/", COPILOT_CLI),
    ("kilo-code/", KILO),
    ("roo-code/", ROO),
    ("coder-agents/", CODER_AGENTS),
    ("charm crush/", "Charm Crush"),
    ("opencode/", OPENCODE),
    ("qwencode/", "Qwen Code"),
    ("factory-cli/", "Factory Droid"),
    ("litellm/", "LiteLLM"),
)
"""Lower-case beginnings of the User-Agent; the first that fits counts."""
_ORIGINATORS = {"kilo-code": KILO, "roo-code": ROO}

_SESSION_HEADERS: dict[str, tuple[bytes, ...]] = {
    CLAUDE_CODE: (b"x-claude-code-session-id",),
    CODEX: (b"session-id", b"session_id"),
    OPENCODE: (b"x-session-id", b"x-session-affinity"),
    KILO: (b"x-session-id", b"x-session-affinity", b"x-kilocode-taskid"),
    COPILOT_VSCODE: (b"x-interaction-id",),
    COPILOT_CLI: (b"x-client-session-id",),
    MUX: (b"x-mux-workspace-id",),
    CODER_AGENTS: (b"x-coder-chat-id",),
    ZED: (),
    ROO: (),
    CURSOR: (),
}
_DECLARED = (b"x-initiator", b"x-openai-subagent")
"""Headers kept in the metadata under their own names: who speaks, and as which subagent."""

TITLING = frozenset((OPENCODE, KILO))
OPENCODE_TITLE_PROMPT = "You are a title generator."
"""How OpenCode's system prompt for titles begins; Kilo Code shares it.
https://github.com/sst/opencode/blob/dev/packages/opencode/src/agent/prompt/title.txt"""


class Caller(NamedTuple):
    """What the headers declare."""

    client: str
    session_id: str | None
    agent_id: str | None
    parent_agent_id: str | None
    metadata: dict[str, Any]


def identify(headers: Headers) -> Caller:
    """Read the caller from the headers of a request."""
    client, version = _client(headers)
    session_id = _first(headers, _SESSION_HEADERS.get(client, ()))
    agent_id, parent_agent_id = _agents(client, session_id, headers)
    metadata: dict[str, Any] = {}
    if user_agent := _text(headers, b"user-agent"):
        metadata["request_user_agent"] = user_agent[:MAX_DECLARED]
    if version:
        metadata["client_version"] = version[:MAX_DECLARED]
    for name in _DECLARED:
        if declared := _text(headers, name):
            metadata[name.decode()] = declared[:MAX_DECLARED]
    return Caller(client, session_id and trimmed_id(session_id), agent_id, parent_agent_id, metadata)


def trimmed_id(declared: str) -> str | None:
    """An id as its client declared it, without the blanks around it; None when there is nothing else."""
    return declared.strip() or None


def session_of_claude_user_id(user_id: str) -> str | None:
    """Claude Code's `metadata.user_id`: JSON text with `session_id`, formerly `user_…_account_…_session_<id>`."""
    if not user_id.lstrip().startswith("{"):
        return trimmed_id(user_id.partition("_session_")[2])
    try:
        found = json.loads(user_id)
    except (ValueError, RecursionError):
        return trimmed_id(user_id.partition("_session_")[2])
    session_id = found.get("session_id") if isinstance(found, dict) else None
    return trimmed_id(session_id) if isinstance(session_id, str) else None


def session_of_responses_client(client: str, headers: Headers, prompt_cache_key: str) -> str | None:
    """Responses clients without a header of their own (pi and the like) send `session_id` or `prompt_cache_key`."""
    if client in _SESSION_HEADERS:
        return None
    return trimmed_id(_text(headers, b"session_id") or prompt_cache_key)


def titles(client: str, system: str) -> bool:
    """Whether this system prompt makes OpenCode or Kilo Code ask for a title."""
    return client in TITLING and system.lstrip().startswith(OPENCODE_TITLE_PROMPT)


def _client(headers: Headers) -> tuple[str, str]:
    client, version = _named(_text(headers, b"user-agent")[:MAX_DECLARED], _text(headers, b"originator")[:MAX_DECLARED])
    if client == UNKNOWN and b"x-cursor-client-version" in headers:
        return CURSOR, _text(headers, b"x-cursor-client-version")
    return client, version


@lru_cache(maxsize=1024)
def _named(user_agent: str, originator: str) -> tuple[str, str]:
    """Client and version by what it calls itself; remembered, since a deployment sees few different clients."""
    lowered = user_agent.lower()
    originated = _ORIGINATORS.get(originator.lower())
    for beginning, client in _USER_AGENTS:
        if lowered.startswith(beginning):
            return client, _version(user_agent)
        if client == originated:
            return client, ""
    return UNKNOWN, ""


def _version(user_agent: str) -> str:
    """What follows the first slash: `claude-cli/2.1.330 (external, cli)` is 2.1.330."""
    words = user_agent.partition("/")[2].split(maxsplit=1)
    return words[0] if words else ""


def _agents(client: str, session_id: str | None, headers: Headers) -> tuple[str | None, str | None]:
    if client == CLAUDE_CODE:
        names = (b"x-claude-code-agent-id", b"x-claude-code-parent-agent-id")
    elif client == CODEX:
        names = (b"thread-id", b"x-codex-parent-thread-id")
    elif client in (OPENCODE, KILO):
        parent = _first(headers, (b"x-parent-session-id",))
        return (session_id if parent else None), parent
    else:
        return None, None
    return _first(headers, names[:1]), _first(headers, names[1:])


def _first(headers: Headers, names: tuple[bytes, ...]) -> str | None:
    for name in names:
        if name in headers and (found := trimmed_id(_text(headers, name))):
            return found
    return None


def _text(headers: Headers, name: bytes) -> str:
    raw = headers.get(name)
    return raw.decode("utf-8", "replace").strip() if raw else ""
