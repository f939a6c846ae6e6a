"""What a line of words searches for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibridge.texts import Text, TextRefused, text_of, texts_of, words_of


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("", ()),
        ("  red  build ", (Text(("red",)), Text(("build",)))),
        ('"red build"', (Text(("red", "build")),)),
        ('"red build', (Text(("red", "build")),)),
        (r'"say \"hi\" \\ there"', (Text(("say", "hi", "there")),)),
        ("store/pool.py", (Text(("store", "pool", "py")),)),
        ("apply_patch --force", (Text(("apply", "patch")), Text(("force",)))),
        ("readFile v1.2.3", (Text(("readFile",)), Text(("v1", "2", "3")))),
        ("migrat*", (Text(("migrat",), beginning=True),)),
        ("store/po*", (Text(("store", "po"), beginning=True),)),
        ('"migrat*"', (Text(("migrat",)),)),
        ("red red", (Text(("red",)),)),
        ("naïve Straße שלום مرحبا", (Text(("naïve",)), Text(("Straße",)), Text(("שלום",)), Text(("مرحبا",)))),
        ("数据库 カナ", (Text(("数", "据", "库")), Text(("カ", "ナ")))),
        ("ship\N{ROCKET}it “quoted”", (Text(("ship", "it")), Text(("quoted",)))),
        ("&|!():'<-> ab", None),
    ],
)
def test_a_line_of_words_and_phrases(line: str, texts: tuple[Text, ...] | None) -> None:
    if texts is None:
        with pytest.raises(TextRefused, match="no letter and no digit"):
            texts_of(line)
    else:
        assert texts_of(line) == texts


def test_a_word_counts_as_far_as_it_is_indexed() -> None:
    assert words_of("a" * 101) == ["a" * 100]


@pytest.mark.parametrize(
    ("written", "words"),
    [("\N{ROCKET}", "no letter"), ("a*", "at least 2"), ("*part*", "write part*"), ("*", "no letter")],
)
def test_what_cannot_be_searched_for_says_why(written: str, words: str) -> None:
    with pytest.raises(TextRefused, match=words):
        text_of(written)


@given(st.text())
def test_whatever_is_typed_is_understood_or_refused(line: str) -> None:
    try:
        found = texts_of(line)
    except TextRefused:
        return
    assert all(word and word == "".join(words_of(word)) for text in found for word in text.words)
