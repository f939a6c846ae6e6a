"""What there is to choose from: provider instances, models, tools, clients, and how often each is chosen."""

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from aibridge.demo.seeding.chance import Choice
from aibridge.records import CredentialKind, CredentialType, ErrorType, Outcome, ProviderType, ThoughtSource

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
"""Microseconds."""


class Instance(msgspec.Struct, frozen=True):
    """A configured provider."""

    name: str
    type: ProviderType


ANTHROPIC = Instance("anthropic", ProviderType.ANTHROPIC)
ANTHROPIC_EU = Instance("anthropic-eu", ProviderType.ANTHROPIC)
OPENAI = Instance("openai", ProviderType.OPENAI)
OPENAI_AZURE = Instance("azure-openai", ProviderType.OPENAI)
COPILOT = Instance("copilot", ProviderType.COPILOT)
COPILOT_BUSINESS = Instance("copilot-business", ProviderType.COPILOT)


class Model(msgspec.Struct, frozen=True):
    """A model as clients name it, and when it was in use."""

    name: str
    weight: float
    retired: int = 0
    """Days before the end of the record; 0: still in use."""
    launched: int = 10_000
    """Days before the end of the record."""


CLAUDE = (
    Model("claude-sonnet-4-5-20250929", 100),
    Model("claude-opus-4-5-20251101", 62, launched=34),
    Model("claude-haiku-4-5-20251001", 24),
    Model("claude-opus-4-1-20250805", 30, retired=31),
    Model("claude-sonnet-4-20250514", 18, retired=19),
    Model("claude-3-7-sonnet-20250219", 3, retired=38),
    Model("claude-3-5-haiku-20241022", 2, retired=26),
)
GPT = (
    Model("gpt-5.1-codex", 70, launched=27),
    Model("gpt-5-codex", 60, retired=24),
    Model("gpt-5.1-codex-max", 22, launched=12),
    Model("gpt-5.1-codex-mini", 12, launched=27),
    Model("gpt-5", 14),
    Model("codex-mini-latest", 2, retired=40),
)
GPT_API = (
    Model("gpt-5-mini", 40),
    Model("gpt-4.1-mini", 30),
    Model("gpt-5-nano", 14),
    Model("gpt-4.1", 12),
    Model("gpt-4o-mini", 7),
    Model("gpt-4o-2024-08-06", 4, retired=29),
    Model("o4-mini", 2.5),
    Model("o3", 1, retired=33),
)
COPILOTS = (
    Model("claude-sonnet-4.5", 45),
    Model("gpt-4.1", 25),
    Model("gpt-5-mini", 14),
    Model("gemini-2.5-pro", 8),
    Model("grok-code-fast-1", 5),
    Model("claude-opus-4.5", 3, launched=20),
    Model("o3-mini", 0.2, retired=45),
)
SMALL: Mapping[ProviderType, str] = {
    ProviderType.ANTHROPIC: "claude-haiku-4-5-20251001",
    ProviderType.OPENAI: "gpt-5-nano",
    ProviderType.COPILOT: "gpt-5-mini",
}
"""What clients take for their own chores."""


@lru_cache(maxsize=1024)
def models_of(pool: tuple[Model, ...], days_ago: int) -> Choice[str]:
    """The models of a pool that were in use on that day."""
    living = [model for model in pool if model.retired <= days_ago < model.launched]
    return Choice([model.name for model in living], [model.weight for model in living])


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """A client, and how it works."""

    client: str
    instances: Choice[Instance]
    endpoint: str
    models: tuple[Model, ...]
    small: str | None = None
    """What it takes for chores and subagents; None: the small one of its provider's type."""
    tools: Choice[str]
    thoughts: ThoughtSource | None = None
    declares_session: bool = True
    version: str = ""
    delegates: float = 0.0
    """Chance of a round to start a subagent in the same session, by `SUBAGENT_TOOL`."""
    chores: float = 0.0
    """Chance of a session to begin with a side request."""
    rounds: float = 9.0
    """Rounds until the model has done what was asked, on average."""
    metadata: str = "{}"
    """Metadata of its interceptions."""


SUBAGENT_TOOL = "Task"
CLAUDE_TOOLS = Choice.of(
    *(("Bash", 34.0), ("Read", 27.0), ("Edit", 16.0), ("Grep", 9.0), ("Glob", 4.0), ("TodoWrite", 5.0), ("Write", 3.0)),
    *(("WebFetch", 0.6), ("WebSearch", 0.4), ("MultiEdit", 0.3), ("NotebookEdit", 0.01)),
    *(("mcp__linear__get_issue", 0.2), ("mcp__postgres__query", 0.15), ("mcp__playwright__browser_click", 0.03)),
)
CODEX_TOOLS = Choice.of(
    ("shell", 62.0), ("apply_patch", 22.0), ("update_plan", 8.0), ("exec_command", 6.0), ("view_image", 0.2)
)
OPENCODE_TOOLS = Choice.of(
    *(("bash", 30.0), ("read", 30.0), ("edit", 18.0), ("grep", 10.0), ("glob", 5.0), ("todowrite", 4.0)),
    *(("write", 3.0), ("webfetch", 0.5), ("lsp_diagnostics", 0.05)),
)
COPILOT_TOOLS = Choice.of(
    *(("read_file", 34.0), ("replace_string_in_file", 20.0), ("run_in_terminal", 16.0), ("grep_search", 12.0)),
    *(("semantic_search", 7.0), ("list_dir", 5.0), ("create_file", 3.0), ("get_errors", 3.0)),
)
PROGRAM_TOOLS = Choice.of(
    *(("search_documents", 40.0), ("lookup_order", 25.0), ("create_ticket", 10.0), ("send_reply", 8.0)),
    *(("classify", 6.0), ("refund_payment", 0.02)),
)

