"""Every setting there is, one line each: its name, its default, how its text is read, what it is for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

from aibridge.capture import Capture
from aibridge.config import values
from aibridge.config.settings import Listen, LogFormat, LogLevel, Secret
from aibridge.records import ProviderType
from aibridge.redaction.patterns import Pattern

PREFIX = "AIBRIDGE_"
CONFIG = "AIBRIDGE_CONFIG"
"""Names the file; by itself no setting of the file."""

PATTERN = "REDACT_PATTERN"
"""Begins the names of the deployment's own patterns; in the file it is a table of them."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One setting; `name` is upper-case and without prefix, as in the environment."""

    name: str
    default: str | None
    """Its text, read like any other; None when absence means something of its own."""
    read: Callable[[str], T]
    about: str
    absent: str = ""
    """What absence means, for the reference."""
    secret: bool = False


LISTEN: Setting[Listen] = Setting(
    "LISTEN",
    "127.0.0.1:4180",
    values.listen,
    "Address on which everything is served; `:4180` means every interface.",
)
WORKERS: Setting[int] = Setting("WORKERS", "1", values.workers, "Number of processes; one per core is plenty.")
DATA_DIR: Setting[Path] = Setting(
    "DATA_DIR",
    None,
    values.folder,
    "Where the embedded PostgreSQL and other persistent files are kept.",
    absent="`aibridge` in the XDG data folder, usually `~/.local/share/aibridge`",
)
DATABASE_URL: Setting[Secret] = Setting(
    "DATABASE_URL",
    None,
    values.database_url,
    "Your own PostgreSQL, version 14 or newer. It is all that replicas have to share.",
    absent="the embedded PostgreSQL",
    secret=True,
)
DATABASE_DIRECT_URL: Setting[Secret] = Setting(
    "DATABASE_DIRECT_URL",
    None,
    values.database_url,
    "The same database without the transaction pooler, for LISTEN.",
    absent="same as `AIBRIDGE_DATABASE_URL`",
    secret=True,
)
ACCESS_URL: Setting[str] = Setting(
    "ACCESS_URL",
    None,
    values.access_url,
    "URL at which people and clients reach aibridge.",
    absent="derived from `AIBRIDGE_LISTEN`",
)
TRUSTED_PROXIES: Setting[tuple[str, ...]] = Setting(
    "TRUSTED_PROXIES",
    None,
    values.networks,
    "Addresses and networks of the proxies in front, whose `X-Forwarded-For` tells where people sign in from.",
    absent="none: the header is ignored",
)
ANTHROPIC_KEY: Setting[Secret] = Setting(
    "ANTHROPIC_KEY",
    None,
    values.key,
    "Central key for the provider `anthropic`.",
    absent="users bring their own",
    secret=True,
)
ANTHROPIC_BASE_URL: Setting[str] = Setting(
    "ANTHROPIC_BASE_URL",
    "https://api.anthropic.com",
    values.provider_url,
    "Base URL of `anthropic`, without a version.",
)
OPENAI_KEY: Setting[Secret] = Setting(
    "OPENAI_KEY",
    None,
    values.key,
    "Central key for the provider `openai`.",
    absent="users bring their own",
    secret=True,
)
OPENAI_BASE_URL: Setting[str] = Setting(
    "OPENAI_BASE_URL", "https://api.openai.com/v1", values.provider_url, "Base URL of `openai`, with its `/v1`."
)
OPENAI_INCLUDE_USAGE: Setting[bool] = Setting(
    "OPENAI_INCLUDE_USAGE",
    None,
    values.boolean,
    "Ask `openai` for token usage in Chat Completions streams when the client does not say.",
    absent="only at api.openai.com",
)
ANTHROPIC_CAPTURE: Setting[Capture] = Setting(
    "ANTHROPIC_CAPTURE",
    None,
    values.capture,
    "Which texts of `anthropic` are kept.",
    absent="same as `AIBRIDGE_CAPTURE`",
)
OPENAI_CAPTURE: Setting[Capture] = Setting(
    "OPENAI_CAPTURE",
    None,
    values.capture,
    "Which texts of `openai` are kept.",
    absent="same as `AIBRIDGE_CAPTURE`",
)
CAPTURE: Setting[Capture] = Setting(
    "CAPTURE",
    "prompts,tools,thoughts",
    values.capture,
    "Which texts are kept: any of `prompts`, `tools`, `thoughts`, `answers` and `tool_results`, or `none`.",
)
REDACT: Setting[tuple[Pattern, ...]] = Setting(
    "REDACT",
    None,
    values.built_in_patterns,
    "What is redacted in every text that is kept: any of `secrets`, `emails`, `credit_cards`.",
    absent="nothing",
)
ALLOW_BYOK: Setting[bool] = Setting(
    "ALLOW_BYOK", "true", values.boolean, "Whether users may bring their own provider credentials."
)
RETENTION: Setting[timedelta | None] = Setting(
    "RETENTION",
    "60d",
    values.retention,
    "How long the record is kept (`h`, `d`, `w`); 0 keeps it for ever.",
)
MAX_BODY: Setting[int] = Setting("MAX_BODY", "64MiB", values.size, "Largest request body; anything larger gets a 413.")
BODY_MEMORY: Setting[int] = Setting(
    "BODY_MEMORY",
    "512MiB",
    values.size,
    "Memory for request bodies held at once, per worker; beyond it requests get a 503.",
)
BEGIN_TIMEOUT: Setting[float] = Setting(
    "BEGIN_TIMEOUT",
    "5s",
    values.seconds,
    "How long recording the start of a request may take before the client gets a 503.",
)
FINISH_TIMEOUT: Setting[float] = Setting(
    "FINISH_TIMEOUT",
    "15s",
    values.seconds,
    "How long the last bytes of an answer wait for its record before the answer is cut off.",
)
TELEMETRY_URL: Setting[str] = Setting(
    "TELEMETRY_URL",
    None,
    values.telemetry_url,
    "Where hourly summaries are posted; `docs/telemetry.md` shows everything they contain.",
    absent="nothing is sent",
)
LOG_REQUESTS: Setting[bool] = Setting(
    "LOG_REQUESTS", "false", values.boolean, "Log a line for every request that the gateway has answered."
)
LOG_RECORDS: Setting[bool] = Setting(
    "LOG_RECORDS",
    "false",
    values.boolean,
    "Log everything that is recorded, including prompts and tool arguments, for a SIEM.",
)
LOG_FORMAT: Setting[LogFormat] = Setting(
    "LOG_FORMAT",
    "auto",
    values.choice(LogFormat),
    "`human` or `json`; `auto` is `human` on a terminal and `json` otherwise.",
)
LOG_LEVEL: Setting[LogLevel] = Setting(
    "LOG_LEVEL", "info", values.choice(LogLevel), "`debug`, `info`, `warning` or `error`."
)

