"""Compares the record of a run with what the provider heard and said. Every difference is one sentence."""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from acceptance import USAGE, Exchange
from clients import Client

from aibridge.demo.asked import Api
from aibridge.demo.received import Ending
from aibridge.demo.script import Cut, Fail, Think
from aibridge.demo.voice import arguments
from aibridge.pricing.cost import UNKNOWN

Row = dict[str, Any]
"""An interception as the API shows it."""

MAX_PROMPT = 200
"""Characters: a longer one has words in it that nobody typed."""
ERRORS = {429: "rate_limited", 529: "overloaded", 503: "overloaded", 500: "server_error"}


@dataclass(frozen=True)
class Run:
    """What one client did, from its first process to its last."""

    client: Client
    errand: str
    byok: bool
    key: str
    """The one that the provider must see."""
    exchanges: list[Exchange]


def differences(run: Run, rows: list[Row]) -> list[str]:
    """Name everything about the record that is not as it was. `rows`: oldest first."""
    pairs, missing = _paired(run.exchanges, rows)
    found = [*missing, *_surplus(len(pairs), rows)]
    for number, (exchange, row) in enumerate(pairs, 1):
        found += (f"request {number}: {what}" for what in _of_one(run, exchange, row))
    found += _lineage(pairs)
    found += _sessions(run, rows)
    found += _agents(run, rows)
    return found


def _paired(exchanges: list[Exchange], rows: list[Row]) -> tuple[list[tuple[Exchange, Row]], list[str]]:
    """Find the row of each exchange by its exact bytes; a retry has the same ones and comes later."""
    waiting: defaultdict[str | None, deque[Row]] = defaultdict(deque)
    for row in rows:
        waiting[row["body_sha256_sent"]].append(row)
    pairs, missing = [], []
    for number, exchange in enumerate(exchanges, 1):
        same = waiting[sha256(exchange.request.received.body).hexdigest()]
        if same:
            pairs.append((exchange, same.popleft()))
        else:
            missing.append(f"request {number} is not on the record with the bytes that the provider received")
    return pairs, missing


def _surplus(paired: int, rows: list[Row]) -> Iterator[str]:
    if len(rows) > paired:
        yield f"{len(rows)} interceptions for {paired} requests"


# ------------------------------------------------------------------ one request


def _of_one(run: Run, exchange: Exchange, row: Row) -> Iterator[str]:
    yield from _carried(run, exchange, row)
    yield from _ended(exchange, row)
    yield from _asked(exchange, row)
    yield from _said(exchange, row)


def _carried(run: Run, exchange: Exchange, row: Row) -> Iterator[str]:
    received = exchange.request.received
    yield from _differs("the bytes that came and went", row["body_sha256_received"], row["body_sha256_sent"])
    yield from _differs("mutations", row["mutations"], [])
    yield from _differs("client", row["client"], run.client.shown_as)
    yield from _differs("credential", row["credential_kind"], "byok" if run.byok else "centralized")
    values = [value for _, value in received.headers]
    if any(b"aib_" in value for value in (*values, received.body)):
        yield "an aibridge token reached the provider"
    if not any(run.key.encode() in value for value in values):
        yield "the provider did not see the key that it should"
    notes = [note for note in row["notes"] if note != UNKNOWN or row["outcome"] == "completed"]
    if row["unread"] or notes:
        yield f"unread: {row['unread']}, notes: {notes}"


def _ended(exchange: Exchange, row: Row) -> Iterator[str]:
    fault = next((part for part in exchange.answer.parts if isinstance(part, Fail | Cut)), None)
    told = (row["outcome"], row["error_type"])
    if isinstance(fault, Fail):
        yield from _differs("ending", told, ("failed", _error(exchange, fault)))
    elif fault:
        yield from _differs("ending", told, ("truncated", "unknown"))
    elif exchange.request.received.ending is Ending.LEFT:
        if told not in (("cancelled", "unknown"), ("completed", None)):
            yield f"ending: {told}, though the client left"
    else:
        yield from _differs("ending", told, ("completed", None))


