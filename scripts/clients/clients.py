"""How each client is started, and what it cannot do whatever stands before it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Start:
    """One process of a client: where it is to go, as whom, with what."""

    root: Path
    """Where `install.sh` put the clients."""
    url: str
    """What a person would set: without `/v1` for Anthropic, with it for OpenAI."""
    key: str
    headers: dict[str, str]
    """To be sent with every request."""
    model: str
    prompt: str
    home: Path
    again: bool
    """Go on with the last session."""

    def npm(self, folder: str, program: str = "") -> str:
        """A program that npm installed."""
        return str(self.root / "npm" / folder / "node_modules/.bin" / (program or folder))


Command = tuple[list[str], dict[str, str]]
"""Arguments, and what is added to the environment."""


@dataclass(frozen=True)
class Client:
    """A program, pointed at a gateway in one way."""

    name: str
    provider: str
    model: str
    start: Callable[[Start], Command]
    shown_as: str
    """What the record calls it."""
    sessions: bool = True
    """It says which session a request belongs to."""
    sends_headers: bool = True
    """It can be told to send a header of ours, as BYOK needs."""
    cannot: dict[str, str] = field(default_factory=dict)
    """Errand → why it fails without a gateway too."""


def _claude(start: Start, variable: str) -> Command:
    resume = ["--continue"] if start.again else []
    options = ["--output-format", "json", "--dangerously-skip-permissions", *resume, "-p", start.prompt]
    environ = {
        "ANTHROPIC_BASE_URL": start.url,
        variable: start.key,
        "ANTHROPIC_MODEL": start.model,
        "ANTHROPIC_CUSTOM_HEADERS": "\n".join(f"{name}: {value}" for name, value in start.headers.items()),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "IS_SANDBOX": "1",
    }
    return [start.npm("claude"), *options], environ


def _codex(start: Start) -> Command:
    headers = ", ".join(f'"{name}" = "{value}"' for name, value in start.headers.items())
    configured = f"""\
model = "{start.model}"
model_provider = "gateway"
[model_providers.gateway]
name = "gateway"
base_url = "{start.url}"
env_key = "GATEWAY_KEY"
wire_api = "responses"
http_headers = {{ {headers} }}
"""
    return _codex_with(start, configured, {"GATEWAY_KEY": start.key})


def _codex_builtin(start: Start) -> Command:
    configured = f'model = "{start.model}"\nopenai_base_url = "{start.url}"\n'
    return _codex_with(start, configured, {"CODEX_API_KEY": start.key})


def _codex_with(start: Start, configured: str, environ: dict[str, str]) -> Command:
    file = start.home / ".codex" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(configured)
    resume = ["resume", "--last"] if start.again else []
    options = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", start.prompt]
    return [start.npm("codex"), "exec", *resume, *options], environ


def _opencode(start: Start, provider: str, package: str = "") -> Command:
    url = start.url + ("/v1" if provider == "anthropic" else "")  # the AI SDK wants it for Anthropic too
    entry: dict[str, object] = {"options": {"baseURL": url, "apiKey": start.key, "headers": start.headers}}
    if package:
        models = {start.model: {"name": start.model, "tool_call": True}}
        entry |= {"npm": package, "name": "gateway", "models": models}
    configured = {
        "model": f"{provider}/{start.model}",
        "autoupdate": False,
        "share": "disabled",
        "provider": {provider: entry},
        "permission": {"bash": "allow", "edit": "allow", "task": "allow"},
    }
    environ = {
        "OPENCODE_CONFIG_CONTENT": json.dumps(configured),
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    }
    resume = ["--continue"] if start.again else []
    return [start.npm("opencode"), "run", *resume, "--auto", start.prompt], environ


def _sdk(name: str) -> Callable[[Start], Command]:
    def command(start: Start) -> Command:
        environ = {
            "BASE_URL": start.url,
            "API_KEY": start.key,
            "MODEL": start.model,
            "HEADERS": json.dumps(start.headers),
            "AGAIN": "1" if start.again else "",
        }
        return [str(start.root / "py/sdk/bin/python"), "-B", str(HERE / "sdk.py"), name, start.prompt], environ

    return command


_NO_SUBAGENTS = {"subagent": "has no subagents"}
_SDK_CANNOT = {**_NO_SUBAGENTS, "resume": "keeps no session"}
_SDK_STREAM_CANNOT = {
    **_SDK_CANNOT,
    **dict.fromkeys(("midstream_error", "drop"), "does not try again once a stream has begun"),
}


def _openai_sdk(name: str, model: str, cannot: dict[str, str]) -> Client:
    return Client(name, "openai", model, _sdk(name), "Unknown", sessions=False, cannot=cannot)


_ALL = (
    Client(
        "claude",
        "anthropic",
        "claude-opus-5-5",  # its newest models get messages of the role `system`
        lambda start: _claude(start, "ANTHROPIC_AUTH_TOKEN"),
        "Claude Code",
    ),
    Client(
        "claude-apikey",
        "anthropic",
        "claude-sonnet-4-5",
        lambda start: _claude(start, "ANTHROPIC_API_KEY"),
        "Claude Code",
    ),
    Client("claude-agent-sdk", "anthropic", "claude-sonnet-4-5", _sdk("claude-agent-sdk"), "Claude Code"),
    Client("codex", "openai", "gpt-6.1-sol", _codex, "Codex"),  # tools inside `input`, and JavaScript
    Client(
        "codex-classic",
        "openai",
        "gpt-5.5",
        _codex,
        "Codex",
        cannot={"subagent": "has no subagents with this model"},
    ),
    Client("codex-builtin", "openai", "gpt-6.1-sol", _codex_builtin, "Codex", sends_headers=False),
    Client(
        "opencode",
        "anthropic",
        "claude-sonnet-4-5",
        lambda start: _opencode(start, "anthropic"),
        "OpenCode",
    ),
    Client(
        "opencode-responses",
        "openai",
        "gpt-5",
        lambda start: _opencode(start, "openai"),
        "OpenCode",
    ),
    Client(
        "opencode-chat",
        "openai",
        "gpt-4.1",
        lambda start: _opencode(start, "gateway", "@ai-sdk/openai-compatible"),
        "OpenCode",
    ),
    Client(
        "sdk-anthropic",
        "anthropic",
        "claude-sonnet-4-5",
        _sdk("sdk-anthropic"),
        "Unknown",
        sessions=False,
        cannot=_SDK_STREAM_CANNOT,
    ),
    Client(
        "sdk-anthropic-plain",
        "anthropic",
        "claude-sonnet-4-5",
        _sdk("sdk-anthropic-plain"),
        "Unknown",
        sessions=False,
        cannot=_SDK_CANNOT,
    ),
    _openai_sdk("sdk-chat", "gpt-4.1", _SDK_STREAM_CANNOT),
    _openai_sdk("sdk-chat-plain", "gpt-4.1", _SDK_CANNOT),
    _openai_sdk("sdk-responses", "gpt-5", _SDK_STREAM_CANNOT),
    _openai_sdk("sdk-responses-plain", "gpt-5", _SDK_CANNOT),
)
CLIENTS = {client.name: client for client in _ALL}


def environment(home: Path, root: Path, proxy: str) -> dict[str, str]:
    """What every client gets: a home of its own, and no way out but loopback."""
    return {
        "HOME": str(home),
        "PATH": f"{root / 'npm/node22/node_modules/.bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "TMPDIR": str(home),
        **dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), proxy),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
    }
