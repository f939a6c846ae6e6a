"""Puts the settings together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aibridge.capture import Capture
from aibridge.config import table
from aibridge.config.settings import ProviderSettings, Secret, Settings
from aibridge.config.sources import Sources
from aibridge.errors import SettingsError
from aibridge.records import ProviderType
from aibridge.redaction.patterns import Pattern
from aibridge.redaction.redactor import Redactor

OWN_BASE_URLS = {
    ProviderType.ANTHROPIC: "https://api.anthropic.com",
    ProviderType.OPENAI: "https://api.openai.com/v1",
    ProviderType.COPILOT: "https://api.githubcopilot.com",
}
"""Where a provider of a type is unless another URL is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """A provider that exists without being asked for, named as its type, and its settings."""

    type: ProviderType
    key: table.Setting[Secret]
    base_url: table.Setting[str]
    capture: table.Setting[Capture]
    include_usage: table.Setting[bool] | None = None

    @property
    def settings(self) -> tuple[table.Setting[Any], ...]:
        """All that can be set about it."""
        return tuple(filter(None, (self.key, self.base_url, self.capture, self.include_usage)))


DEFAULTS = (
    Default(
        type=ProviderType.ANTHROPIC,
        key=table.ANTHROPIC_KEY,
        base_url=table.ANTHROPIC_BASE_URL,
        capture=table.ANTHROPIC_CAPTURE,
    ),
    Default(
        type=ProviderType.OPENAI,
        key=table.OPENAI_KEY,
        base_url=table.OPENAI_BASE_URL,
        capture=table.OPENAI_CAPTURE,
        include_usage=table.OPENAI_INCLUDE_USAGE,
    ),
)

KNOWS_INCLUDE_USAGE = "api.openai.com"
"""The host that is asked for usage by default; compatible servers may refuse `stream_options`."""


def load_settings(environ: Mapping[str, str], cwd: Path) -> Settings:
    """Read and check every setting: `AIBRIDGE_*` in `environ` over the file in `cwd` (or AIBRIDGE_CONFIG).

    Raises:
        SettingsError: the first thing that is wrong, in one sentence.

    """
    sources = Sources(environ, cwd)
    listen = sources.value(table.LISTEN)
    max_body, body_memory = sources.value(table.MAX_BODY), sources.value(table.BODY_MEMORY)
    if body_memory < max_body:
        raise SettingsError("AIBRIDGE_BODY_MEMORY must not be smaller than AIBRIDGE_MAX_BODY.")
    database_url = sources.optional(table.DATABASE_URL)
    database_direct_url = sources.optional(table.DATABASE_DIRECT_URL)
    if database_direct_url and not database_url:
        raise SettingsError(
            "AIBRIDGE_DATABASE_DIRECT_URL is set and AIBRIDGE_DATABASE_URL is not. Set both or neither."
        )
    return Settings(
        listen=listen,
        workers=sources.value(table.WORKERS),
        data_dir=_data_dir(sources, environ, cwd),
        database_url=database_url,
        database_direct_url=database_direct_url,
        access_url=sources.optional(table.ACCESS_URL) or listen.url,
        trusted_proxies=sources.optional(table.TRUSTED_PROXIES) or (),
        providers=_providers(sources),
        redact=_redact(sources),
        allow_byok=sources.value(table.ALLOW_BYOK),
        retention=sources.value(table.RETENTION),
        max_body=max_body,
        body_memory=body_memory,
        begin_timeout=sources.value(table.BEGIN_TIMEOUT),
        finish_timeout=sources.value(table.FINISH_TIMEOUT),
        telemetry_url=sources.optional(table.TELEMETRY_URL),
        log_requests=sources.value(table.LOG_REQUESTS),
        log_records=sources.value(table.LOG_RECORDS),
        log_format=sources.value(table.LOG_FORMAT),
        log_level=sources.value(table.LOG_LEVEL),
    )


