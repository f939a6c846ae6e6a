"""What each client is told, with the deployment's key for the provider or with a person's own."""

import json
from collections.abc import Callable, Mapping

import msgspec

TOKEN = "<your key>"  # noqa: S105 - what a person puts their key in place of
ROOT = "/api/v2/aibridge"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the clients find this deployment, and with what."""

    access_url: str
    token: str
    """The key to show; `TOKEN` unless one was just made."""
    own_key: bool
    """People use their own key or subscription at the provider."""

    def provider(self, path: str) -> str:
        """The address of a provider."""
        return f"{self.access_url}{ROOT}/{path}"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do."""

    title: str
    where: str
    """A file, or what is to be done in words."""
    text: str
    """What is copied."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client that can be connected."""

    name: str
    icon: str
    steps: Callable[[Place], tuple[Step, Step]]
    """What is set, and how it is started."""


def _claude_code(place: Place) -> tuple[Step, Step]:
    base = f"export ANTHROPIC_BASE_URL={place.provider('anthropic')}"
    if place.own_key:
        text = f'{base}\nexport ANTHROPIC_CUSTOM_HEADERS="X-AIBridge-Token: {place.token}"'
    else:
        text = f"{base}\nexport ANTHROPIC_AUTH_TOKEN={place.token}"
    return (
        Step(title="Environment variables", where="Add them to ~/.zshrc or ~/.bashrc, or run them first.", text=text),
        Step(title="Start Claude Code", where=_SEND, text="claude"),
    )


def _codex(place: Place) -> tuple[Step, Step]:
    lines = [
        'model_provider = "aibridge"',
        "",
        "[model_providers.aibridge]",
        'name = "aibridge"',
        f'base_url = "{place.provider("openai/v1")}"',
        f'env_key = "{"OPENAI_API_KEY" if place.own_key else "GATEWAY_TOKEN"}"',
        'wire_api = "responses"',
    ]
    if place.own_key:
        lines.append('env_http_headers = { "X-AIBridge-Token" = "GATEWAY_TOKEN" }')
    return (
        Step(title="Configuration file", where="Add this to ~/.codex/config.toml.", text="\n".join(lines)),
        Step(title="Start Codex", where=_SEND, text=f"export GATEWAY_TOKEN={place.token}\ncodex"),
    )


def _opencode(place: Place) -> tuple[Step, Step]:
    token = "{env:GATEWAY_TOKEN}"  # noqa: S105 - OpenCode's way to name a variable
    secret = {"headers": {"X-AIBridge-Token": token}} if place.own_key else {"apiKey": token}
    options = {
        name: {"options": {"baseURL": place.provider(f"{name}/v1"), **secret}} for name in ("anthropic", "openai")
    }
    return (
        Step(
            title="Configuration file",
            where="Add this to ~/.config/opencode/opencode.json.",
            text=json.dumps({"provider": options}, indent=2),
        ),
        Step(title="Start OpenCode", where=_SEND, text=f"export GATEWAY_TOKEN={place.token}\nopencode"),
    )


def _python(place: Place) -> tuple[Step, Step]:
    if place.own_key:
        header = f'default_headers={{"X-AIBridge-Token": "{place.token}"}}'
        secrets = f'api_key="<your provider key>", {header}', f'api_key="<your provider key>", {header}'
    else:
        secrets = f'auth_token="{place.token}"', f'api_key="{place.token}"'
    text = (
        "from anthropic import Anthropic\nfrom openai import OpenAI\n\n"
        f'anthropic = Anthropic(base_url="{place.provider("anthropic")}", {secrets[0]})\n'
        f'openai = OpenAI(base_url="{place.provider("openai/v1")}", {secrets[1]})'
    )
    return (
        Step(title="Make the client", where="The SDKs of other languages take the same address and key.", text=text),
        Step(title="Install and run", where=_SEND, text="pip install anthropic openai"),
    )


def _curl(place: Place) -> tuple[Step, Step]:
    body = '{"model": "claude-haiku-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Hello"}]}'
    secret = (
        '-H "X-AIBridge-Token: $GATEWAY_TOKEN" \\\n  -H "X-Api-Key: $ANTHROPIC_API_KEY"'
        if place.own_key
        else '-H "Authorization: Bearer $GATEWAY_TOKEN"'
    )
    text = (
        f"curl {place.provider('anthropic/v1/messages')} \\\n  {secret} \\\n"
        f"  -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' \\\n  -d '{body}'"
    )
    return (
        Step(title="Set the key", where="In the shell that asks.", text=f"export GATEWAY_TOKEN={place.token}"),
        Step(title="Send a request", where="It appears here within a second.", text=text),
    )


_SEND = "Send any prompt. The first request appears here within a second."

CLIENTS: Mapping[str, Client] = {
    "claude-code": Client(name="Claude Code", icon="terminal", steps=_claude_code),
    "codex": Client(name="Codex", icon="terminal", steps=_codex),
    "opencode": Client(name="OpenCode", icon="terminal", steps=_opencode),
    "sdk": Client(name="Python SDKs", icon="code", steps=_python),
    "curl": Client(name="cURL", icon="globe", steps=_curl),
}
"""By their name in links, in the order of the page."""