CLAUDE_CODE = Habit(
    client="Claude Code",
    instances=Choice.of((ANTHROPIC, 85), (ANTHROPIC_EU, 15)),
    endpoint="/v1/messages",
    models=CLAUDE,
    tools=CLAUDE_TOOLS,
    thoughts=ThoughtSource.THINKING,
    delegates=0.012,
    chores=0.25,
    rounds=11,
    metadata='{"client_version":"2.1.330"}',
)
CODEX = Habit(
    client="Codex",
    instances=Choice.of((OPENAI, 92), (OPENAI_AZURE, 8)),
    endpoint="/v1/responses",
    models=GPT,
    tools=CODEX_TOOLS,
    thoughts=ThoughtSource.REASONING_SUMMARY,
    rounds=10,
    metadata='{"client_version":"0.61.0"}',
)
OPENCODE = Habit(
    client="OpenCode",
    instances=Choice.of((ANTHROPIC, 80), (ANTHROPIC_EU, 20)),
    endpoint="/v1/messages",
    models=CLAUDE,
    tools=OPENCODE_TOOLS,
    thoughts=ThoughtSource.THINKING,
    chores=0.8,
    metadata='{"client_version":"1.0.85"}',
)
VSCODE = Habit(
    client="GitHub Copilot (VS Code)",
    instances=Choice.of((COPILOT, 60), (COPILOT_BUSINESS, 40)),
    endpoint="/chat/completions",
    models=COPILOTS,
    tools=COPILOT_TOOLS,
    chores=0.1,
    rounds=6,
    metadata='{"client_version":"0.33.1","x-initiator":"agent"}',
)
COPILOT_CLI = msgspec.structs.replace(
    VSCODE, client="GitHub Copilot (CLI)", chores=0.0, rounds=8, metadata='{"client_version":"0.0.360"}'
)
KILO = msgspec.structs.replace(OPENCODE, client="Kilo Code", metadata='{"client_version":"4.120.0"}')
CURSOR = Habit(
    client="Cursor",
    instances=Choice.of((OPENAI, 70), (OPENAI_AZURE, 30)),
    endpoint="/v1/chat/completions",
    models=GPT_API,
    tools=COPILOT_TOOLS,
    declares_session=False,
    rounds=5,
)
ZED = msgspec.structs.replace(
    CLAUDE_CODE, client="Zed", declares_session=False, delegates=0.0, chores=0.0, metadata="{}"
)
PROGRAM = Habit(
    client="Unknown",
    instances=Choice.of((OPENAI, 75), (OPENAI_AZURE, 25)),
    endpoint="/v1/chat/completions",
    models=GPT_API,
    tools=PROGRAM_TOOLS,
    declares_session=False,
    rounds=1.6,
)
PROXY = msgspec.structs.replace(PROGRAM, client="LiteLLM", metadata='{"client_version":"1.79.3"}')
CRUSH = msgspec.structs.replace(OPENCODE, client="Charm Crush", chores=0.0, metadata='{"client_version":"0.18.5"}')

HABITS = Choice.of(
    *((CLAUDE_CODE, 46.0), (CODEX, 22.0), (OPENCODE, 9.0), (VSCODE, 8.0), (PROGRAM, 6.0), (COPILOT_CLI, 3.0)),
    *((CURSOR, 3.0), (ZED, 1.5), (KILO, 0.9), (PROXY, 0.5), (CRUSH, 0.05)),
)


class Credential(msgspec.Struct, frozen=True):
    """Whose credential a person's requests carry."""

    kind: CredentialKind
    type: CredentialType
    hint: str


CREDENTIALS = Choice.of(
    (Credential(CredentialKind.CENTRALIZED, CredentialType.API_KEY, "sk-a...Qx7A"), 84),
    (Credential(CredentialKind.BYOK, CredentialType.API_KEY, "sk-p...93fk"), 9),
    (Credential(CredentialKind.BYOK, CredentialType.SUBSCRIPTION, "eyJh...v0_w"), 7),
)


class Ending(msgspec.Struct, frozen=True):
    """How an interception ends."""

    outcome: Outcome
    status: int | None = 200
    error: ErrorType | None = None
    message: str | None = None


COMPLETED = Ending(Outcome.COMPLETED)


def _failed(status: int, error: ErrorType, message: str) -> Ending:
    return Ending(Outcome.FAILED, status, error, message)


ENDINGS = Choice.of(
    (COMPLETED, 93.3),
    (_failed(429, ErrorType.RATE_LIMITED, "This request would exceed your organization's rate limit."), 1.4),
    (_failed(529, ErrorType.OVERLOADED, "Overloaded"), 1.0),
    (_failed(400, ErrorType.BAD_REQUEST, "prompt is too long: 204882 tokens > 200000 maximum"), 0.6),
    (_failed(500, ErrorType.SERVER_ERROR, "Internal server error"), 0.5),
    (_failed(504, ErrorType.TIMEOUT, "the provider did not answer in time"), 0.3),
    (_failed(401, ErrorType.UNAUTHORIZED, "invalid x-api-key"), 0.15),
    (_failed(502, ErrorType.UNKNOWN, "the provider's answer could not be read"), 0.05),
    (Ending(Outcome.CANCELLED), 2.1),
    (Ending(Outcome.TRUNCATED, 200, ErrorType.SERVER_ERROR, "the provider ended its answer early"), 0.4),
    (
        Ending(Outcome.INTERRUPTED, None, ErrorType.UNKNOWN, "the gateway stopped before the answer had ended"),
        0.2,
    ),
)
