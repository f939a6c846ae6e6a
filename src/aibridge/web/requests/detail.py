"""One request in full, as its row opens and as a page of its own."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from markupsafe import Markup

from aibridge.store.captured import ReadToolResult
from aibridge.store.exchanged import CallResult, Exchanged
from aibridge.store.interceptions import ReadInterception, ReadTokenUsage
from aibridge.store.steps import ReadToolUsage
from aibridge.store.token_sums import Sums
from aibridge.web import tool_shown
from aibridge.web.addresses import session_path
from aibridge.web.charts import token_bar
from aibridge.web.formats import plural
from aibridge.web.json_shown import json_shown
from aibridge.web.large import Large, large
from aibridge.web.requests.rows import Ending, ending

CREDENTIALS = {
    ("centralized", "api_key"): "The company's key",
    ("centralized", "subscription"): "The company's subscription",
    ("byok", "api_key"): "The user's own key",
    ("byok", "subscription"): "The user's subscription",
}
"""What the provider was asked with, by kind and type."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A text of the request: a prompt, a thought, an answer."""

    id: UUID
    source: str
    """Of a thought; empty for all else."""
    told: Large


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for a tool call."""

    id: UUID
    request: UUID
    """That brought it."""
    told: Large
    failed: bool
    left_out: str
    """What is not kept of it, such as `1 image`; empty: nothing."""


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """What the request brought back for the call of an earlier one."""

    returned: Returned
    icon: str
    server: str
    name: str
    """Of the tool; where the call is not on record, its id."""
    caller: UUID | None
    """The request that called; None: not on record."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A tool call of the request."""

    id: UUID
    icon: str
    server: str
    name: str
    server_url: str
    error: str
    """Of a call that the gateway made itself; empty: none."""
    input: str
    """All of it where it is small, to be copied."""
    told: Large
    kind: str
    """`command`, `change`, `arguments`, `words`; of `told` when it is not whole."""
    change: tool_shown.Change | None
    text: Markup | str
    returned: Returned | None
    """None: not on record."""

    @property
    def failed(self) -> bool:
        """The gateway, or whoever ran it, tells an error."""
        return bool(self.error) or (self.returned is not None and self.returned.failed)


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one kind."""

    name: str
    css: str
    tokens: int | None
    cost_micros: int | None
    """None: unknown, or not one price for all."""


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """The whole request."""

    r: ReadInterception
    ending: Ending
    session: str
    """Where its session is."""
    credential: str
    duration_ms: float
    first_byte_ms: float | None
    prompts: Sequence[Item]
    thoughts: Sequence[Item]
    answers: Sequence[Item]
    """What the model said, where that is kept; so are the results of calls."""
    calls: Sequence[Call]
    brought: Sequence[Brought]
    spent: Sequence[Spent]
    total: int
    bar: Markup
    cost_micros: int | None
    has_tokens: bool
    partial: bool
    """Some of the tokens were never told."""
    price: str
    """Where the rates come from; empty: there are none."""

    @property
    def says_nothing(self) -> bool:
        """No text of it is on record."""
        said = (self.prompts, self.thoughts, self.answers, self.calls, self.brought, self.r.error_message)
        return not any(said) and self.r.error_type is None and "side_prompt" not in self.r.metadata


def detail(found: ReadInterception, exchanged: Exchanged) -> Detail:
    """What is shown of this interception, and of what belongs to it."""
    sums = Sums()
    for usage in found.token_usages:
        sums.count(
            (
                usage.input_tokens,
                usage.output_tokens,
                usage.cache_read_input_tokens,
                usage.cache_write_input_tokens,
            )
        )
    input_, output, read, written = sums.counts
    return Detail(
        r=found,
        ending=ending(found.outcome, found.status_code),
        session=session_path(found.session_id, initiator=found.initiator.id),
        credential=CREDENTIALS[found.credential_kind, found.credential_type],
        duration_ms=max((found.ended_at - found.started_at).total_seconds(), 0) * 1000,
        first_byte_ms=None if found.time_to_first_byte_us is None else found.time_to_first_byte_us / 1000,
        prompts=[Item(id=each.id, source="", told=large(each.prompt)) for each in found.user_prompts],
        thoughts=[Item(id=each.id, source=each.source, told=large(each.content)) for each in found.model_thoughts],
        answers=[Item(id=each.id, source="", told=large(each.content)) for each in found.model_answers],
        calls=[call(each, exchanged.results.get(each.provider_tool_call_id or "")) for each in found.tool_usages],
        brought=[_brought(each, exchanged) for each in found.tool_results],
        spent=_spent(found, (input_, read, written, output)),
        total=sum(count or 0 for count in sums.counts),
        bar=token_bar(input_ or 0, read or 0, written or 0, output or 0),
        cost_micros=found.cost_micros,
        has_tokens=bool(found.token_usages),
        partial=any(usage.partial for usage in found.token_usages),
        price=_price(found),
    )


def call(usage: ReadToolUsage, result: CallResult | None = None) -> Call:
    """A tool call: laid out as what it is when it is small, else the beginning of it."""
    told = large(usage.input)
    server, name = tool_shown.tool_name(usage.tool)
    layout = tool_shown.shown(usage.tool, usage.input) if told.is_whole else tool_shown.Words(told.text)
    return Call(
        id=usage.id,
        icon=tool_shown.tool_icon(usage.tool),
        server=server,
        name=name,
        server_url=usage.server_url,
        error=usage.invocation_error,
        input=usage.input if told.is_whole else "",
        told=told,
        kind=layout.kind,
        change=layout if isinstance(layout, tool_shown.Change) else None,
        text=_text(layout),
        returned=None if result is None else _returned(result),
    )


def _brought(result: ReadToolResult, exchanged: Exchanged) -> Brought:
    before = exchanged.calls.get(result.provider_tool_call_id)
    tool = before.tool if before else result.provider_tool_call_id
    server, name = tool_shown.tool_name(tool)
    return Brought(
        returned=_returned(result),
        icon=tool_shown.tool_icon(tool),
        server=server,
        name=name or "A call without an id",
        caller=before.interception_id if before else None,
    )


def _returned(result: CallResult | ReadToolResult) -> Returned:
    left_out = result.metadata.get("left_out")
    return Returned(
        id=result.id,
        request=result.interception_id,
        told=large(result.content),
        failed=bool(result.is_error),
        left_out=", ".join(plural(n, kind) for kind, n in left_out.items()) if left_out else "",
    )


def _text(layout: tool_shown.Shown) -> Markup | str:
    if isinstance(layout, tool_shown.Arguments):
        return json_shown(layout.value)
    return "" if isinstance(layout, tool_shown.Change) else layout.text


_KINDS = (
    ("Input", "f-in", "input_price_micros"),
    ("Cache read", "f-read", "cache_read_price_micros"),
    ("Cache write", "f-write", "cache_write_price_micros"),
    ("Output", "f-out", "output_price_micros"),
)
_MILLION = 1_000_000


def _spent(found: ReadInterception, counts: Sequence[int | None]) -> list[Spent]:
    costs = [_cost(found.token_usages, rate, count) for (_, _, rate), count in zip(_KINDS, counts, strict=True)]
    return [
        Spent(name=name, css=css, tokens=count, cost_micros=cost)
        for (name, css, _), count, cost in zip(_KINDS, counts, _with_the_rest(found, counts, costs), strict=True)
    ]


def _with_the_rest(
    found: ReadInterception, counts: Sequence[int | None], costs: Sequence[int | None]
) -> Sequence[int | None]:
    """The same, where one kind had two rates: it cost what the others leave of the sum."""
    of_two_rates = [cost is None and bool(count) for count, cost in zip(counts, costs, strict=True)]
    priced = all(usage.cost_micros is not None for usage in found.token_usages)
    if sum(of_two_rates) != 1 or found.cost_micros is None or not priced:
        return costs
    rest = max(found.cost_micros - sum(cost or 0 for cost in costs), 0)
    return [rest if here else cost for here, cost in zip(of_two_rates, costs, strict=True)]


def _cost(usages: Sequence[ReadTokenUsage], rate: str, count: int | None) -> int | None:
    """What one kind cost, where all of it had one rate."""
    rates = {getattr(usage, rate) for usage in usages}
    priced = all(usage.cost_micros is not None for usage in usages)
    of_two_rates = rate == "cache_write_price_micros" and any(usage.cache_write_1h_price_micros for usage in usages)
    if count is None or len(rates) != 1 or not priced or of_two_rates:
        return None
    return round(count * (rates.pop() or 0) / _MILLION)


def _price(found: ReadInterception) -> str:
    """Whose price it was, and since when it held; or why there is no cost."""
    usage = next((usage for usage in found.token_usages if usage.price_source), None)
    if usage is None:
        return "No price is known for this model."
    if found.cost_micros is None:
        return "The cost is unknown because the provider did not report all tokens."
    whose = "Your own price" if usage.price_source == "own" else f"List price of {usage.price_listed_as}"
    return f"{whose}, since {usage.price_since:%d %b %Y}" if usage.price_since else whose
