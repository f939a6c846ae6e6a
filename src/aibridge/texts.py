r"""What is searched for in texts: words, beginnings of words and phrases. Nothing here does any I/O.

A word is a run of letters and digits; whatever else stands between them is a blank, in what is searched for as in what
is searched: `store/pool.py` is the phrase *store pool py*, and so are `store pool.py` and `store_pool_py` on record.
Ideographs and kana are words of one letter each, since nothing stands between words there. `readFile` is one word.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

MAX_WORD: Final = 100
"""Letters of a word that count: what is longer (base64, minified code) is found by its beginning."""
MAX_WORDS: Final = 50
"""Of all that is searched for at once."""
MIN_BEGINNING: Final = 2
"""Letters before a `*`."""

BLANKS: Final = (
    r"\u0001-/:-@\[-`{-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7"
    r"\u0589\u058a\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u060c\u061b\u061f\u066a-\u066d\u06d4\u0964\u0965"
    r"\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u303d-\u303f"
    r"\ue000-\uf8ff\ufe00-\ufe1f\ufe30-\ufe6f\ufeff-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0-\uffff"
    r"\U0001f000-\U0001faff\U000e0000-\U000e0fff"
)
"""What is not part of a word, as a set of a regular expression: blanks, punctuation, symbols, emoji, private use.

The database's `aibridge_words` has the same set; a test compares them letter by letter.
"""
IDEOGRAPHS: Final = r"\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Letters that are words."""
_UNSTORABLE: Final = r"\u0000\ud800-\udfff"
"""What no row can hold."""

_WORD = re.compile(rf"[{IDEOGRAPHS}]|[^{_UNSTORABLE}{BLANKS}{IDEOGRAPHS}]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"?|(\S+)', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')


class TextRefused(Exception):
    """This cannot be searched for; the message says why, and the way out."""


class Text(msgspec.Struct, frozen=True):
    """Words that must follow each other; one word is searched for as it is. Upper and lower case are one."""

    words: tuple[str, ...]
    """As written, at least one."""
    beginning: bool = False
    """The last word may go on."""


def words_of(text: str) -> list[str]:
    """The words of a text as they are written, cut at `MAX_WORD`."""
    return [word[:MAX_WORD] for word in _WORD.findall(text)]


def text_of(written: str, *, quoted: bool = False) -> Text:
    """What one piece of a query searches for: in quotes a phrase, else a word or one that ends in `*`.

    Raises `TextRefused`.
    """
    beginning = not quoted and written.endswith("*")
    words = words_of(written)
    if not words:
        raise TextRefused(f'"{written}" holds no letter and no digit, and only these are searched for')
    if not quoted and written.startswith("*"):
        raise TextRefused(f'"{written}": words are found by their beginning only; write {words[0]}*')
    if beginning and len(words[-1]) < MIN_BEGINNING and not re.match(rf"[{IDEOGRAPHS}]", words[-1]):
        raise TextRefused(f'"{written}": at least {MIN_BEGINNING} letters must come before *')
    return Text(tuple(words), beginning=beginning)


def together(texts: Iterable[Text]) -> tuple[Text, ...]:
    """Texts that are searched for at once, each once. Raises `TextRefused`."""
    found = tuple(dict.fromkeys(texts))
    if sum(len(text.words) for text in found) > MAX_WORDS:
        raise TextRefused(f"at most {MAX_WORDS} words can be searched for at once")
    return found


def texts_of(written: str) -> tuple[Text, ...]:
    r"""All that a line searches for: words apart by blanks, phrases in double quotes (`\"` is a quote in one).

    Raises `TextRefused`.
    """
    found = []
    for match in _QUOTED.finditer(written):
        phrase, word = match.groups()
        if word is not None or phrase:
            found.append(text_of(word or _ESCAPED.sub(r"\1", phrase), quoted=word is None))
    return together(found)
