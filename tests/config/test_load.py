"""Settings: environment over file over defaults."""

from datetime import timedelta
from pathlib import Path

import pytest

from aibridge.config import Listen, LogFormat, LogLevel, Secret, load_settings
from aibridge.errors import SettingsError
from aibridge.records import ProviderType
from support.settings import HOME, load, refusal


def test_with_no_settings_at_all_everything_has_a_value(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.listen == Listen(host="127.0.0.1", port=4180)
    assert settings.workers == 1
    assert settings.data_dir == Path("/home/ada/.local/share/aibridge")
    assert settings.database_url is None
    assert settings.database_direct_url is None
    assert settings.access_url == "http://127.0.0.1:4180"
    assert settings.allow_byok
    assert settings.retention == timedelta(days=60)
    assert (settings.max_body, settings.body_memory) == (64 * 2**20, 512 * 2**20)
    assert (settings.begin_timeout, settings.finish_timeout) == (5, 15)
    assert (settings.log_format, settings.log_level) == (LogFormat.AUTO, LogLevel.INFO)


def test_the_two_default_providers_exist_without_a_key(tmp_path: Path) -> None:
    anthropic, openai = load(tmp_path).providers
    assert (anthropic.name, anthropic.type) == ("anthropic", ProviderType.ANTHROPIC)
    assert (anthropic.base_url, anthropic.include_usage) == ("https://api.anthropic.com", False)
    assert (openai.name, openai.type) == ("openai", ProviderType.OPENAI)
    assert (openai.base_url, openai.include_usage) == ("https://api.openai.com/v1", True)
    assert not anthropic.key
    assert not openai.key


def test_environment_goes_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    (tmp_path / "aibridge.toml").write_text('listen = ":1"\nworkers = 3\nallow_byok = false\nmax_body = "1MiB"\n')
    settings = load(tmp_path, LISTEN="[::1]:2")
    assert settings.listen == Listen(host="::1", port=2)
    assert settings.workers == 3
    assert settings.allow_byok is False
    assert settings.max_body == 2**20


def test_another_file_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "aibridge.toml").write_text("workers = 3\n")
    (tmp_path / "other.toml").write_text("workers = 4\n")
    assert load(tmp_path, CONFIG="other.toml").workers == 4
    assert load(tmp_path, CONFIG=str(tmp_path / "other.toml")).workers == 4


def test_a_named_file_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    assert refusal(tmp_path, CONFIG="nix.toml") == (
        f"AIBRIDGE_CONFIG names {tmp_path}/nix.toml, and there is no such file."
    )


def test_a_variable_set_to_nothing_counts_as_not_set(tmp_path: Path) -> None:
    assert load(tmp_path, WORKERS="", OPENAI_KEY=" ").workers == 1


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "aibridge.toml").write_text("workers 3\n")
    assert refusal(tmp_path).startswith(f"{tmp_path}/aibridge.toml is not valid TOML: ")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_DATA_HOME": "/data"}, "/data/aibridge"),
        ({"XDG_DATA_HOME": "relative"}, "/home/ada/.local/share/aibridge"),
        ({"AIBRIDGE_DATA_DIR": "/srv/a"}, "/srv/a"),
        ({"AIBRIDGE_DATA_DIR": "~/a"}, "/home/ada/a"),
    ],
)
def test_where_the_data_goes(tmp_path: Path, environ: dict[str, str], expected: str) -> None:
    assert load_settings({**HOME, **environ}, tmp_path).data_dir == Path(expected)


def test_a_relative_data_folder_is_below_the_working_folder(tmp_path: Path) -> None:
    assert load(tmp_path, DATA_DIR="data").data_dir == tmp_path / "data"


def test_without_a_home_the_data_folder_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="HOME is not set"):
        load_settings({}, tmp_path)
    assert load_settings({"AIBRIDGE_DATA_DIR": "/srv/a"}, tmp_path).data_dir == Path("/srv/a")


def test_the_access_url_follows_from_where_we_listen(tmp_path: Path) -> None:
    assert load(tmp_path, LISTEN=":80").access_url == "http://127.0.0.1:80"
    assert load(tmp_path, LISTEN="[::]:80").access_url == "http://[::1]:80"
    assert load(tmp_path, LISTEN=":80", ACCESS_URL="https://ai.example.com/").access_url == "https://ai.example.com"


