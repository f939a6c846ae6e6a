"""Recorded text in Markdown stays where it is put, for a reader that knows all of CommonMark."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from aibridge.exporting.inert import LONGEST_BLOCK, LONGEST_SPAN, arguments, block, span
from aibridge.exporting.visible import visible

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "](javascript:alert(1))",
    "![x](https://evil.example/track.png)",
    "https://evil.example <https://evil.example> www.evil.example me@evil.example",
    "```\n# Owned\n```",
    "````\n<b>\n````",
    "~~~\nx",
    "`` ` `` ``` ````",
    "`",
    "``````````",
    "# Heading\n\n---\n\n| a | b |\n|---|---|\n",
    "> quoted\n\nnot quoted",
    "- list\n\n    code",
    "\x1b]0;owned\x07\x1b[2J",
    "abc\u202egnp.exe\u2066",
    "line\u2028other\x0bthird\x0cfourth\x85fifth\rsixth",
    "*/ --> ]]> &lt;b&gt; \\` \\",
    "$x$ {{ 7*7 }} <%= 1 %>",
    "   spaces   ",
    "\n\n\n",
    "\ttab",
    "|pipe|",
    "[ref]: https://evil.example",
]

text = st.one_of(
    st.sampled_from(HOSTILE), st.text(), st.lists(st.sampled_from([*"`~\n >#<[-\\"]), max_size=30).map("".join)
)


def read(markdown: str) -> list[Token]:
    """Every token, those within lines behind the line they stand in."""
    tokens: list[Token] = []
    for token in MarkdownIt("commonmark").parse(markdown):
        tokens += [token, *(token.children or ())]
    return tokens


def words(tokens: list[Token]) -> list[str]:
    """What is read as text and not as code."""
    return [token.content for token in tokens if token.type == "text" and token.content]


@given(text)
def test_a_span_is_one_piece_of_code(said: str) -> None:
    """Between words of ours it stays one code span, and nothing else comes of it."""
    tokens = read(f"- **Who:** {span(said)} end\n\nafter")
    kinds = {token.type for token in tokens} - {"inline"}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "heading_open", "fence", "hr", "code_block"}
    nothing = "" if "code_inline" in kinds else "(empty)"
    assert "".join(words(tokens)) == f"Who: {nothing} endafter"
    shown = [token.content for token in tokens if token.type == "code_inline"]
    assert len(shown) <= 1
    assert not any(re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", each) for each in shown)


@given(text, st.sampled_from(["", "> "]))
def test_a_block_is_one_block_of_code(said: str, prefix: str) -> None:
    """What was said is read back, line by line, and what follows is outside."""
    tokens = read(f"before\n\n{block(said, prefix=prefix)}\n\nafter")
    fences = [token for token in tokens if token.type == "fence"]
    assert [token.content for token in fences] == [visible(said[:LONGEST_BLOCK]) + "\n"]
    rest = words(tokens)
    assert (rest[0], rest[-1]) == ("before", "after")
    assert all("more characters are left out" in each for each in rest[1:-1])
    assert not {"html_block", "html_inline", "link_open", "image", "heading_open"} & {token.type for token in tokens}


def test_what_is_long_is_cut_and_says_so() -> None:
    """How much is left out, and where it is."""
    made = block("x" * (LONGEST_BLOCK + 1234))
    assert made.count("x" * LONGEST_BLOCK) == 1
    assert made.endswith("*1,234 more characters are left out here; the JSON export has them all.*")
    assert span("y" * 500) == f"`{'y' * LONGEST_SPAN}…`"


def test_a_cut_cannot_open_a_fence() -> None:
    """The fence is longer than what is shown, wherever it is cut."""
    made = block("`" * (LONGEST_BLOCK + 5))
    assert made.splitlines()[0] == "`" * (LONGEST_BLOCK + 1) + "text"


def test_lines_within_a_line() -> None:
    assert span("one\ntwo\tthree") == "`one ⏎ two three`"
    assert span(" `quoted` ") == "`` `quoted` ``"
    assert span("  ") == "(empty)"


def test_arguments_are_laid_out_where_they_are_json() -> None:
    """What is no JSON, or too long to be laid out, stands as it came."""
    assert arguments('{"command":"ls","n":1}').splitlines() == [
        "```text",
        "{",
        '  "command": "ls",',
        '  "n": 1',
        "}",
        "```",
    ]
    assert arguments("{not json").splitlines()[1] == "{not json"
    assert arguments("*** Begin Patch").splitlines()[1] == "*** Begin Patch"
    long = '{"a":"' + "x" * LONGEST_BLOCK + '"}'
    assert arguments(long).splitlines()[1].startswith('{"a":"xxx')
    assert arguments("[" * 3000).splitlines()[1] == "[" * 3000


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plain", "plain"),
        ("two\r\nlines", "two\nlines"),
        ("a\rb", "a␍b"),
        ("\x1b[31m", "␛[31m"),
        ("\x7f\x9b", "␡⟨U+009B⟩"),
        ("\u202eabc", "⟨U+202E⟩abc"),
        ("a\u200bb\ufeff", "a⟨U+200B⟩b⟨U+FEFF⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("👩‍💻 \u05e9\u05dc\u05d5\u05dd", "👩‍💻 \u05e9\u05dc\u05d5\u05dd"),
    ],
)
def test_what_is_unseen_is_shown(said: str, shown: str) -> None:
    """Pictures and names of what steers; families of emoji and scripts stay as they are."""
    assert visible(said) == shown