SETTINGS: tuple[Setting[Any], ...] = (
    LISTEN,
    WORKERS,
    DATA_DIR,
    DATABASE_URL,
    DATABASE_DIRECT_URL,
    ACCESS_URL,
    TRUSTED_PROXIES,
    ANTHROPIC_KEY,
    ANTHROPIC_BASE_URL,
    OPENAI_KEY,
    OPENAI_BASE_URL,
    OPENAI_INCLUDE_USAGE,
    ANTHROPIC_CAPTURE,
    OPENAI_CAPTURE,
    CAPTURE,
    REDACT,
    ALLOW_BYOK,
    RETENTION,
    MAX_BODY,
    BODY_MEMORY,
    BEGIN_TIMEOUT,
    FINISH_TIMEOUT,
    TELEMETRY_URL,
    LOG_REQUESTS,
    LOG_RECORDS,
    LOG_FORMAT,
    LOG_LEVEL,
)

PROVIDER_TYPE: Setting[ProviderType] = Setting(
    "TYPE",
    None,
    values.choice(ProviderType),
    "Its API: `anthropic`, `openai` (and compatible APIs) or `copilot`.",
    absent="required",
)
PROVIDER_NAME: Setting[str] = Setting(
    "NAME", None, values.provider_name, "Its name in URLs and on the record.", absent="its type"
)
PROVIDER_KEY: Setting[Secret] = Setting(
    "KEY", None, values.key, "Central key for it.", absent="users bring their own", secret=True
)
PROVIDER_BASE_URL: Setting[str] = Setting(
    "BASE_URL", None, values.provider_url, "Its base URL; with `/v1` for `openai`.", absent="the default of its type"
)
PROVIDER_INCLUDE_USAGE: Setting[bool] = Setting(
    "INCLUDE_USAGE",
    None,
    values.boolean,
    "Ask for token usage in Chat Completions streams when the client does not say.",
    absent="only at api.openai.com",
)
PROVIDER_CAPTURE: Setting[Capture] = Setting(
    "CAPTURE", None, values.capture, "Which of its texts are kept.", absent="same as `AIBRIDGE_CAPTURE`"
)

PROVIDER_SETTINGS: tuple[Setting[Any], ...] = (
    PROVIDER_TYPE,
    PROVIDER_NAME,
    PROVIDER_KEY,
    PROVIDER_BASE_URL,
    PROVIDER_INCLUDE_USAGE,
    PROVIDER_CAPTURE,
)
"""One group per provider instance: `AIBRIDGE_PROVIDER_<N>_<NAME>`, or a `[[provider]]` table."""
