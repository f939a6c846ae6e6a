"""A whole session as one JSON object, written while it is read: however large it is, a portion of steps is held."""

from collections.abc import AsyncGenerator
from datetime import datetime
from uuid import UUID

import msgspec

from aibridge.store.exports import SessionExport
from aibridge.store.session_outline import SessionOutline

_encode = msgspec.json.Encoder().encode

_NOT_OF_A_THREAD = frozenset({"steps", "subagent"})


async def session_json(session: SessionExport, now: datetime) -> AsyncGenerator[bytes, None]:
    """The shape of the API's detail with all threads; behind them, how many steps were removed since it began."""
    removed = 0
    yield _begun(_head(session.outline, now), "threads")
    threads = session.outline.threads
    steps = session.steps([step for thread in threads for step in thread.steps])
    for number, thread in enumerate(threads):
        fields = {name: getattr(thread, name) for name in thread.__struct_fields__ if name not in _NOT_OF_A_THREAD}
        fields["prompt"] = await session.prompt(thread)
        yield (b"," if number else b"") + _begun(fields, "steps")
        separator = b""
        for _ in thread.steps:
            step = await anext(steps)
            if isinstance(step, UUID):
                removed += 1
                continue
            yield separator + _encode(step)
            separator = b","
        yield b"]}"
    yield b'],"removed_meanwhile":%d}\n' % removed


def _head(outline: SessionOutline, now: datetime) -> dict[str, object]:
    return {
        "exported_at": now,
        **{name: getattr(outline.head, name) for name in outline.head.__struct_fields__},
        "thread_count": len(outline.threads),
        "token_usage_summary": outline.token_usage_summary,
    }


def _begun(fields: dict[str, object], then: str) -> bytes:
    """An object without its end, to which the items of the list `then` are still to come."""
    return _encode(fields)[:-1] + f',"{then}":['.encode()
