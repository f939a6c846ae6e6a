"""A request as a row: what it was about in two lines, and how it ended in a word."""

import msgspec
from markupsafe import Markup

from aibridge.records import Outcome
from aibridge.store.request_log import ReadRequest
from aibridge.web.charts import token_bar
from aibridge.web.tool_shown import main_argument, tool_icon, tool_name

ENDINGS = {
    Outcome.COMPLETED: "Completed",
    Outcome.FAILED: "Failed",
    Outcome.CANCELLED: "Cancelled",
    Outcome.TRUNCATED: "Cut off",
    Outcome.INTERRUPTED: "Interrupted",
}
"""What each outcome is called."""

_WHY = {
    Outcome.COMPLETED: "The provider's answer was read to its end",
    Outcome.FAILED: "The provider or the gateway answered with an error",
    Outcome.CANCELLED: "The client went away before the answer had ended",
    Outcome.TRUNCATED: "The provider ended its answer early",
    Outcome.INTERRUPTED: "The gateway stopped before the answer had ended",
}


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a request ended."""

    kind: str
    """The class of the pill: `ok` for a confirmed success, `err` for a failure, `off` for neither."""
    word: str
    why: str


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """The tool call that a row shows."""

    icon: str
    server: str
    """Of MCP; empty: the client's own."""
    name: str
    argument: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the list."""

    request: ReadRequest
    ending: Ending
    call: Call | None
    more_calls: int
    tokens_in: int | None
    """Of all kinds but output; None is unknown, as for output."""
    tokens_told: str
    """Each kind."""
    bar: Markup

    @property
    def has_tokens(self) -> bool:
        """The provider told any: without them there is nothing that could have a price."""
        return any(count is not None for count in self.request.tokens.counts)


def row(request: ReadRequest) -> Row:
    """The row of this request."""
    tokens = request.tokens
    input_, output, read, written = (count or 0 for count in tokens.counts)
    known = any(count is not None for count in (tokens.counts[0], *tokens.counts[2:]))
    return Row(
        request=request,
        ending=ending(request.outcome, request.status_code),
        call=_call(request),
        more_calls=max(request.tool_calls - 1, 0),
        tokens_in=input_ + read + written if known else None,
        tokens_told=", ".join(f"{kind} {_told(count)}" for kind, count in zip(_KINDS, tokens.counts, strict=True)),
        bar=token_bar(input_, read, written, output),
    )


_KINDS = ("Input", "output", "cache read", "cache write")


def _told(tokens: int | None) -> str:
    return "unknown" if tokens is None else f"{tokens:,}"


def ending(outcome: str, status_code: int | None) -> Ending:
    """How it ended: the status that the client got, where it tells more than the word."""
    kind = {Outcome.COMPLETED: "ok", Outcome.CANCELLED: "off"}.get(Outcome(outcome), "err")
    by_status = outcome == Outcome.COMPLETED or (outcome == Outcome.FAILED and (status_code or 0) >= 400)  # noqa: PLR2004
    word = str(status_code) if by_status and status_code is not None else ENDINGS[Outcome(outcome)]
    return Ending(kind=kind, word=word, why=_WHY[Outcome(outcome)])


def _call(request: ReadRequest) -> Call | None:
    first = request.first_call
    if first is None:
        return None
    server, name = tool_name(first.tool)
    return Call(icon=tool_icon(first.tool), server=server, name=name, argument=main_argument(first.tool, first.input))
