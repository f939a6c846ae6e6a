"""What the built-in patterns find, what they leave alone, and which patterns of the deployment's own are refused."""

import time
from collections import Counter

import pytest

from aibridge.redaction.patterns import BUILT_IN, is_card, own_pattern
from aibridge.redaction.redactor import Redactor

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAA\n" * 3
SECRETS = [
    "sk-ant-api03-" + "Ab1_" * 20,
    "sk-proj-" + "Ab1-" * 10,
    "sk-or-v1-" + "0123456789abcdef" * 4,
    "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345",
    "github_pat_" + "11ABCDEFG0123456789_abcdefghijk",
    "glpat-" + "0123456789_abcdefghi",
    "AIza" + "SyA0123456789abcdefghijklmnopqrstuv",
    "xoxb-" + "1234567890-abcdefghij",
    "hf_" + "abcdefghijklmnopqrstuvwxyz012345",
    "AKIA" + "IOSFODNN7EXAMPLE",
    'aws_secret_access_key = "' + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "Bearer " + "abcdef0123456789abcdef",
    "Authorization: Basic " + "QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    "postgresql://me:hunter2-hunter2@",
    "aib_abcdefgh_0123456789",
    KEY + "-----END OPENSSH PRIVATE KEY-----",
    KEY,
    (KEY + "-----END OPENSSH PRIVATE KEY-----").replace("\n", "\\n"),
]
HARMLESS = [
    "task-risk-desk-asked for a flask-login-manager-extension",
    "bearer of bad news; a basic understanding of internationalization",
    "the key is -----BEGIN PUBLIC KEY----- and so on",
    "the words -----BEGIN PRIVATE KEY----- begin a key, and this is none",
    "https://example.com/a:b@c",
    "npm-install-something-with-a-long-name",
    "commit 5f0c0b0e7c1f4a9e9a432c8b64f0a3d15f0c0b0e",
]


def blackened(name: str, text: str) -> tuple[str, int]:
    found: Counter[str] = Counter()
    return Redactor([BUILT_IN[name]]).text(text, found), found[name]


@pytest.mark.parametrize("secret", SECRETS, ids=range(len(SECRETS)))
def test_a_secret_is_found_in_the_middle_of_words(secret: str) -> None:
    """Nothing of it that would be of use is left."""
    text, count = blackened("secrets", f"please use {secret} for this (thanks)")
    assert "[redacted:secrets]" in text
    assert count == 1
    assert secret[-12:].strip() not in text
    assert text.startswith("please use ")
    assert text.endswith("(thanks)")


@pytest.mark.parametrize("text", HARMLESS)
def test_words_that_look_a_little_like_secrets_are_left_alone(text: str) -> None:
    assert blackened("secrets", text) == (text, 0)


def test_addresses_of_people() -> None:
    text, count = blackened("emails", "write to dana.dunn+x@mail.example.co.uk, not to @dana or a@b")
    assert (text, count) == ("write to [redacted:emails], not to @dana or a@b", 1)


@pytest.mark.parametrize("card", ["4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "6011111111111117"])
def test_payment_cards(card: str) -> None:
    """As issuers publish them for tests."""
    assert blackened("credit_cards", f"charge {card}.") == ("charge [redacted:credit_cards].", 1)


@pytest.mark.parametrize("number", ["4111 1111 1111 1112", "1234567890123", "2026-11-23 04:30:29", "4111"])
def test_other_numbers_are_no_cards(number: str) -> None:
    """Their last digit checks nothing, or they are too short."""
    assert blackened("credit_cards", f"number {number}.") == (f"number {number}.", 0)


def test_the_check_of_a_card_counts_its_digits() -> None:
    assert is_card("4111-1111-1111-1111")
    assert not is_card("0")
    assert not is_card("4" + "0" * 30)


@pytest.mark.parametrize(
    ("name", "expression", "reason"),
    [
        ("x", "(?<=a)b", "a pattern that RE2 takes (invalid perl operator: (?<=)"),
        ("x", r"(a)\1", r"a pattern that RE2 takes (invalid escape sequence: \1)"),
        ("x", "a{1001}", "a pattern that RE2 takes (invalid repetition size: {1001})"),
        ("x", "a*", "a pattern that does not match the empty text"),
        ("x y", "a", "named in lower-case letters and digits, with single dashes or underscores between"),
        ("emails", "a", "under another name: emails is built in"),
        ("x", "\ud800", "a pattern of characters that UTF-8 has"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused(name: str, expression: str, reason: str) -> None:
    """With the words that complete the sentence of the setting."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - its words are compared
        own_pattern(name, expression)
    assert str(refused.value).startswith(reason)


def test_no_pattern_takes_longer_than_the_text_is_long() -> None:
    """What hangs a backtracking engine for years takes it a moment."""
    redactor = Redactor([own_pattern("evil", "(a+)+b$")])
    begun = time.process_time()
    redactor.text("a" * 100_000, Counter())
    assert time.process_time() - begun < 5
