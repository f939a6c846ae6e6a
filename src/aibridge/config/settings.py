"""What the settings are once they are read: frozen, typed, and safe to print."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import final

from aibridge.capture import Capture
from aibridge.records import ProviderType
from aibridge.redaction.patterns import Pattern


@final
class Secret:
    """A text that no log, traceback or `repr` shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(***)" if self._text else "Secret()"

    def __reduce__(self) -> tuple[type["Secret"], tuple[str]]:
        return Secret, (self._text,)


class LogFormat(StrEnum):
    """How log lines look."""

    AUTO = "auto"
    """`human` when the standard error is a terminal, else `json`."""
    HUMAN = "human"
    JSON = "json"


class LogLevel(StrEnum):
    """The least urgent lines that are still written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """The address of the one port."""

    host: str
    """A name or an address without brackets; `0.0.0.0` is every interface."""
    port: int
    """0 takes any free one."""

    @property
    def url(self) -> str:
        """How a browser on this machine gets there."""
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://[{local}]:{self.port}" if ":" in local else f"http://{local}:{self.port}"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """One provider instance."""

    name: str
    """Its place in the URL and on every record."""
    type: ProviderType
    base_url: str
    """Without a slash at the end. With `/v1` for OpenAI, without a version for Anthropic."""
    key: Secret = field(default_factory=lambda: Secret(""))
    """Empty: everybody must bring a credential of their own."""
    include_usage: bool = False
    """Ask for usage in Chat Completions streams whose client left that open."""
    capture: Capture = field(default_factory=Capture)
    """Which texts of its traffic are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set."""

    listen: Listen
    workers: int
    data_dir: Path
    database_url: Secret | None
    """None: the embedded PostgreSQL in `data_dir`."""
    database_direct_url: Secret | None
    """Past any transaction pooler, for LISTEN; None: as `database_url`."""
    access_url: str
    """How clients and browsers get here from outside, without a slash at the end."""
    trusted_proxies: tuple[str, ...]
    """Networks in CIDR notation."""
    providers: tuple[ProviderSettings, ...]
    """In the order of their setting; the two defaults first."""
    redact: tuple[Pattern, ...]
    """What is redacted in every text that is kept."""
    allow_byok: bool
    retention: timedelta | None
    """None keeps for ever."""
    max_body: int
    """Bytes of one request body."""
    body_memory: int
    """Bytes of all request bodies held at once, per worker."""
    begin_timeout: float
    """Seconds."""
    finish_timeout: float
    """Seconds."""
    telemetry_url: str | None
    """None: nothing is sent."""
    log_requests: bool
    log_records: bool
    log_format: LogFormat
    log_level: LogLevel
