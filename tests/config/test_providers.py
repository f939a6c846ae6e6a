"""Any number of provider instances, by number in the environment or as tables in the file."""

from pathlib import Path

import pytest

from aibridge.records import ProviderType
from support.settings import load, refusal


def test_instances_follow_the_defaults_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        PROVIDER_1_TYPE="copilot",
        PROVIDER_1_NAME="copilot-business",
        PROVIDER_1_BASE_URL="https://api.business.githubcopilot.com/",
        PROVIDER_0_TYPE="copilot",
    )
    assert [each.name for each in settings.providers] == ["anthropic", "openai", "copilot", "copilot-business"]
    assert settings.providers[2].base_url == "https://api.githubcopilot.com"
    assert settings.providers[3].base_url == "https://api.business.githubcopilot.com"
    assert settings.providers[3].type is ProviderType.COPILOT


def test_the_environment_completes_what_the_file_says(tmp_path: Path) -> None:
    """Keys belong into the environment, the rest into the file."""
    (tmp_path / "aibridge.toml").write_text(
        '[[provider]]\ntype = "openai"\nname = "router"\n'
        'base_url = "https://router.example/api/v1"\ninclude_usage = true\n'
    )
    router = load(tmp_path, PROVIDER_0_KEY="sk-1").providers[2]
    assert (router.name, router.base_url, router.include_usage) == ("router", "https://router.example/api/v1", True)
    assert router.key.reveal() == "sk-1"


@pytest.mark.parametrize(
    ("base_url", "asked", "expected"),
    [
        ("https://api.openai.com/v1", "", True),
        ("https://api.openai.com/v1", "off", False),
        ("https://router.example/v1", "", False),
        ("https://router.example/v1", "on", True),
    ],
)
def test_usage_is_asked_for_by_default_only_where_it_is_known(
    tmp_path: Path, base_url: str, asked: str, *, expected: bool
) -> None:
    assert load(tmp_path, OPENAI_BASE_URL=base_url, OPENAI_INCLUDE_USAGE=asked).providers[1].include_usage is expected


def test_an_instance_takes_the_place_of_a_default_that_nobody_set(tmp_path: Path) -> None:
    providers = load(tmp_path, PROVIDER_0_TYPE="anthropic", PROVIDER_0_BASE_URL="https://proxy.example").providers
    assert [(each.name, each.base_url) for each in providers] == [
        ("openai", "https://api.openai.com/v1"),
        ("anthropic", "https://proxy.example"),
    ]


def test_a_default_that_is_set_and_an_instance_of_its_name_stop_the_start(tmp_path: Path) -> None:
    assert refusal(tmp_path, PROVIDER_0_TYPE="anthropic", ANTHROPIC_KEY="k") == (
        "AIBRIDGE_ANTHROPIC_KEY and AIBRIDGE_PROVIDER_0_NAME both set up a provider 'anthropic'. "
        "Leave one out, or give the numbered one another name."
    )


def test_a_duplicate_name_stops_the_start(tmp_path: Path) -> None:
    twice = {"PROVIDER_0_TYPE": "openai", "PROVIDER_0_NAME": "x", "PROVIDER_1_TYPE": "openai", "PROVIDER_1_NAME": "x"}
    assert refusal(tmp_path, **twice) == (
        "AIBRIDGE_PROVIDER_0_NAME and AIBRIDGE_PROVIDER_1_NAME both name a provider 'x'. Give one another name."
    )


def test_a_gap_in_the_numbers_stops_the_start(tmp_path: Path) -> None:
    assert refusal(tmp_path, PROVIDER_0_TYPE="copilot", PROVIDER_2_TYPE="openai") == (
        "AIBRIDGE_PROVIDER_2_* is set and AIBRIDGE_PROVIDER_1_* is not. Number the providers from 0 without gaps."
    )


def test_an_instance_needs_a_type(tmp_path: Path) -> None:
    assert refusal(tmp_path, PROVIDER_0_NAME="x") == (
        "AIBRIDGE_PROVIDER_0_TYPE is missing. Set it to one of anthropic, openai, copilot."
    )


def test_a_key_for_copilot_has_no_use(tmp_path: Path) -> None:
    assert refusal(tmp_path, PROVIDER_0_TYPE="copilot", PROVIDER_0_KEY="sk-canary") == (
        "AIBRIDGE_PROVIDER_0_KEY has no use: with copilot everybody brings a credential of their own. Leave it out."
    )


@pytest.mark.parametrize(
    "name", ["interceptions", "sessions", "models", "clients", "providers", "users", "usage", "search", "proxy", "keys"]
)
def test_names_of_the_api_are_reserved(tmp_path: Path, name: str) -> None:
    said = refusal(tmp_path, PROVIDER_0_TYPE="openai", PROVIDER_0_NAME=name)
    assert said.startswith("AIBRIDGE_PROVIDER_0_NAME must be another name: ")
    assert name in said


@pytest.mark.parametrize("name", ["A", "a_b", "-a", "a-", "a--b", "a/b", "ä", "a.b"])
def test_a_name_is_a_slug(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, PROVIDER_0_TYPE="openai", PROVIDER_0_NAME=name) == (
        "AIBRIDGE_PROVIDER_0_NAME must be a name of lower-case letters, digits and single dashes, "
        f"such as copilot-business, not {name!r}."
    )
