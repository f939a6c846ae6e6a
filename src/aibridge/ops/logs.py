"""One log for everything: ours, uvicorn's, asyncio's, warnings. For people on a terminal, JSON lines elsewhere.

No secret gets through: values are masked by name and by look, tracebacks show no local variables, and control
characters that a client put into a path cannot steer a terminal.
"""

import logging
import re
import sys
from enum import StrEnum
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from aibridge.ops.scrub import scrub, scrub_value


class LogFormat(StrEnum):
    """How lines look."""

    AUTO = "auto"
    """Human on a terminal, else JSON."""
    HUMAN = "human"
    JSON = "json"


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_ROUTED = ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio")
_EXPECTED = (
    "ASGI callable returned without completing response",  # how the data plane shows a client that upstream was cut
    "Unsupported upgrade request",  # answered 426 on purpose
    "No supported WebSocket library detected",
)


def configure_logs(
    log_format: LogFormat = LogFormat.AUTO, *, level: int = logging.INFO, stream: TextIO | None = None
) -> None:
    """Route every log of this process to one stream (standard error). Run uvicorn with `log_config=None`."""
    out = stream if stream is not None else sys.stderr
    human = log_format is LogFormat.HUMAN or (log_format is LogFormat.AUTO and out.isatty())
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,  # so that a second call, and a test, takes effect
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(_formatter(human=human, colors=human and out.isatty()))
    handler.addFilter(expected_by_us)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _ROUTED:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"  # the data plane counts requests itself
    logging.captureWarnings(True)


def expected_by_us(record: logging.LogRecord) -> bool:
    """A filter: False for uvicorn's chatter, and for its complaints about what the gateway does on purpose."""
    if not record.name.startswith("uvicorn"):
        return True
    return record.levelno >= logging.WARNING and not str(record.msg).startswith(_EXPECTED)


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask values that are named like secrets or look like them."""
    return {name: value if name.startswith("_") else scrub_value(name, value) for name, value in event.items()}


def escape_controls(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Make control characters other than tab and line feed visible: what a client sent must not steer a terminal."""
    return {name: _CONTROL.sub(_visible, value) if isinstance(value, str) else value for name, value in event.items()}


def _visible(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def _shared() -> list[Processor]:
    """What happens to every line, whoever wrote it."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(*, human: bool, colors: bool) -> logging.Formatter:
    render: list[Processor] = (
        [
            escape_controls,
            structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback),
        ]
        if human
        else [structlog.processors.JSONRenderer(sort_keys=True)]
    )
    return _Scrubbed(
        foreign_pre_chain=_shared(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask_secrets,
            *render,
        ],
    )


class _Scrubbed(structlog.stdlib.ProcessorFormatter):
    """The last door: the finished line is searched once more, tracebacks and all."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))
