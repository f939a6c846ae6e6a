"""Recorded text in Markdown, where it stays text: in code, fenced longer than anything within.

Code is the one place in which every reader of Markdown leaves everything alone: HTML, links, bare addresses, emphasis,
headings. (https://spec.commonmark.org/0.31.2/#fenced-code-blocks)
"""

import re

import msgspec

from aibridge.exporting.visible import visible

LONGEST_SPAN = 200
"""Characters of a text within a line."""
LONGEST_BLOCK = 4000
"""Characters of a text on its own."""

_BACKTICKS = re.compile("`+")


def span(text: str, most: int = LONGEST_SPAN) -> str:
    """A text within a line, as code; of a longer one the beginning."""
    said = visible(text[: most + 1]).replace("\n", " ⏎ ").replace("\t", " ").strip(" ")
    if not said:
        return "(empty)"
    if len(text) > most:
        said = f"{said[:most]}…"
    fence = "`" * (_longest_run(said) + 1)
    pad = " " if said[0] == "`" or said[-1] == "`" else ""
    return f"{fence}{pad}{said}{pad}{fence}"


def block(text: str, *, most: int = LONGEST_BLOCK, prefix: str = "") -> str:
    """A text of its own lines as a fenced block; of a longer one the beginning, and how much is left out.

    `prefix` opens every line, such as `> ` for a quote.
    """
    said = visible(text[:most])
    fence = "`" * max(3, _longest_run(said) + 1)
    lines = [f"{fence}text", *said.split("\n"), fence]
    if len(text) > most:
        lines += ["", f"*{len(text) - most:,} more characters are left out here; the JSON export has them all.*"]
    return "\n".join(f"{prefix}{line}".rstrip(" ") if not line else f"{prefix}{line}" for line in lines)


def arguments(text: str) -> str:
    """The arguments of a tool call as a block: JSON in lines, anything else as it came."""
    if len(text) <= LONGEST_BLOCK and text[:1] in {"{", "["}:
        try:
            text = msgspec.json.format(text, indent=2)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return block(text)
    return block(text)


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