def _error(exchange: Exchange, fault: Fail) -> str:
    if fault.status:
        return ERRORS[fault.status]
    in_stream = exchange.request.streams and exchange.request.api is Api.MESSAGES
    return "overloaded" if in_stream else "server_error"


def _asked(exchange: Exchange, row: Row) -> Iterator[str]:
    prompts = [prompt["prompt"] for prompt in row["user_prompts"]]
    if exchange.is_chore:
        yield from _differs("prompts of a side request", (row["side_request"], prompts), (True, []))
        if exchange.told.mark not in row["metadata"].get("side_prompt", ""):
            yield "the side request's text is not kept"
    elif exchange.told.latest_call or exchange.told.by_agent:
        yield from _differs("prompts where nobody asks", prompts, [])
    elif exchange.told.broken_off and not prompts:
        return  # the prompt stands further up, or it is repeated
    elif len(prompts) != 1 or f"mark={exchange.told.mark}" not in prompts[0] or len(prompts[0]) > MAX_PROMPT:
        yield f"prompts: {prompts}"


def _said(exchange: Exchange, row: Row) -> Iterator[str]:
    if row["outcome"] != "completed":
        return
    tools = [(tool["provider_tool_call_id"], tool["tool"], tool["input"]) for tool in row["tool_usages"]]
    yield from _differs("tools", tools, [(call.id, call.name, arguments(call)) for call in exchange.calls])
    yield from _differs("tokens", [_figures(usage) for usage in row["token_usages"]], [_billed(exchange)])
    thoughts = [thought["content"] for thought in row["model_thoughts"]]
    meant = [part.text for part in exchange.answer.parts if isinstance(part, Think)] if exchange.calls else []
    if not set(meant) <= set(thoughts):
        yield f"thoughts: {thoughts}"


def _figures(usage: Row) -> tuple[int | None, ...]:
    names = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens")
    return tuple(usage[name] for name in names)


def _billed(exchange: Exchange) -> tuple[int | None, ...]:
    """Chat Completions does not tell what was written to the cache: it stands in the input."""
    if exchange.request.api is Api.CHAT:
        return (USAGE.input + USAGE.cache_write, USAGE.output, USAGE.cache_read, None)
    return (USAGE.input, USAGE.output, USAGE.cache_read, USAGE.cache_write)


def _differs(what: str, found: object, meant: object) -> Iterator[str]:
    if found != meant:
        yield f"{what}: {found}, not {meant}"


# ------------------------------------------------------------------ how requests hang together


def _lineage(pairs: list[tuple[Exchange, Row]]) -> Iterator[str]:
    makers = {call.id: row for exchange, row in pairs for call in exchange.calls}
    for number, (exchange, row) in enumerate(pairs, 1):
        maker = makers.get(exchange.told.latest_call)
        parent = maker["id"] if maker else None
        root = (maker["thread_root_id"] or maker["id"]) if maker else None
        found = (row["thread_parent_id"], row["thread_root_id"])
        if found != (parent, root):
            yield f"request {number}: its parent and root are {found}, not {(parent, root)}"


def _sessions(run: Run, rows: list[Row]) -> Iterator[str]:
    sessions = {row["session_id"] for row in rows if not _is_child_session(row)}
    roots = sum(row["thread_parent_id"] is None for row in rows)
    yield from _differs("number of sessions", len(sessions), 1 if run.client.sessions else roots)


def _is_child_session(row: Row) -> bool:
    """OpenCode's subagents have sessions of their own, which name their parent's."""
    return bool(row["parent_agent_id"]) and row["agent_id"] == row["session_id"]


def _agents(run: Run, rows: list[Row]) -> Iterator[str]:
    if run.errand != "subagent" or "subagent" in run.client.cannot:
        return
    subagents = {row["agent_id"] for row in rows if row["parent_agent_id"] or row["metadata"].get("subagent")}
    others = {row["agent_id"] for row in rows} - subagents
    if not subagents or not others or None in subagents:
        yield f"subagents {subagents} among {others}"
