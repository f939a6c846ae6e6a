"""What is looked for: built-in kinds, and patterns of the deployment's own.

All are RE2's: it takes time in proportion to the text whatever the pattern, where others can be made to take for ever.
https://github.com/google/re2/wiki/Syntax
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import re2

MAX_MEMORY = 64 * 2**20
"""Bytes that one pattern may take; RE2's own bound is 8 MiB, too little for all patterns as one."""

NAME = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")

_PRIVATE_KEY = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_SPACE = r"(?:\s|\\[nrt])*"
"""Also as JSON inside JSON spells it."""

SECRETS: Final = (
    # Private keys; one that is cut before its end as far as it goes.
    rf"-----BEGIN {_PRIVATE_KEY}[^\"'`]*?-----END {_PRIVATE_KEY}",
    rf"-----BEGIN {_PRIVATE_KEY}{_SPACE}(?:[A-Za-z0-9+/=]{{20,}}{_SPACE})+[A-Za-z0-9+/=]*",
    r"\baib_[0-9A-Za-z_]{8,}",  # aibridge
    r"\b(?:sk|pk|rk)-[0-9A-Za-z_-]{16,}",  # Anthropic, OpenAI, OpenRouter and kin
    r"\b(?:sk|rk|whsec)_(?:live|test)?_?[0-9A-Za-z]{16,}",  # Stripe
    r"\bgh[a-z]_[0-9A-Za-z]{20,}|\bgithub_pat_[0-9A-Za-z_]{20,}",
    r"\bgl[a-z]{2,5}-[0-9A-Za-z_-]{20,}",  # GitLab
    r"\bAIza[0-9A-Za-z_-]{30,}|\bya29\.[0-9A-Za-z_-]{20,}",  # Google
    r"\bxox[a-z]-[0-9A-Za-z-]{10,}|\bxapp-[0-9A-Za-z-]{10,}",  # Slack
    r"\b(?:hf|npm|gsk|dop_v1|r8)_[0-9A-Za-z]{20,}|\b(?:xai|pypi|tvly|pplx)-[0-9A-Za-z_-]{20,}",
    r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b",  # AWS, the public half; the secret one below
    r"(?i)\baws_?(?:secret_?(?:access_?)?key|session_?token)(?:\\?[\"'])?\s*[:=]\s*(?:\\?[\"'])?[0-9A-Za-z/+=]{30,}",
    r"\beyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}(?:\.[0-9A-Za-z_-]*)?",  # JWT
    r"(?i)\bbearer\s+[0-9A-Za-z._~+/=-]{20,}|\bbasic\s+[0-9A-Za-z+/]{24,}={0,2}",
    r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@\"'`\\]*:[^\s/@\"'`\\]+@",  # a password in an address
)
EMAILS: Final = (r"\b[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b",)
CREDIT_CARDS: Final = (r"\b[2-6][0-9]{3}(?:[ -]?[0-9]{2,6}){2,4}\b",)


class Pattern(msgspec.Struct, frozen=True):
    """A kind of text that is redacted."""

    name: str
    """Stands in its place: `[redacted:name]`."""
    expression: str
    """RE2's syntax."""
    holds: Callable[[str], bool] | None = None
    """What a match must satisfy too."""


def is_card(number: str) -> bool:
    """Whether the digits are those of a payment card: as many as one has, and the last one checks the others (Luhn).

    https://www.iso.org/standard/70484.html
    """
    digits = [int(character) for character in reversed(number) if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return 13 <= len(digits) <= 19 and (sum(digits[::2]) + sum(doubled)) % 10 == 0  # noqa: PLR2004 - ISO/IEC 7812


def _any_of(expressions: tuple[str, ...]) -> str:
    return "|".join(f"(?:{expression})" for expression in expressions)


BUILT_IN: Mapping[str, Pattern] = {
    each.name: each
    for each in (
        Pattern("secrets", _any_of(SECRETS)),
        Pattern("emails", _any_of(EMAILS)),
        Pattern("credit_cards", _any_of(CREDIT_CARDS), is_card),
    )
}
"""By name."""


def own_pattern(name: str, expression: str) -> Pattern:
    """A pattern of the deployment's own.

    Raises:
        ValueError: for a name that cannot stand in a text, or an expression that RE2 does not take or that matches the
            empty text. It completes the sentence "X must be …".

    """
    if not NAME.fullmatch(name):
        raise ValueError("named in lower-case letters and digits, with single dashes or underscores between")
    if name in BUILT_IN:
        raise ValueError(f"under another name: {name} is built in")
    if compiled(expression).search(b"") is not None:
        raise ValueError("a pattern that does not match the empty text")
    return Pattern(name, expression)


def compiled(expression: str) -> "re2._Regexp":
    """The expression, ready for bytes of UTF-8. Raises `ValueError`."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    options.never_capture = True
    try:
        return re2.compile(expression.encode(), options)
    except UnicodeEncodeError:
        raise ValueError("a pattern of characters that UTF-8 has") from None
    except re2.error as error:
        told = error.args[0] if error.args else ""
        reason = told.decode(errors="replace") if isinstance(told, bytes) else str(told)
        raise ValueError(f"a pattern that RE2 takes ({reason})") from None
