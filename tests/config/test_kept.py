"""What is kept and what is blackened: by environment and by file, for all providers and for each."""

from pathlib import Path

import pytest

from aibridge.capture import Capture, words_of
from support.settings import load, refusal

KNOWN = "any of prompts, tools, thoughts, answers, tool_results, separated by commas, or none"


def test_prompts_tools_and_thoughts_are_kept_unless_something_else_is_set(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert {each.capture for each in settings.providers} == {Capture()}
    assert settings.redact == ()


def test_a_providers_own_setting_goes_over_that_of_all(tmp_path: Path) -> None:
    (tmp_path / "aibridge.toml").write_text('capture = "none"\n[[provider]]\ntype = "copilot"\ncapture = "tools"\n')
    settings = load(tmp_path, OPENAI_CAPTURE=" Prompts , answers ", PROVIDER_1_TYPE="openai", PROVIDER_1_NAME="router")
    assert [(each.name, words_of(each.capture)) for each in settings.providers] == [
        ("anthropic", ()),
        ("openai", ("prompts", "answers")),
        ("copilot", ("tools",)),
        ("router", ()),
    ]


@pytest.mark.parametrize("name", ["CAPTURE", "ANTHROPIC_CAPTURE", "PROVIDER_0_CAPTURE"])
def test_an_unknown_word_names_the_setting_and_the_words_there_are(tmp_path: Path, name: str) -> None:
    more = {"PROVIDER_0_TYPE": "copilot"}
    assert (
        refusal(tmp_path, **more, **{name: "prompts,tool"}) == f"AIBRIDGE_{name} must be {KNOWN}, not 'prompts,tool'."
    )


def test_none_stands_alone(tmp_path: Path) -> None:
    assert refusal(tmp_path, CAPTURE="none,tools") == f"AIBRIDGE_CAPTURE must be {KNOWN}, not 'none,tools'."


def test_a_default_that_somebody_set_up_is_no_longer_free(tmp_path: Path) -> None:
    """As with its other settings."""
    assert refusal(tmp_path, OPENAI_CAPTURE="none", PROVIDER_0_TYPE="openai").startswith(
        "AIBRIDGE_OPENAI_CAPTURE and AIBRIDGE_PROVIDER_0_NAME both set up a provider 'openai'."
    )


def test_built_in_patterns_come_first_and_own_ones_by_name(tmp_path: Path) -> None:
    """The environment goes over the file, name by name."""
    (tmp_path / "aibridge.toml").write_text(
        "redact = 'emails'\n[redact_pattern]\nemployee = '\\bE-\\d{6}\\b'\ncase = 'A'\n"
    )
    settings = load(tmp_path, REDACT_PATTERN_CASE=r"CASE-\d+", REDACT_PATTERN_TICKET="T-1")
    assert [(each.name, each.expression) for each in settings.redact[1:]] == [
        ("case", r"CASE-\d+"),
        ("employee", r"\bE-\d{6}\b"),
        ("ticket", "T-1"),
    ]
    assert settings.redact[0].name == "emails"
    assert [each.name for each in load(tmp_path, REDACT="secrets, secrets,credit_cards").redact[:2]] == [
        "secrets",
        "credit_cards",
    ]


def test_a_pattern_that_is_none_stops_the_start(tmp_path: Path) -> None:
    """With a sentence that names it."""
    assert refusal(tmp_path, REDACT_PATTERN_X="(?=a)b") == (
        "AIBRIDGE_REDACT_PATTERN_X must be a pattern that RE2 takes (invalid perl operator: (?=)."
    )
    assert refusal(tmp_path, REDACT_PATTERN_X="a?") == (
        "AIBRIDGE_REDACT_PATTERN_X must be a pattern that does not match the empty text."
    )
    file = tmp_path / "aibridge.toml"
    file.write_text("[redact_pattern]\n'my pattern' = 'x'\n")
    assert refusal(tmp_path) == (
        f"`my pattern` of [redact_pattern] in {file} must be "
        "named in lower-case letters and digits, with single dashes or underscores between."
    )
    file.write_text("[redact_pattern]\nx = 1\n")
    assert refusal(tmp_path).startswith(f"`redact_pattern` in {file} must be a table of texts.")


def test_an_unknown_kind_of_secret_names_those_there_are(tmp_path: Path) -> None:
    assert refusal(tmp_path, REDACT="phones") == (
        "AIBRIDGE_REDACT must be any of secrets, emails, credit_cards, separated by commas, not 'phones'."
    )


def test_patterns_that_are_too_much_together_stop_the_start(tmp_path: Path) -> None:
    large = {f"REDACT_PATTERN_X{number}": r"(?:\pL{900}\pN{900}){1}" for number in range(12)}
    assert refusal(tmp_path, **large).startswith(
        "All patterns of redaction together must be a pattern that RE2 takes ("
    )
