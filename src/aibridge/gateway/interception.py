"""What an intercepted exchange owes the record: begun before anything is revealed, sealed before the last bytes are."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog

from aibridge.dialects.error_kind import error_type
from aibridge.errors import StoreError
from aibridge.gateway.relay import UNRECORDED, Exchange, Fate
from aibridge.ops.metrics import Metrics
from aibridge.ops.scrub import MASK, scrub
from aibridge.recording.batch import Ticket
from aibridge.recording.discretion import Discretion
from aibridge.recording.recorder import Recorder
from aibridge.recording.rows import Ending
from aibridge.records import Begun, ErrorType, Finished, Outcome, ReplyFacts

NO_FACTS = ReplyFacts()
SHOWN = frozenset((Outcome.COMPLETED, Outcome.FAILED, Outcome.TRUNCATED))
"""After these the client gets at least the head of the answer."""

log = structlog.get_logger(__name__)


class Interception:
    """The record of one exchange. Satisfies `relay.Record`."""

    def __init__(
        self,
        recorder: Recorder,
        ticket: Ticket[Begun],
        *,
        dialect: str,
        arrived_at: float,
        metrics: Metrics,
        discretion: Discretion,
        secrets: Callable[[], Sequence[str]],
        told: Callable[[], Mapping[str, Any]],
    ) -> None:
        """Take a start over from the recorder.

        `discretion`: what of the answer may be kept; `secrets`: what the record must not repeat of an error message;
        `told`: what the log says of the request.
        """
        self._recorder = recorder
        self._ticket = ticket
        self._dialect = dialect
        self._arrived_at = arrived_at
        self._metrics = metrics
        self._discretion = discretion
        self._secrets = secrets
        self._told = told
        self._in_flight = metrics.began(ticket.row)
        self.comes_first = not recorder.available
        """The database failed lately: nothing is sent to the provider before the start is durable."""
        self._finish: Ticket[Finished] | None = None

    @property
    def begun(self) -> "asyncio.Future[StoreError | None]":
        """Resolves once the start is durable."""
        return self._ticket.promise

    @property
    def crowded(self) -> bool:
        """Others are being recorded at the same time."""
        return self._recorder.crowded

    async def seal(self, fate: Fate, exchange: Exchange) -> bool:
        """Write the end; False when the database did not take it in time. It is written later all the same."""
        if await self._hand_over(fate, exchange).promise is None:
            return True
        self._metrics.finish_failures.inc()
        log.error("the end of an interception could not be recorded in time", **self._told())
        return False

    def abandon(self, fate: Fate, exchange: Exchange) -> None:
        """Hand the end over without waiting: the recorder owns it now."""
        self._hand_over(fate, exchange)
        if fate is UNRECORDED:
            self._metrics.begin_failures.inc()
            log.error("the start of an interception could not be recorded", **self._told())

    def _hand_over(self, fate: Fate, exchange: Exchange) -> Ticket[Finished]:
        if self._finish is None:
            facts = exchange.tap.tell() if exchange.tap is not None else NO_FACTS
            ending = self._ending(fate, facts, exchange)
            facts, ending = self._discretion.of_reply(facts, ending, self._ticket.row.metadata)
            self._finish = self._recorder.finish(self._ticket, ending, facts)
            self._count(ending, facts)
        return self._finish

    def _count(self, ending: Ending, facts: ReplyFacts) -> None:
        self._in_flight.dec()
        counted = self._metrics.ended(
            self._ticket.row,
            ending.outcome,
            facts,
            seconds=time.monotonic() - self._arrived_at,
            first_byte_us=ending.time_to_first_byte_us,
        )
        if ending.notes:
            counted.retries.inc()

    def _ending(self, fate: Fate, facts: ReplyFacts, exchange: Exchange) -> Ending:
        outcome, kind, message = self._verdict(fate, facts, exchange)
        reply, first_byte_at = exchange.reply, exchange.first_byte_at
        return Ending(
            outcome=outcome,
            status_code=_status_shown(fate, exchange),
            error_type=kind,
            error_message=self._unquoted(message) if message else "",
            time_to_first_byte_us=None if first_byte_at is None else round((first_byte_at - self._arrived_at) * 1e6),
            partial=outcome is not Outcome.COMPLETED and not facts.ended,
            mutations=exchange.filter.mutations if exchange.filter else (),
            notes=("the idle connection was closed by the provider; the request was sent once more",)
            if reply is not None and reply.retried
            else (),
        )

    def _unquoted(self, message: str) -> str:
        """The message without the credentials of its request, whatever they look like, and what looks like one."""
        for secret in self._secrets():
            message = message.replace(secret, MASK)
        return scrub(message)

    def _verdict(self, fate: Fate, facts: ReplyFacts, exchange: Exchange) -> tuple[Outcome, ErrorType | None, str]:
        if fate.outcome is not Outcome.COMPLETED:
            return fate.outcome, fate.error_type, fate.message
        status = exchange.reply.status if exchange.reply else 0
        if status >= HTTPStatus.BAD_REQUEST or facts.failed:
            kind = error_type(status=status, dialect=self._dialect, code=facts.error_code)
            return Outcome.FAILED, kind, facts.error_message or facts.error_code or _phrase(status)
        deaf = exchange.tap is not None and exchange.tap.deaf
        if facts.ended or deaf:
            return Outcome.COMPLETED, None, ""
        return Outcome.TRUNCATED, ErrorType.UNKNOWN, "the answer ended without its terminal event"


def _status_shown(fate: Fate, exchange: Exchange) -> int | None:
    """What the client received, or will when the record is sealed; None when it left, or was left, before that."""
    if fate.refusal is not None and not exchange.started:
        return fate.refusal.status
    if exchange.reply is None or not (exchange.started or fate.outcome in SHOWN):
        return None
    return exchange.reply.status


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"HTTP status {status}"
