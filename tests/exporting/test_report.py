"""A session as an auditor reads it, and what the record cannot do to the page."""

import re
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from markdown_it import MarkdownIt

from aibridge.exporting.report import report
from aibridge.records import ErrorType, Outcome
from aibridge.store.connections import Connection
from aibridge.store.people import UserChange
from aibridge.store.pool import Store
from exporting.conftest import NOW
from exporting.test_inert import HOSTILE
from support.auditing import carried, remove
from support.rows import at, begun, call, prompt, thought, usage

Exported = Callable[..., Awaitable[str]]


async def test_a_session_in_a_minute(store: Store, alice: UUID, exported: Exported) -> None:
    """Who, when, with what, how much; the threads with their prompts; then every step in time."""
    await carried(
        store,
        begun(alice, client_session_id="s", user_prompt=prompt("Why is the build red?")),
        token_usage=usage(),
        model_thoughts=(thought("Look at the log first."),),
        tool_usages=(call("c1", input='{"command":"make test"}'),),
    )
    await carried(
        store,
        begun(alice, client_session_id="s", started_at=at(5), correlating_tool_call_id="c1"),
        outcome=Outcome.FAILED,
        status_code=529,
        error_type=ErrorType.OVERLOADED,
        error_message="Overloaded",
    )
    assert (
        await exported("s")
        == """\
# Session report

- **Who:** `Alice` (`alice`)
- **When:** 2026-06-01 12:00:00 UTC to 2026-06-01 12:00:06 UTC, 6.00 s
- **Client:** `Claude Code`
- **Models:** `claude-test`
- **Providers:** `anthropic`
- **Came to:** 1 thread, 2 steps
- **Tools:** 1 call: `Bash` (1)
- **Failures:** 1
- **Tokens:** input 100 · output 50 · cache read 20 · cache write 10
- **Cost:** unpriced; 1 step has no known cost
- **Session:** `s`
- **Exported:** 2026-07-01 08:30:00 UTC

## Threads

- [Thread 1](#thread-1) · 12:00:00 · 2 steps · 1 call · 1 failure: `Why is the build red?`

## Thread 1

2026-06-01 12:00:00 UTC, 6.00 s · input 100 · output 50 · cache read 20 · cache write 10; unpriced; \
1 step has no known cost

#### Step 1.1 · 12:00:00 · completed

`claude-test` · 1.00 s · input 100 · output 50 · cache read 20 · cache write 10 · unpriced

**Asked:**

```text
Why is the build red?
```

> **Thought** (`thinking`):
>
> ```text
> Look at the log first.
> ```

**Called** `Bash`:

```text
{
  "command": "make test"
}
```

#### Step 1.2 · 12:00:05 · failed

`claude-test` · 1.00 s · input unknown · output unknown · cache read unknown · cache write unknown · no cost

**Error** (overloaded, status 529):

```text
Overloaded
```

---

*End of the report: 2 steps.*
"""
    )


async def test_a_subagent_stands_under_its_call(store: Store, alice: UUID, exported: Exported) -> None:
    """The call says which thread it started, that thread follows, and the first one goes on behind it."""
    task = call("c1", tool="Task", input='{"prompt":"Look around"}')
    await carried(store, begun(alice, client_session_id="s", user_prompt=prompt("Fix it")), tool_usages=(task,))
    await carried(
        store,
        begun(alice, client_session_id="s", agent_id="a1", started_at=at(1), user_prompt=prompt("Look around", at(1))),
    )
    await carried(store, begun(alice, client_session_id="s", started_at=at(2), correlating_tool_call_id="c1"))
    made = await exported("s")
    heads = [line for line in made.splitlines() if line.startswith("#")]
    assert heads == [
        "# Session report",
        "## Threads",
        "## Thread 1",
        "#### Step 1.1 · 12:00:00 · completed",
        "## Thread 2",
        "#### Step 2.1 · 12:00:01 · completed",
        "## Thread 1 goes on",
        "#### Step 1.2 · 12:00:02 · completed",
    ]
    assert "Started the subagent of [thread 2](#thread-2).\n" in made
    assert "A subagent `a1`, started by `Task` in thread 1 just above (inferred from texts and order).\n" in made
    assert "  - [Thread 2](#thread-2) · subagent · 12:00:01 · 1 step · 0 calls: `Look around`\n" in made


@pytest.mark.parametrize("payload", HOSTILE)
async def test_the_record_cannot_write_the_report(store: Store, alice: UUID, exported: Exported, payload: str) -> None:
    """The same tokens of Markdown as from a harmless record: no heading, link, image or HTML comes of a payload."""

    async def shapes(said: str, session_id: str) -> list[tuple[str, str]]:
        await store.people.change_user(alice, UserChange(name=said))
        await carried(
            store,
            begun(alice, client_session_id=session_id, model=said, client=said, user_prompt=prompt(said)),
            outcome=Outcome.FAILED,
            error_type=ErrorType.UNKNOWN,
            error_message=said,
            model_thoughts=(thought(said),),
            tool_usages=(call("c", tool=said, input=said, server_url=said, invocation_error=said),),
        )
        tokens = []
        for token in MarkdownIt("commonmark").parse(await exported(session_id)):
            tokens += [token, *(token.children or ())]
        return [(token.type, str(token.attrs.get("href", ""))) for token in tokens]

    assert await shapes(payload, f"{payload} 1") == await shapes("harmless", "harmless 2")


async def test_nothing_of_the_record_steers_the_reader(store: Store, alice: UUID, exported: Exported) -> None:
    """A report shown in a terminal holds no control characters but line ends, and nothing turns it around."""
    said = "".join(HOSTILE)
    await carried(
        store,
        begun(alice, client_session_id="s", user_prompt=prompt(said)),
        tool_usages=(call("c", tool=said, input=said),),
        model_thoughts=(thought(said),),
    )
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", await exported("s"))


async def test_a_large_value_is_cut(store: Store, alice: UUID, exported: Exported) -> None:
    """With a note of how much is left."""
    await carried(store, begun(alice, client_session_id="s"), tool_usages=(call("c", input="x" * 1_000_000),))
    made = await exported("s")
    assert len(made) < 10_000
    assert "*996,000 more characters are left out here; the JSON export has them all.*" in made


async def test_a_step_that_goes_meanwhile_leaves_a_note(store: Store, alice: UUID, psql: Connection) -> None:
    gone = await carried(store, begun(alice, client_session_id="s"))
    await carried(store, begun(alice, client_session_id="s", started_at=at(1)))
    found = await store.exports.session("s", None)
    assert found is not None
    await remove(psql, gone.id)
    made = b"".join([chunk async for chunk in report(found, NOW)]).decode()
    assert "#### Step 1.1\n\n*Removed from the record while this report was made.*\n" in made
    assert made.endswith("*End of the report: 2 steps. 1 step was removed from the record meanwhile.*\n")
