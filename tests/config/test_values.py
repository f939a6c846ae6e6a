"""How texts become values, and what is said of those that do not."""

from datetime import timedelta
from pathlib import Path

import pytest

from aibridge.config import Listen, values
from support.settings import load, refusal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:4180", Listen(host="127.0.0.1", port=4180)),
        ("localhost:0", Listen(host="localhost", port=0)),
        ("[::1]:4180", Listen(host="::1", port=4180)),
        (":4180", Listen(host="0.0.0.0", port=4180)),
        ("*:4180", Listen(host="0.0.0.0", port=4180)),
        ("4180", Listen(host="0.0.0.0", port=4180)),
    ],
)
def test_addresses(text: str, expected: Listen) -> None:
    assert values.listen(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("4096", 4096), ("64MiB", 64 * 2**20), ("10MB", 10**7), ("1 kib", 1024), ("2GiB", 2**31), ("5b", 5)],
)
def test_sizes(text: str, expected: int) -> None:
    assert values.size(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("5s", 5), ("500ms", 0.5), ("2m", 120), ("1.5s", 1.5), ("1m 30s", 90), ("1h", 3600)]
)
def test_times(text: str, expected: float) -> None:
    assert values.seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("60d", timedelta(days=60)), ("12h", timedelta(hours=12)), ("8w", timedelta(weeks=8)), ("0", None), ("0d", None)],
)
def test_retention(text: str, expected: timedelta | None) -> None:
    assert values.retention(text) == expected


def test_networks() -> None:
    assert values.networks("10.0.0.0/8, 192.0.2.7,::1") == ("10.0.0.0/8", "192.0.2.7/32", "::1/128")


@pytest.mark.parametrize(("name", "text", "problem"), [
    ("LISTEN", "foo", "an address such as 127.0.0.1:4180, [::1]:4180, or :4180 for every interface, not 'foo'"),
    ("LISTEN", "::1:80", "an address such as 127.0.0.1:4180, [::1]:4180, or :4180 for every interface, not '::1:80'"),
    ("LISTEN", ":70000", "an address such as 127.0.0.1:4180, [::1]:4180, or :4180 for every interface, not ':70000'"),
    ("WORKERS", "0", "a number of processes from 1 to 256, not '0'"),
    ("WORKERS", "two", "a number of processes from 1 to 256, not 'two'"),
    ("MAX_BODY", "lots", "a size such as 64MiB, 10MB or a number of bytes, not 'lots'"),
    ("MAX_BODY", "0", "a size such as 64MiB, 10MB or a number of bytes, not '0'"),
    ("BEGIN_TIMEOUT", "5", "a time such as 5s, 500ms or 2m, not '5'"),
    ("FINISH_TIMEOUT", "0", "a time such as 5s, 500ms or 2m, not '0'"),
    ("RETENTION", "60", "a time of at least an hour such as 60d, 12h or 8w, or 0 to keep for ever, not '60'"),
    ("RETENTION", "60ms", "a time of at least an hour such as 60d, 12h or 8w, or 0 to keep for ever, not '60ms'"),
    ("RETENTION", "99999999999d", "a shorter time, or 0 to keep for ever, not '99999999999d'"),
    ("RETENTION", "365001d", "a shorter time, or 0 to keep for ever, not '365001d'"),
    ("ALLOW_BYOK", "maybe", "true or false, not 'maybe'"),
    ("LOG_FORMAT", "xml", "auto, human or json, not 'xml'"),
    ("LOG_LEVEL", "loud", "debug, info, warning or error, not 'loud'"),
    ("ANTHROPIC_BASE_URL", "api.anthropic.com", "a URL such as https://api.example.com/v1, not 'api.anthropic.com'"),
    ("ANTHROPIC_BASE_URL", "ftp://x", "a URL such as https://api.example.com/v1, not 'ftp://x'"),
    ("ANTHROPIC_BASE_URL", "https://x:port", "a URL such as https://api.example.com/v1, not 'https://x:port'"),
    ("OPENAI_BASE_URL", "https://x/v1?a=b", "a URL without a query and a fragment, not 'https://x/v1?a=b'"),
    ("TRUSTED_PROXIES", "*",
     "addresses or networks such as 10.0.0.0/8, 192.0.2.7 or ::1, separated by commas, not '*'"),
    ("TRUSTED_PROXIES", "10.0.0.1/8",
     "addresses or networks such as 10.0.0.0/8, 192.0.2.7 or ::1, separated by commas, not '10.0.0.1/8'"),
    ("ACCESS_URL", "https://", "a URL such as https://ai.example.com, not 'https://'"),
])  # fmt: skip
def test_a_wrong_value_is_one_sentence_that_names_the_setting(
    tmp_path: Path, name: str, text: str, problem: str
) -> None:
    assert refusal(tmp_path, **{name: text}) == f"AIBRIDGE_{name} must be {problem}."


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ANTHROPIC_KEY", "sk-canary with-blank"),
        ("OPENAI_KEY", "sk-canary\nx"),
        ("DATABASE_URL", "mysql://canary@host/db"),
        ("OPENAI_BASE_URL", "https://user:canary@host/v1"),
    ],
)
def test_a_wrong_secret_is_not_repeated(tmp_path: Path, name: str, text: str) -> None:
    said = refusal(tmp_path, **{name: text})
    assert said.startswith(f"AIBRIDGE_{name} must be ")
    assert "canary" not in said


def test_a_wrong_value_in_the_file_is_named_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "aibridge.toml"
    file.write_text("workers = 0\n")
    assert refusal(tmp_path) == f"`workers` in {file} must be a number of processes from 1 to 256, not '0'."
    file.write_text('[[provider]]\ntype = "x"\n')
    assert refusal(tmp_path) == (f"`type` of [[provider]] 0 in {file} must be anthropic, openai or copilot, not 'x'.")


def test_blanks_around_a_value_do_no_harm(tmp_path: Path) -> None:
    assert load(tmp_path, WORKERS=" 2 ").workers == 2
