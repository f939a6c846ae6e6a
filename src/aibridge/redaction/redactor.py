"""Redacting texts: prose as a whole, JSON string by string, so that it stays JSON."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from aibridge.redaction.patterns import Pattern, compiled

_STRINGS_AND_NUMBERS = re.compile(
    r"""
      " [^"\\]*+ (?: \\. [^"\\]*+ )*+ "?                     # the last one may be cut
    | (?<![\w.]) -?\d{6,} (?:\.\d+)? (?:[eE][+-]?\d+)?
    """,
    re.VERBOSE | re.DOTALL,
)
"""What a JSON text consists of besides punctuation and words. Shorter numbers are nobody's secret."""
_TORN = re.compile(r"(?:\\(?:u[0-9a-fA-F]{0,3})?)?\Z")
"""The end of a string that was cut, with what is left of an escape."""
_STRING = msgspec.json.Decoder(str)
_OPENS_JSON = re.compile(r'\s*+[{["]')
_NO_ANCHOR = re.compile(r"\\[^Az]|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
"""In an expression: what looks like an anchor and is none."""
_ANCHOR = re.compile(r"[\^$]|\\[Az]")


class Redactor:
    """Knows what must not be kept. One for the whole process; it remembers nothing."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        """Raises `ValueError` when RE2 does not take a pattern, or not all of them together."""
        patterns = tuple(patterns)
        self._patterns = tuple((each, compiled(each.expression)) for each in patterns)
        # Nearly every text has nothing to hide: one look, whatever the number of patterns. RE2's own sets of patterns
        # are not used for it: one that runs out of memory says "nothing".
        self._any = compiled("|".join(f"(?:{each.expression})" for each in patterns))
        self._anchored = any(_ANCHOR.search(_NO_ANCHOR.sub("", each.expression)) for each in patterns)

    def text(self, text: str, found: Counter[str]) -> str:
        """The text without what must not be kept; `found` counts it by name. JSON stays JSON."""
        if _OPENS_JSON.match(text) is None:
            return self._plain(text, found)
        if not self._anchored and not self._holds(_as_meant(text)):
            return text  # no part of it begins or ends where an anchor would care
        return self._json(text, found)

    def value(self, value: Any, found: Counter[str]) -> Any:
        """The same for every text in a JSON value."""
        if isinstance(value, str):
            return self.text(value, found)
        if isinstance(value, Mapping):
            return {self.value(key, found): self.value(member, found) for key, member in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item, found) for item in value]
        return value

    # -------------------------------------------------------------- inside

    def _holds(self, text: str) -> bool:
        return self._any.search(text.encode("utf-8", "surrogatepass")) is not None

    def _plain(self, text: str, found: Counter[str]) -> str:
        written = text.encode("utf-8", "surrogatepass")
        if self._any.search(written) is None:
            return text
        for pattern, regexp in self._patterns:
            written = _blackened(pattern, regexp, written, found)
        return _read(written)

    def _json(self, text: str, found: Counter[str]) -> str:
        """Each string and each number on its own: what is spelt with escapes is looked at as it is meant.

        What then is still found reaches beyond one string, such as a name with its value. Taking that out would leave
        no JSON, so it takes the whole.
        """
        spelt: list[str] = []
        meant: list[str] = []
        at = 0
        for token in _STRINGS_AND_NUMBERS.finditer(text):
            between = text[at : token.start()]
            written, read = self._token(token.group(), found)
            spelt += (between, written)
            meant += (between, read)
            at = token.end()
        blackened = "".join((*spelt, text[at:]))
        beyond: Counter[str] = Counter()
        self._plain("".join((*meant, text[at:])), beyond)
        if not beyond:
            return blackened
        if _is_json(blackened):
            found.update(beyond)
            return json.dumps("".join(map(mark, beyond)))
        return self._plain(blackened, found)

    def _token(self, token: str, found: Counter[str]) -> tuple[str, str]:
        """A string or number of JSON without what must not be kept: as JSON spells it, and as it is meant."""
        if token[0] != '"':
            kept = self._plain(token, found)
            return (token, token) if kept == token else (json.dumps(kept), kept)
        text = _meant(token)
        if text is None:
            kept = self._plain(token, found)
            return kept, kept
        kept = self._plain(text, found)
        return (token if kept == text else _spelt(kept, closed=_is_closed(token))), f'"{kept}"'


def mark(name: str) -> str:
    """What replaces a text that is not kept."""
    return f"[redacted:{name}]"


def _blackened(pattern: Pattern, regexp: Any, written: bytes, found: Counter[str]) -> bytes:
    pieces: list[bytes] = []
    at = 0
    blot = mark(pattern.name).encode()
    for match in regexp.finditer(written):
        start, end = match.span()
        if start == end or (pattern.holds is not None and not pattern.holds(_read(written[start:end]))):
            continue
        pieces += (written[at:start], blot)
        at = end
        found[pattern.name] += 1
    return b"".join((*pieces, written[at:])) if pieces else written


def _read(written: bytes) -> str:
    try:
        return written.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:  # a pattern of single bytes (\C) has cut a character
        return written.decode("utf-8", "replace")


def _as_meant(text: str) -> str:
    """JSON with the escapes of its strings undone."""
    if "\\" not in text:
        return text
    return _STRINGS_AND_NUMBERS.sub(lambda token: _unescaped(token.group()), text)


def _unescaped(token: str) -> str:
    text = _meant(token) if "\\" in token else None
    return token if text is None else f'"{text}"'


def _meant(token: str) -> str | None:
    """What a string of JSON says; one that is cut as far as it goes. None when it is none."""
    if "\\" not in token:
        return token.strip('"')
    for written in (token,) if _is_closed(token) else (f'{token}"', _TORN.sub('"', token, count=1)):
        try:
            return _STRING.decode(written)
        except ValueError:
            pass
        try:
            return str(json.loads(written, strict=False))  # raw line breaks, lone surrogates
        except ValueError:
            continue
    return None


def _is_closed(token: str) -> bool:
    """Whether a string of JSON has its second quote."""
    return len(token) > 1 and token.endswith('"') and (len(token) - len(token[:-1].rstrip("\\"))) % 2 == 1


def _spelt(text: str, *, closed: bool) -> str:
    written = json.dumps(text, ensure_ascii=False)
    return written if closed else written[:-1]


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return False
    return True
