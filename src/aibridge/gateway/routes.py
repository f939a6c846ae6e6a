"""The routes of the data plane: a table. What is not in it does not exist, since a provider's key may open more."""

import re
from collections.abc import Iterable, Mapping
from enum import Enum

import msgspec

from aibridge.dialects.dialect import Dialect
from aibridge.dialects.registry import ANTHROPIC_MESSAGES, OPENAI_CHAT, OPENAI_COMPACTION, OPENAI_RESPONSES
from aibridge.gateway.providers import Provider
from aibridge.records import ProviderType

ROOTS = (b"/api/v2/aibridge/", b"/api/v2/ai-gateway/")

_PATH = re.compile(rb"(?:/[A-Za-z0-9._~:@-]+)+")
_DOTS = frozenset((b".", b".."))


class Access(Enum):
    """Who may use a passed-through route."""

    ANYONE = "any user, with whichever credential"
    OWN_RECORD = "with a central key only for a response that is on record for this user"
    OWN_KEY = "only with a credential of the user's own"


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """A route that is carried without an audit record."""

    methods: frozenset[str]
    prefix: bytes
    below: bool
    """Whether paths below the prefix belong to it too."""
    only_below: bool = False
    access: Access = Access.ANYONE

    def covers(self, method: str, path: bytes) -> bool:
        """Whether this line of the table is about this request."""
        if method not in self.methods:
            return False
        if path == self.prefix:
            return not self.only_below
        return self.below and path.startswith(self.prefix + b"/")


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request goes."""

    provider: Provider
    path: bytes
    """The provider's own path as the client sees it, e.g. `/v1/messages`."""
    upstream_path: bytes
    """The whole path at the provider, with that of its base URL."""
    shape: Dialect
    """Whose error shape the clients of this route understand."""
    endpoint: str
    """`path` as text, for the record."""
    pattern: str
    """The line of the table that it is on: what is counted by, since a client chooses the rest of the path."""
    dialect: Dialect | None = None
    """None: passed through."""
    access: Access = Access.ANYONE


def _passed(
    methods: str, prefix: bytes, *, below: bool = False, only_below: bool = False, access: Access = Access.ANYONE
) -> Passed:
    return Passed(
        methods=frozenset(methods.split()),
        prefix=prefix,
        below=below or only_below,
        only_below=only_below,
        access=access,
    )


INTERCEPTED: Mapping[ProviderType, Mapping[bytes, Dialect]] = {
    ProviderType.ANTHROPIC: {b"/v1/messages": ANTHROPIC_MESSAGES},
    ProviderType.OPENAI: {
        b"/v1/chat/completions": OPENAI_CHAT,
        b"/v1/responses": OPENAI_RESPONSES,
        b"/v1/responses/compact": OPENAI_COMPACTION,
    },
    ProviderType.COPILOT: {
        b"/chat/completions": OPENAI_CHAT,
        b"/responses": OPENAI_RESPONSES,
        b"/v1/messages": ANTHROPIC_MESSAGES,
    },
}
PASSED: Mapping[ProviderType, Iterable[Passed]] = {
    ProviderType.ANTHROPIC: (
        _passed("POST", b"/v1/messages/count_tokens"),
        _passed("GET HEAD", b"/v1/models", below=True),
        _passed("POST", b"/api/event_logging", only_below=True),
    ),
    ProviderType.OPENAI: (
        _passed("GET HEAD", b"/v1/models", below=True),
        _passed("POST", b"/v1/responses/input_tokens"),
        _passed("GET DELETE", b"/v1/responses", only_below=True, access=Access.OWN_RECORD),
        _passed("GET DELETE", b"/v1/conversations", below=True, access=Access.OWN_KEY),
    ),
    ProviderType.COPILOT: (
        _passed("GET HEAD", b"/models", below=True),
        _passed("GET HEAD POST DELETE", b"/agents", only_below=True),
        _passed("GET HEAD POST DELETE", b"/mcp", below=True),
        _passed("GET HEAD", b"/.well-known", only_below=True),
    ),
}
FALLBACK: Mapping[ProviderType, Dialect] = {
    ProviderType.ANTHROPIC: ANTHROPIC_MESSAGES,
    ProviderType.OPENAI: OPENAI_CHAT,
    ProviderType.COPILOT: OPENAI_CHAT,
}
"""Whose error shape a provider's clients understand where no dialect is known yet."""


class Routes:
    """All routes of the configured providers."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = {provider.name.encode(): provider for provider in providers}
        self._intercepted = {
            root + name + b"/" + path.removeprefix(b"/"): _route(provider, path, dialect=dialect)
            for name, provider in self._providers.items()
            for path, dialect in INTERCEPTED[provider.type].items()
            for root in ROOTS
        }

    def provider(self, raw_path: bytes) -> Provider | None:
        """Return the provider that a path names."""
        name, _ = _split(raw_path)
        return self._providers.get(name)

    def is_intercepted(self, raw_path: bytes) -> bool:
        """Whether POSTs to this path are intercepted; a WebSocket upgrade on it is told to use HTTP."""
        return raw_path in self._intercepted

    def find(self, method: str, raw_path: bytes) -> Route | None:
        """Return the route of a request, or None. Only the exact bytes are looked at: nothing is decoded."""
        route = self._intercepted.get(raw_path)
        if route is not None:
            return route if method == "POST" else None
        name, path = _split(raw_path)
        provider = self._providers.get(name)
        if provider is None or not _is_plain(path):
            return None
        line = next((line for line in PASSED[provider.type] if line.covers(method, path)), None)
        return None if line is None else _route(provider, path, pattern=line.prefix, access=line.access)


def shape_of(provider: Provider | None) -> Dialect:
    """Whose error shape is used where there is no route."""
    return FALLBACK[provider.type if provider else ProviderType.OPENAI]


def _route(
    provider: Provider,
    path: bytes,
    *,
    pattern: bytes = b"",
    dialect: Dialect | None = None,
    access: Access = Access.ANYONE,
) -> Route:
    return Route(
        provider=provider,
        path=path,
        upstream_path=provider.target.base_path + _upstream_path(provider, path),
        shape=dialect or shape_of(provider),
        endpoint=path.decode(),
        pattern=(pattern or path).decode(),
        dialect=dialect,
        access=access,
    )


def _split(raw_path: bytes) -> tuple[bytes, bytes]:
    """Return provider name and the provider's own path of `/api/v2/aibridge/<name>/<path>`."""
    for root in ROOTS:
        if raw_path.startswith(root):
            name, slash, path = raw_path[len(root) :].partition(b"/")
            return name, slash + path
    return b"", b""


def _is_plain(path: bytes) -> bool:
    """No percent sign, no empty and no dot segment: what a proxy and an origin could read differently is refused."""
    return _PATH.fullmatch(path) is not None and _DOTS.isdisjoint(path.split(b"/"))


def _upstream_path(provider: Provider, path: bytes) -> bytes:
    """An OpenAI base URL ends in `/v1` already, at the client as at the provider."""
    return path.removeprefix(b"/v1") if provider.type is ProviderType.OPENAI else path
