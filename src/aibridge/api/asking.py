"""What a request asks of the record: the parameter `q`, and what it means for this caller."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Query

from aibridge.api.caller import Caller
from aibridge.api.grammar import QueryRefused
from aibridge.api.initiators import resolved
from aibridge.api.parts import ApiParts
from aibridge.api.problems import Invalid
from aibridge.api.search import CLOSED, RECORD_KEYS, record_query
from aibridge.api.shapes import Validation
from aibridge.filters import Filter

CLOSED_SETS = "; ".join(f"`{key}`: {', '.join(values)}" for key, values in CLOSED.items())

TEXTS = (
    "Words separated by spaces, all of which must occur in one interception, in any of its prompts, thoughts, tool "
    "names, tool inputs, its error, or captured answers and tool results; case is ignored. `migrat*` is the "
    'beginning of a word, `"in double quotes"` a phrase. Anything but letters and digits separates words: '
    "`store/pool.py` is a phrase too."
)

RECORD_Q = (
    "`key:value` terms separated by spaces. All keys must match; of several values of one key, any. "
    f"Keys: {', '.join(f'`{key}`' for key in RECORD_KEYS)}. "
    "Values are compared exactly, including case; put a value with a space or a colon in double quotes, "
    'within which `\\"` is a quote and `\\\\` a backslash. '
    "`initiator` is `me`, an id or a username; a deleted user's name still works until somebody else takes it. "
    "`provider` is the wire format, `provider_name` the configured instance. "
    f"{CLOSED_SETS}. "
    "`tool` is one that the model called. `started_after` and `started_before` are inclusive and RFC 3339. "
    f"Terms without a key are searched for in the texts. {TEXTS}"
)

Q = Annotated[
    str,
    Query(
        description=RECORD_Q,
        examples=['initiator:me client:"Claude Code" outcome:failed started_after:"2026-01-02T03:04:05Z"'],
    ),
]


async def filter_of(q: str, caller: Caller, parts: ApiParts, *, resource: str) -> Filter:
    """The filter that `q` means on a list of interceptions or sessions. Raises `Invalid`."""
    with refusals_of(resource):
        return await resolved(record_query(q), caller, parts.people)


@contextmanager
def refusals_of(resource: str) -> Iterator[None]:
    """Answer a refused query with every reason."""
    try:
        yield
    except QueryRefused as refused:
        raise Invalid(f"Invalid {resource} search query.", validations=reasons(refused)) from refused


def reasons(refused: QueryRefused) -> list[Validation]:
    """Why a query is refused, as it is answered."""
    return [Validation(field=reason.field, detail=reason.detail) for reason in refused.reasons]
