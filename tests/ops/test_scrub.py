"""No secret survives in text that people read (trap 20)."""

import json

import pytest

from aibridge.auth.tokens import mint
from aibridge.ops.scrub import MASK, scrub, scrub_value

CANARY = "c4n4ryC4N4RYc4n4ryC4N4RY"


@pytest.mark.parametrize(
    "text",
    [
        f"sk-{CANARY}",
        f"key sk-ant-api03-{CANARY} refused",
        f"sk-proj-{CANARY}_x",
        f"Authorization: Bearer {CANARY}",
        f"authorization: bearer   {CANARY}",
        f"Authorization: Basic {CANARY}",
        f"{{'authorization': 'Bearer {CANARY}'}}",
        f'{{"x-api-key": "{CANARY}"}}',
        f"X-Api-Key={CANARY}&a=b",
        f"password={CANARY}",
        f"ghu_{CANARY} github_pat_{CANARY}",
        f"AIza{CANARY}",
        f"eyJ{CANARY}.{CANARY}.{CANARY}",
        f"postgresql://aibridge:{CANARY}@db.example:5432/aibridge",
    ],
)
def test_secrets_are_masked_by_look(text: str) -> None:
    assert CANARY not in scrub(text)
    assert MASK in scrub(text)
    assert scrub(scrub(text)) == scrub(text)


def test_an_aibridge_token_is_masked_anywhere() -> None:
    token = mint().token
    assert scrub(f"a={token}&b") == f"a={MASK}&b"
    assert scrub(token[:30]) == MASK


@pytest.mark.parametrize(
    "text",
    [
        "No aibridge token was sent. Send one as `Authorization: Bearer` or `X-Api-Key`.",
        "POST /v1/messages 200 in 1.2 s",
        "postgresql://db.example:5432/aibridge",
        "claude-sonnet-4-5 task-list risk-free basic authentication, bearer token",
        "",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert scrub(text) == text


def test_a_line_of_json_stays_one() -> None:
    """Masking never eats a quote or the backslash before it."""
    line = json.dumps({"event": f'said "Bearer {CANARY}" and "x-api-key: {CANARY}" twice', "n": 1})
    assert json.loads(scrub(line))["n"] == 1
    assert CANARY not in scrub(line)


@pytest.mark.parametrize("name", ["Authorization", "x-api-key", "X_API_KEY", "cookie", "password", "token"])
def test_secrets_are_masked_by_name(name: str) -> None:
    """A secret that looks like nothing is still one by its name, at any depth, in mappings and lists of headers."""
    assert scrub_value(name, "plain") == MASK
    assert scrub_value("headers", {name: "plain", "accept": "x"}) == {name: MASK, "accept": "x"}
    assert scrub_value("headers", [(name.encode(), b"plain"), (b"accept", b"x")]) == [[name, MASK], ["accept", "x"]]


def test_other_values_keep_their_meaning() -> None:
    assert scrub_value("count", 3) == 3
    assert scrub_value("ok", value=True) is True
    assert scrub_value("token", None) is None
    assert scrub_value("names", ("a", 1)) == ["a", 1]
    assert scrub_value("body", f"x sk-{CANARY}".encode()) == f"x {MASK}"
    assert scrub_value("error", ValueError(f"sk-{CANARY}")) == MASK
