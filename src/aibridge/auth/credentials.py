"""Which of a request's headers say who asks, which are the user's own key, and which must never go upstream.

Pure, and on the path of every request: one walk over the headers. The rules are those of the data plane:

* A non-blank `X-AIBridge-Token` (or `X-Coder-AI-Governance-Token`) is the aibridge token, and the request is BYOK:
  the user's own provider credential goes upstream.
* Otherwise the token stands in `Authorization: Bearer`, `X-Api-Key` or `Api-Key`, every credential header is removed,
  and the provider's configured key is set by the caller. Clients do send two with different values.
* A header that carries an aibridge token goes upstream in no mode, whatever its name.
"""

from collections.abc import Callable, Sequence

import msgspec

from aibridge.auth.tokens import carries_token
from aibridge.records import CredentialKind, CredentialType, ProviderType

RawHeaders = Sequence[tuple[bytes, bytes]]
"""As ASGI gives them: names in lower case, repetitions kept."""

TOKEN_HEADERS = (b"x-aibridge-token", b"x-coder-ai-governance-token")
"""Their non-blank presence *is* BYOK."""
CREDENTIAL_HEADERS = (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key")
"""In the order in which an aibridge token is looked for."""
MAX_CANDIDATES = 4
"""Each may cost one look-up in the store; clients send at most two."""

_ALWAYS = frozenset((*TOKEN_HEADERS, b"x-coder-ai-governance-request-id"))
_CENTRALIZED = _ALWAYS | frozenset(CREDENTIAL_HEADERS)
_TOLD_APART = _CENTRALIZED | {b"chatgpt-account-id", b"connection"}
_MASK_FROM = 20
_MASK_SHOWS = 4


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What the headers say about who asks and with whose key."""

    candidates: tuple[str, ...]
    """Possible aibridge tokens: the first valid one counts. Empty: none was sent."""
    byok: bool
    drop: frozenset[bytes]
    """Lower-case names of the headers that must not go upstream."""
    credential_type: CredentialType
    """Of the user's own credential; `api_key` when centralized."""
    hint: str
    """The user's own credential, masked; empty when centralized or when none is left."""
    own_left: bool
    """BYOK only: a credential of the user's own goes upstream. Without one the request is refused (401)."""

    @property
    def kind(self) -> CredentialKind:
        """Whose credential goes upstream."""
        return CredentialKind.BYOK if self.byok else CredentialKind.CENTRALIZED


def read_credentials(
    headers: RawHeaders,
    provider: ProviderType,
    *,
    is_aibridge_token: Callable[[bytes], bool] = carries_token,
) -> Credentials:
    """Sort out the credentials of one request. `is_aibridge_token` says whether a value carries such a token."""
    told, tainted = _walk(headers, is_aibridge_token)
    explicit = [value for name in TOKEN_HEADERS if name in told for value in told[name] if value]
    if explicit or provider is ProviderType.COPILOT:
        offered = explicit or [value for value in _offered(told) if is_aibridge_token(value)]
        return _byok(told, provider, tainted, candidates=_texts(offered))
    return Credentials(
        candidates=_texts(_likely(_offered(told), is_aibridge_token)),
        byok=False,
        drop=_CENTRALIZED if tainted <= _CENTRALIZED else _CENTRALIZED | tainted,
        credential_type=CredentialType.API_KEY,
        hint="",
        own_left=False,
    )


def mask(secret: str) -> str:
    """Make a hint of a secret: first 4 + `...` + last 4 from 20 runes on, below only `...`; empty stays empty."""
    if len(secret) < _MASK_FROM:
        return "..." if secret else ""
    return f"{secret[:_MASK_SHOWS]}...{secret[-_MASK_SHOWS:]}"


# ------------------------------------------------------------------ the walk

_Told = dict[bytes, list[bytes]]
"""Values of the headers that matter, without `Bearer` and blanks."""


def _walk(headers: RawHeaders, is_aibridge_token: Callable[[bytes], bool]) -> tuple[_Told, set[bytes]]:
    told: _Told = {}
    tainted: set[bytes] = set()
    for name, value in headers:
        if name in _TOLD_APART:
            told.setdefault(name, []).append(_bare(value))
        if b"aib_" in value and is_aibridge_token(value):
            tainted.add(name)
    return told, tainted


def _bare(value: bytes) -> bytes:
    """A header's secret: without a `Bearer` before it (the scheme is case-insensitive, RFC 9110 §11.1)."""
    value = value.strip()
    if value[:6].lower() == b"bearer" and not value[6:7].strip():
        return value[6:].strip()
    return value


def _offered(told: _Told) -> list[bytes]:
    """What may be an aibridge token. A name and a password (RFC 7617) are none: who sends only these sent no token."""
    offered = [value for name in CREDENTIAL_HEADERS if name in told for value in told[name] if value]
    return [value for value in offered if value[:6].lower() != b"basic "]


def _likely(offered: list[bytes], is_aibridge_token: Callable[[bytes], bool]) -> list[bytes]:
    """Those that look like tokens; if none does, the first, so that the refusal says `invalid`, not `missing`."""
    if len(offered) == 1:
        return offered
    return [value for value in offered if is_aibridge_token(value)] or offered[:1]


def _texts(values: list[bytes]) -> tuple[str, ...]:
    if len(values) == 1:
        return (values[0].decode("latin-1"),)
    return tuple(value.decode("latin-1") for value in dict.fromkeys(values))[:MAX_CANDIDATES]


# ------------------------------------------------------------------ the user's own key


def _byok(told: _Told, provider: ProviderType, tainted: set[bytes], *, candidates: tuple[str, ...]) -> Credentials:
    drop = _ALWAYS | tainted | _for_the_next_hop(told)
    own = {name: told[name] for name in CREDENTIAL_HEADERS if name not in drop and any(told.get(name, ()))}
    if provider is ProviderType.ANTHROPIC and b"x-api-key" in own:
        # Anthropic refuses a request with both; the key is what the user set up on purpose.
        own.pop(b"authorization", None)
        drop |= {b"authorization"}
    name, secret = next(((name, value) for name, values in own.items() for value in values if value), (b"", b""))
    return Credentials(
        candidates=candidates,
        byok=True,
        drop=drop,
        credential_type=_type(provider, name, secret, chatgpt=b"chatgpt-account-id" in told),
        hint=mask(secret.decode(errors="replace")),
        own_left=bool(own),
    )


def _for_the_next_hop(told: _Told) -> set[bytes]:
    """Credential headers that `Connection` names end here (RFC 9110 §7.6.1): they are not what goes upstream."""
    options = {option.strip().lower() for value in told.get(b"connection", ()) for option in value.split(b",")}
    return options.intersection(CREDENTIAL_HEADERS)


def _type(provider: ProviderType, name: bytes, secret: bytes, *, chatgpt: bool) -> CredentialType:
    subscription = (
        provider is ProviderType.COPILOT
        or chatgpt
        or (provider is ProviderType.ANTHROPIC and name == b"authorization" and not secret.startswith(b"sk-ant-api"))
    )
    return CredentialType.SUBSCRIPTION if subscription else CredentialType.API_KEY