def test_no_secret_is_ever_printed(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        ANTHROPIC_KEY="sk-canary",
        DATABASE_URL="postgresql://me:canary@host/db",
        DATABASE_DIRECT_URL="postgresql://me:canary@host/db",
        PROVIDER_0_TYPE="openai",
        PROVIDER_0_NAME="azure",
        PROVIDER_0_KEY="sk-canary",
    )
    assert "canary" not in f"{settings!r} {settings}"
    assert settings.providers[0].key.reveal() == "sk-canary"
    assert Secret("a") == Secret("a") != Secret("b")


def test_an_unknown_name_suggests_the_nearest_known_one(tmp_path: Path) -> None:
    assert refusal(tmp_path, LISTN="x") == "AIBRIDGE_LISTN is not a setting of aibridge. Did you mean AIBRIDGE_LISTEN?"
    assert refusal(tmp_path, PROVIDER_0_KEYS="x") == (
        "AIBRIDGE_PROVIDER_0_KEYS is not a setting of aibridge. Did you mean AIBRIDGE_PROVIDER_0_KEY?"
    )
    assert refusal(tmp_path, QUXQUXQUX="x") == (
        "AIBRIDGE_QUXQUXQUX is not a setting of aibridge. See docs/settings.md for the names there are."
    )


def test_an_unknown_key_of_the_file_suggests_the_nearest_known_one(tmp_path: Path) -> None:
    file = tmp_path / "aibridge.toml"
    file.write_text("worker = 3\n")
    assert refusal(tmp_path) == f"`worker` in {file} is not a setting of aibridge. Did you mean workers?"
    file.write_text('[[provider]]\ntype = "openai"\nurl = "x"\n')
    assert refusal(tmp_path).startswith(f"`url` in [[provider]] 0 of {file} is not a setting of aibridge.")
    file.write_text('[provider]\ntype = "openai"\n')
    assert refusal(tmp_path) == f"`provider` in {file} must be a list of tables. Write [[provider]], with two brackets."
    file.write_text("listen = [1]\n")
    assert refusal(tmp_path) == f"`listen` in {file} must be a text, a number or a boolean."


def test_kubernetes_service_links_do_not_stop_the_start(tmp_path: Path) -> None:
    """Trap 32. Kubernetes injects these for Services named aibridge and aibridge-database."""
    links = {
        "SERVICE_HOST": "10.0.0.7",
        "SERVICE_PORT": "4180",
        "SERVICE_PORT_HTTP": "4180",
        "PORT": "tcp://10.0.0.7:4180",
        "PORT_4180_TCP": "tcp://10.0.0.7:4180",
        "PORT_4180_TCP_PROTO": "tcp",
        "PORT_4180_TCP_PORT": "4180",
        "PORT_4180_TCP_ADDR": "10.0.0.7",
        "DATABASE_SERVICE_HOST": "10.0.0.8",
        "DATABASE_PORT": "tcp://10.0.0.8:5432",
        "DATABASE_PORT_5432_TCP_ADDR": "10.0.0.8",
    }
    assert load(tmp_path, **links) == load(tmp_path)


def test_names_for_tests_are_left_alone(tmp_path: Path) -> None:
    assert load(tmp_path, TEST_DATABASE_URL="x") == load(tmp_path)


def test_a_port_that_is_no_service_link_is_a_mistake(tmp_path: Path) -> None:
    assert refusal(tmp_path, LISTEN_PORT="4180").startswith("AIBRIDGE_LISTEN_PORT is not a setting of aibridge.")


def test_fewer_bytes_for_all_bodies_than_for_one_is_a_mistake(tmp_path: Path) -> None:
    assert refusal(tmp_path, BODY_MEMORY="1MiB") == "AIBRIDGE_BODY_MEMORY must not be smaller than AIBRIDGE_MAX_BODY."


def test_a_direct_address_needs_the_other_one(tmp_path: Path) -> None:
    assert refusal(tmp_path, DATABASE_DIRECT_URL="postgresql://host/db") == (
        "AIBRIDGE_DATABASE_DIRECT_URL is set and AIBRIDGE_DATABASE_URL is not. Set both or neither."
    )
