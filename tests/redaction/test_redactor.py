"""Blackening texts and JSON: nothing stays that should not, and JSON stays JSON."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibridge.redaction.patterns import BUILT_IN, own_pattern
from aibridge.redaction.redactor import Redactor

OWN = own_pattern("case", r"CASE-\d{4}")
MARK = "[redacted:case]"
REDACTOR = Redactor([*BUILT_IN.values(), OWN])


def blackened(text: str, redactor: Redactor = REDACTOR) -> tuple[str, dict[str, int]]:
    found: Counter[str] = Counter()
    return redactor.text(text, found), dict(found)


def test_what_holds_nothing_comes_back_as_it_is() -> None:
    for text in ("", "words", '{"a": "b\\n"}', "caf\u00e9 \U0001f600", '{"a":1.50}'):
        assert blackened(text) == (text, {})


def test_each_find_is_counted_under_its_name() -> None:
    text, found = blackened("CASE-1234 and CASE-5678, me@example.com")
    assert text == f"{MARK} and {MARK}, [redacted:emails]"
    assert found == {"case": 2, "emails": 1}


def test_json_is_blackened_string_by_string() -> None:
    """Names too; what is not concerned stays as it was written, with its blanks, its doubles and its numbers."""
    text, _ = blackened('{ "a":"x CASE-1234",\n "a" : 1.50, "CASE-5678":[true,"\\u00e9"] }')
    assert text == f'{{ "a":"x {MARK}",\n "a" : 1.50, "{MARK}":[true,"\\u00e9"] }}'


def test_what_is_spelt_with_escapes_is_found() -> None:
    """A provider may write any character as an escape."""
    spelt = "".join(f"\\u{ord(letter):04x}" for letter in "CASE-1234")
    assert blackened(f'{{"a":"{spelt}"}}') == (f'{{"a":"{MARK}"}}', {"case": 1})
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"
    assert json.loads(blackened(json.dumps({"file": f"a\n{key}\nb"}))[0]) == {"file": "a\n[redacted:secrets]\nb"}


def test_an_escape_is_no_letter() -> None:
    """The n of a line break does not begin an address."""
    text = json.dumps({"code": "import x\n@app.route"})
    assert blackened(text) == (text, {})


def test_a_bare_number_that_must_not_be_kept_becomes_a_string() -> None:
    """So that JSON stays JSON."""
    text, _ = blackened('{"card":4111111111111111,"other":4111111111111112}')
    assert json.loads(text) == {"card": "[redacted:credit_cards]", "other": 4111111111111112}


def test_json_that_was_cut_is_blackened_as_far_as_it_goes() -> None:
    """Also within its last string, and within an escape."""
    for cut in ("", "\\", "\\u00"):
        assert blackened(f'{{"a":"CASE-1234 b{cut}')[0].startswith(f'{{"a":"{MARK} b')


def test_a_pattern_that_reaches_beyond_a_string_takes_the_whole() -> None:
    """Anything less would leave no JSON, or what should be gone."""
    redactor = Redactor([own_pattern("password", r'"password":\s*"[^"]*"')])
    assert blackened('{"password": "hunter2"}', redactor) == ('"[redacted:password]"', {"password": 1})
    assert blackened('{"password": "hunter2", "x', redactor)[0] == '{[redacted:password], "x'


def test_an_anchor_means_the_text_or_the_string() -> None:
    redactor = Redactor([own_pattern("start", r"^secret\d$")])
    assert blackened("secret1", redactor)[0] == "[redacted:start]"
    assert blackened("a secret1", redactor)[0] == "a secret1"
    assert blackened('["secret1"]', redactor)[0] == '["[redacted:start]"]'


def test_prose_that_begins_with_a_bracket_is_prose() -> None:
    assert blackened("[PATCH] CASE-1234 {") == (f"[PATCH] {MARK} {{", {"case": 1})
    assert blackened('"CASE-1234" said she') == (f'"{MARK}" said she', {"case": 1})


def test_lone_surrogates_and_other_odd_characters_pass() -> None:
    """Whatever a provider sends; making it storable is another's concern."""
    assert blackened("\ud800 CASE-1234 \udfff\0") == (f"\ud800 {MARK} \udfff\0", {"case": 1})
    assert blackened('{"a":"\\ud800 CASE-1234"}')[1] == {"case": 1}


def test_a_pattern_of_single_bytes_may_cut_a_character() -> None:
    text, found = blackened("caf\u00e9", Redactor([own_pattern("byte", r"f\C")]))
    assert (text[:2], found) == ("ca", {"byte": 1})


def test_matches_of_nothing_are_none() -> None:
    assert blackened("a b", Redactor([own_pattern("edge", r"\b|zz")])) == ("a b", {})


def test_a_string_that_no_parser_reads_is_blackened_as_it_stands() -> None:
    assert blackened('{"a":"CASE-1234 \\q"}') == (f'{{"a":"{MARK} \\q"}}', {"case": 1})


def test_values_of_any_shape_are_walked() -> None:
    found: Counter[str] = Counter()
    value = {"a": ["CASE-1234", {"CASE-5678": ("x", 1, None, True)}], "n": 1.5}
    assert REDACTOR.value(value, found) == {"a": [MARK, {MARK: ["x", 1, None, True]}], "n": 1.5}
    assert found == {"case": 2}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text(max_size=8)
    | st.just("CASE-1234")
    | st.just("x\nCASE-1234"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("CASE-9"), inner, max_size=3)
    ),
    max_leaves=12,
)


def expected(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("CASE-1234", MARK)
    if isinstance(value, list):
        return [expected(item) for item in value]
    return {expected(key): expected(item) for key, item in value.items()} if isinstance(value, dict) else value


@given(JSON, st.booleans(), st.sampled_from([None, 1]))
def test_property_json_stays_json_and_only_what_matches_is_gone(value: Any, ascii_: bool, indent: int | None) -> None:  # noqa: FBT001
    """However it was written."""
    written = json.dumps(value, ensure_ascii=ascii_, indent=indent)
    text, _ = blackened(written, Redactor([OWN]))
    assert json.loads(text) == expected(value)


@given(st.text(max_size=40), st.text(max_size=40))
def test_property_what_must_not_be_kept_is_not_kept(before: str, after: str) -> None:
    """Wherever it stands in whatever text."""
    text, _ = blackened(f"{before}CASE-1234{after}", Redactor([OWN]))
    assert "CASE-1234" not in text


@pytest.mark.parametrize("opening", ["{", "[", '"', "", " \n{"])
@given(body=st.text(alphabet='"\\{}[]:,aCASE-1234u \n', max_size=30))
def test_property_the_same_of_what_is_almost_json(opening: str, body: str) -> None:
    """Broken in any way."""
    text, _ = blackened(f"{opening}{body} CASE-1234", Redactor([OWN]))
    assert "CASE-1234" not in text
