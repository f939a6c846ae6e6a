"""The command itself: help, version, and how failures end."""

import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import pytest

from aibridge.cli import main
from aibridge.cli.first_steps import first_steps
from aibridge.errors import AIBridgeError
from support.postgres_visitor import runs
from support.settings import load
from support.terminal import Ended, Terminal

HEAVY = {"asyncpg", "fastapi", "rich", "uvicorn", "uvloop", "argon2"}


def test_the_version(tmp_path: Path) -> None:
    assert Terminal(tmp_path).read("version") == version("aibridge")


@pytest.mark.parametrize("command", [(), ("users",), ("tokens",), ("db",), ("tokens", "create")])
def test_help_is_for_every_command(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert Terminal(tmp_path).read(*command, "--help").startswith("Usage: aibridge")


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("users", "create"), "{NAME}"),
        (("tokens", "list"), "[OPTIONS] [USER]\n"),
        (("tokens", "create"), "--scope gateway|api "),
        (("db", "restore"), "{FILE}"),
        (("serve",), "--listen ADDRESS "),
    ],
)
def test_help_names_what_is_to_be_given(tmp_path: Path, command: tuple[str, ...], shown: str) -> None:
    assert shown in Terminal(tmp_path).read(*command, "--help")


def test_help_loads_nothing_heavy() -> None:
    """That is what keeps it instant. (typer brings pydantic by itself.)"""
    look = "import sys; from aibridge.cli.main import run; run(['tokens', '--help']); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY & set(modules)


@pytest.mark.parametrize("wrong", [("bogus",), ("users", "create"), ("users", "create", "ada", "--role", "king")])
def test_wrong_usage_is_status_2(tmp_path: Path, wrong: tuple[str, ...]) -> None:
    ended = Terminal(tmp_path).call(*wrong)
    assert (ended.status, ended.out) == (2, "")
    assert "Error: " in ended.err


@pytest.mark.parametrize("command", [("users", "list"), ("db", "url"), ("serve",)])
def test_a_wrong_setting_is_one_sentence_and_status_1(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert Terminal(tmp_path, WORKRES="2").call(*command) == Ended(
        1, "", "aibridge: AIBRIDGE_WORKRES is not a setting of aibridge. Did you mean AIBRIDGE_WORKERS?\n"
    )


def test_a_flag_goes_over_the_setting(tmp_path: Path) -> None:
    ended = Terminal(tmp_path, LISTEN="127.0.0.1:0").call("serve", "--listen", "nowhere")
    assert ended.status == 1
    assert ended.err.startswith("aibridge: AIBRIDGE_LISTEN must be an address ")


def test_sigterm_during_a_command_still_stops_the_server_it_started(tmp_path: Path) -> None:
    """A password is waited for; the database is not open yet, or it is closed on the way out."""
    terminal = Terminal(tmp_path, DATA_DIR=str(tmp_path / "data"))
    look = (
        "import sys; from aibridge.cli import main, database\n"
        "@main.app.command()\n"
        "def wait() -> None:\n"
        "    with database.database():\n"
        "        print('in', flush=True)\n"
        "        sys.stdin.read()\n"
        "sys.exit(main.run(['wait']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", look], env=terminal.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as command:
        assert command.stdout
        assert command.stdout.readline() == b"in\n"
        os.kill(command.pid, signal.SIGTERM)
        assert command.wait(30) == 128 + signal.SIGTERM
    assert not runs(tmp_path / "data")


WELCOME = "http://127.0.0.1:8080/welcome?token=x"


def test_the_first_steps_lead_to_a_working_claude_code(tmp_path: Path) -> None:
    text = first_steps(load(tmp_path, LISTEN=":8080"), welcome=WELCOME, command=".venv/bin/aibridge")
    assert f"\n{WELCOME}\n" in text
    assert "  .venv/bin/aibridge users create ada --role owner\n" in text
    assert "  .venv/bin/aibridge tokens create ada\n" in text
    assert "  export ANTHROPIC_BASE_URL=http://127.0.0.1:8080/api/v2/aibridge/anthropic\n" in text
    assert "  export ANTHROPIC_AUTH_TOKEN=<the token>\n" in text
    assert "AIBRIDGE_ANTHROPIC_KEY" in text


def test_the_first_steps_ask_for_no_key_that_is_there(tmp_path: Path) -> None:
    assert "AIBRIDGE_ANTHROPIC_KEY" not in first_steps(load(tmp_path, ANTHROPIC_KEY="k"), welcome=WELCOME)


@pytest.mark.parametrize("deep", [1, 3])
def test_a_sentence_out_of_a_group_of_tasks_is_still_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], deep: int
) -> None:
    def fail(arguments: list[str], **options: object) -> NoReturn:
        error: Exception = AIBridgeError("The database is gone.")
        for _ in range(deep):
            error = ExceptionGroup("tasks", [ValueError(), error])
        raise error

    monkeypatch.setattr(main, "app", fail)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the handler would outlive this test
    assert main.run([]) == 1
    assert capsys.readouterr().err == "aibridge: The database is gone.\n"