def _data_dir(sources: Sources, environ: Mapping[str, str], cwd: Path) -> Path:
    """Absolute. Follows https://specifications.freedesktop.org/basedir-spec, where a relative folder counts as none."""
    home = environ.get("HOME", "")
    chosen = sources.optional(table.DATA_DIR)
    if chosen is None:
        shared = environ.get("XDG_DATA_HOME", "")
        chosen = Path(shared if shared.startswith("/") else "~/.local/share") / "aibridge"
    if chosen.parts[:1] != ("~",):
        return cwd.absolute() / chosen
    if not home.startswith("/"):
        raise SettingsError("There is no home folder (HOME is not set). Set AIBRIDGE_DATA_DIR to a folder.")
    return Path(home).joinpath(*chosen.parts[1:])


def _providers(sources: Sources) -> tuple[ProviderSettings, ...]:
    """The two defaults and the numbered ones. A numbered one may take the place of a default that nobody set."""
    numbered: dict[str, ProviderSettings] = {}
    places: dict[str, str] = {}
    for number in sources.provider_numbers():
        provider = _numbered(sources, number)
        place = sources.provider_place(number, table.PROVIDER_NAME)
        if provider.name in places:
            raise SettingsError(
                f"{places[provider.name]} and {place} both name a provider {provider.name!r}. Give one another name."
            )
        places[provider.name] = place
        numbered[provider.name] = provider
    for default in DEFAULTS:
        set_at = next(filter(None, (sources.place(each) for each in default.settings)), None)
        if set_at and default.type in places:
            raise SettingsError(
                f"{set_at} and {places[default.type]} both set up a provider {default.type.value!r}. "
                "Leave one out, or give the numbered one another name."
            )
    defaults = (_default(sources, default) for default in DEFAULTS if default.type not in numbered)
    return (*defaults, *numbered.values())


def _numbered(sources: Sources, number: int) -> ProviderSettings:
    type_ = sources.of_provider(number, table.PROVIDER_TYPE)
    if type_ is None:
        kinds = ", ".join(ProviderType)
        raise SettingsError(
            f"{sources.provider_place(number, table.PROVIDER_TYPE)} is missing. Set it to one of {kinds}."
        )
    key = sources.of_provider(number, table.PROVIDER_KEY)
    if key and type_ is ProviderType.COPILOT:
        place = sources.provider_place(number, table.PROVIDER_KEY)
        raise SettingsError(
            f"{place} has no use: with copilot everybody brings a credential of their own. Leave it out."
        )
    base_url = sources.of_provider(number, table.PROVIDER_BASE_URL) or OWN_BASE_URLS[type_]
    return ProviderSettings(
        name=sources.of_provider(number, table.PROVIDER_NAME) or type_.value,
        type=type_,
        key=key or Secret(""),
        base_url=base_url,
        include_usage=_include_usage(type_, base_url, sources.of_provider(number, table.PROVIDER_INCLUDE_USAGE)),
        capture=sources.of_provider(number, table.PROVIDER_CAPTURE) or sources.value(table.CAPTURE),
    )


def _default(sources: Sources, default: Default) -> ProviderSettings:
    base_url = sources.value(default.base_url)
    asked = sources.optional(default.include_usage) if default.include_usage else None
    return ProviderSettings(
        name=default.type.value,
        type=default.type,
        key=sources.optional(default.key) or Secret(""),
        base_url=base_url,
        include_usage=_include_usage(default.type, base_url, asked),
        capture=sources.optional(default.capture) or sources.value(table.CAPTURE),
    )


def _redact(sources: Sources) -> tuple[Pattern, ...]:
    """The built-in patterns that are asked for, then the deployment's own by name; all together fit into one search."""
    patterns = (*(sources.optional(table.REDACT) or ()), *sources.own_patterns())
    if patterns:
        try:
            Redactor(patterns)
        except ValueError as error:
            raise SettingsError(f"All patterns of redaction together must be {error}.") from None
    return patterns


def _include_usage(type_: ProviderType, base_url: str, asked: bool | None) -> bool:  # noqa: FBT001 - a setting's value
    if asked is not None:
        return asked
    return type_ is ProviderType.OPENAI and urlsplit(base_url).hostname == KNOWS_INCLUDE_USAGE
