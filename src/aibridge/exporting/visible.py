"""Text of the record before a reader's eyes: what would steer a terminal or turn the writing around is shown."""

_KEPT = "\t\n"

_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks, embeddings, overrides and isolates: <https://trojansource.codes>."""

_UNSEEN = "\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff\u2028\u2029"
"""Characters without width, and two that some readers take for the end of a line. Joiners stay: emoji and scripts need
them."""

_TAGS = range(0xE0000, 0xE0080)
"""Invisible ASCII: what a model reads and a person does not."""


def _named(code: int) -> str:
    return f"⟨U+{code:04X}⟩"


_SHOWN: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in _KEPT},
    0x7F: "\u2421",
    **{code: _named(code) for code in range(0x80, 0xA0)},
    **{ord(character): _named(ord(character)) for character in _BIDI + _UNSEEN},
    **{code: _named(code) for code in _TAGS},
}


def visible(text: str) -> str:
    """The text with a picture (␛) or the name (⟨U+202E⟩) of every control character but tabs and line feeds.

    A carriage return before a line feed is a part of the line's end, and left out.
    """
    if text.isascii() and text.isprintable():
        return text  # most of them, at a tenth of the cost
    return text.replace("\r\n", "\n").translate(_SHOWN)
