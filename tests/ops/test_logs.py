"""One log, readable by people or machines, and by nobody who looks for secrets."""

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from aibridge.auth.tokens import mint
from aibridge.ops.logs import LogFormat, configure_logs

CANARY = "c4n4ryC4N4RYc4n4ryC4N4RY"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def fail_with(key: str) -> None:
    raise ValueError(f"provider said: {key} is wrong")


def test_json_when_nobody_watches() -> None:
    out = io.StringIO()
    configure_logs(stream=out)
    structlog.get_logger("aibridge.test").warning("upstream slow", provider="anthropic", seconds=3)
    (line,) = lines(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "upstream slow",
        "level": "warning",
        "logger": "aibridge.test",
        "provider": "anthropic",
        "seconds": 3,
    }


def test_human_on_a_terminal() -> None:
    out = Terminal()
    configure_logs(stream=out)
    structlog.get_logger().info("listening", address="127.0.0.1:4180")
    assert "listening" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_a_format_can_be_asked_for() -> None:
    out = Terminal()
    configure_logs(LogFormat.JSON, stream=out)
    structlog.get_logger().info("hello")
    assert lines(out)[0]["event"] == "hello"


def test_everybodys_logs_arrive_in_one_form() -> None:
    """The servers', the event loop's and Python's warnings, each once."""
    out = io.StringIO()
    configure_logs(stream=out)
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received [%d]", 7)
    logging.getLogger("asyncio").error("Task was destroyed")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)  # pytest has put back what was captured before, and logging does not know
        logging.captureWarnings(True)
        warnings.warn("old habit", stacklevel=1)
    assert [line["logger"] for line in lines(out)] == ["uvicorn.error", "asyncio", "py.warnings"]
    assert lines(out)[0]["event"] == "Invalid HTTP request received [7]"


@pytest.mark.parametrize(
    ("logger", "message", "kept"),
    [
        ("uvicorn.error", "ASGI callable returned without completing response.", False),
        ("uvicorn.error", "Unsupported upgrade request.", False),
        ("uvicorn.error", "No supported WebSocket library detected. Please use …", False),
        ("uvicorn.error", "ASGI callable returned without starting response.", True),
        ("aibridge", "Unsupported upgrade request.", True),
    ],
)
def test_what_the_gateway_does_on_purpose_is_no_error(logger: str, message: str, kept: bool) -> None:  # noqa: FBT001
    out = io.StringIO()
    configure_logs(stream=out)
    logging.getLogger(logger).error(message)
    assert len(lines(out)) == kept


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.HUMAN])
def test_no_secret_gets_through(log_format: LogFormat) -> None:
    """Trap 20: not in the message, a value, a nested header, a standard record's arguments, or a traceback."""
    out = io.StringIO()
    configure_logs(log_format, stream=out)
    token = mint().token
    log = structlog.get_logger()
    event = f"refused {token}"
    log.info(event)
    log.info("headers", headers=[(b"authorization", f"Bearer {CANARY}".encode()), (b"x-api-key", CANARY.encode())])
    log.info("named", password=CANARY, nested={"deep": {"x-api-key": CANARY}, f"sk-{CANARY}": "in a key"})
    logging.getLogger("uvicorn.error").error("bad header %r", f"Bearer {CANARY}")
    try:
        fail_with(f"sk-{CANARY}")
    except ValueError:
        log.exception("failed", token=token)
    assert CANARY not in out.getvalue()
    assert token.rsplit("_", 1)[1] not in out.getvalue()
    assert "ValueError" in out.getvalue()


def test_a_clients_control_characters_do_not_steer_the_terminal() -> None:
    out = io.StringIO()
    configure_logs(LogFormat.HUMAN, stream=out)
    structlog.get_logger().info("route not supported", path="/\x1b[2J\x07\r\x9b31m")
    logging.getLogger("uvicorn.error").warning("odd target %s", "/\x1b[2J\x07\r\x9b31m")
    try:
        fail_with("\x1b[2J")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert not any(char in out.getvalue() for char in "\x1b\x07\r\x9b")
    assert "\\x1b[2J" in out.getvalue()


def test_lines_below_the_level_are_not_made() -> None:
    out = io.StringIO()
    configure_logs(stream=out, level=logging.WARNING)
    structlog.get_logger().info("quiet")
    logging.getLogger("uvicorn.error").info("quiet")
    assert out.getvalue() == ""


async def test_context_follows_the_task() -> None:
    """A request's id bound once stands on every line of its task, and on no other's."""
    out = io.StringIO()
    configure_logs(stream=out)

    async def request(number: int) -> None:
        structlog.contextvars.bind_contextvars(interception_id=number)
        await asyncio.sleep(0)
        structlog.get_logger().info("done", number=number)

    await asyncio.gather(request(1), request(2))
    assert [line["interception_id"] == line["number"] for line in lines(out)] == [True, True]
