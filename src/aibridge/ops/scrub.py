"""Takes secrets out of text that people and log stores will read. Pure; patterns err on the side of masking.

No pattern takes a quote or a backslash, so a line of JSON stays one.
"""

import re
from collections.abc import Mapping

MASK = "[masked]"

_SECRET = re.compile(
    r"""
      aib_[0-9A-Za-z_]{8,}                                   # aibridge tokens
    | \b(?:sk|pk|rk)-[0-9A-Za-z_\-]{6,}                      # Anthropic, OpenAI, OpenRouter and kin
    | \bgh[a-z]_[0-9A-Za-z]{10,} | \bgithub_pat_\w{10,}      # GitHub, Copilot
    | \bAIza[0-9A-Za-z_\-]{20,}                              # Google
    | \beyJ[0-9A-Za-z_\-]{8,}(?:\.[0-9A-Za-z_\-]+){0,2}      # JWT
    """,
    re.VERBOSE,
)
_BEARER = re.compile(r"\b(bearer\s+)[0-9A-Za-z._~+/=\-]{8,}", re.IGNORECASE)
_NAMED = re.compile(
    r"""
    ( (?:authorization|x-api-key|api[-_]key|x-aibridge-token|password|secret) ["']? \s* [:=] \s* ["']?
      (?:(?:bearer|basic|token)\s+)? )
    (?! \[masked\] | (?:bearer|basic)\W )                    # a scheme alone is no secret
    [^\s"'`\\,;}]+
    """,
    re.VERBOSE | re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.\-]*://[^\s:/@\\]*):[^\s@/\\]+@", re.IGNORECASE)

SECRET_NAMES = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "x-aibridge-token",
        "x-coder-ai-governance-token",
        "cookie",
        "set-cookie",
        "password",
        "secret",
        "token",
        "key",
        "credential",
    }
)
"""Names under which a value is a secret whatever it looks like."""


def scrub(text: str) -> str:
    """Mask everything in a text that looks like a token, a key, a password in a URL, or is named like one."""
    text = _SECRET.sub(MASK, text)
    text = _BEARER.sub(rf"\1{MASK}", text)
    text = _NAMED.sub(rf"\1{MASK}", text)
    return _URL_PASSWORD.sub(rf"\1:{MASK}@", text)


def scrub_value(name: str, value: object) -> object:
    """The same for a named value of any shape: mappings and sequences are walked, bytes become text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if name.lower().replace("_", "-") in SECRET_NAMES:
        return MASK
    if isinstance(value, Mapping):
        return {str(key): scrub_value(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrub_item(item) for item in value]
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    return scrub(value if isinstance(value, str) else str(value))


def _scrub_item(item: object) -> object:
    """An element of a sequence; a pair, as in a list of headers, may be a name and its value."""
    match item:
        case (str() | bytes() as name, value):
            text = name.decode(errors="replace") if isinstance(name, bytes) else name
            return [scrub(text), scrub_value(text, value)]
        case _:
            return scrub_value("", item)
