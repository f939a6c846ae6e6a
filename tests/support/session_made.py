"""A session as people leave it: prompts, tools in parallel, subagents, failures, thoughts, and texts that hurt."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from aibridge.records import Begun, ErrorType, Finished, Outcome
from support.rows import begun, call, finished, prompt, returned, thought, usage

HOSTILE = "<script>document.title = 'owned'</script><img src=x onerror=alert(1)>"
RIGHT_TO_LEFT = "أصلح الاختبارات من فضلك 🙏🏽 \u202eabc"
PHRASE = "the clock of the second replica runs ahead"


class Made:
    """Begins and ends requests one after the other, as one client does."""

    def __init__(self, initiator: UUID, start: datetime, *, session: str) -> None:
        self.begun: list[Begun] = []
        self.finished: list[Finished] = []
        self._initiator, self._session = initiator, session
        self._now = start
        self._calls = 0

    def wait(self, seconds: float) -> None:
        """Somebody reads, or a tool runs."""
        self._now += timedelta(seconds=seconds)

    def step(
        self,
        *,
        calls: Sequence[tuple[str, object]] = (),
        answers: str | None = None,
        asked: str | None = None,
        thoughts: Sequence[str] = (),
        brings: Sequence[tuple[str | None, str, bool]] = (),
        seconds: float = 4,
        begin: dict[str, Any] | None = None,
        **end: Any,
    ) -> str | None:
        """One request. Returns the id of its first call.

        `answers`: the tool call that it goes on from; `brings`: results that are kept, as (call, text, is an error).
        """
        row = begun(
            self._initiator,
            client_session_id=self._session,
            started_at=self._now,
            correlating_tool_call_id=answers,
            user_prompt=prompt(asked, self._now) if asked is not None else None,
            tool_results=tuple(returned(call_id or "", text, self._now, is_error=bad) for call_id, text, bad in brings),
            **{"metadata": {"client_version": "2.1.330"}, **(begin or {})},
        )
        made = [self._call(tool, arguments) for tool, arguments in calls]
        self._now += timedelta(seconds=seconds)
        fields: dict[str, Any] = {
            "ended_at": self._now,
            "tool_usages": tuple(made),
            "model_thoughts": tuple(thought(text, created_at=self._now) for text in thoughts),
            "token_usage": usage(
                input_tokens=12,
                output_tokens=40 + 97 * (len(self.begun) % 13),
                cache_read_input_tokens=17_000 + 310 * len(self.begun),
                cache_write_input_tokens=900,
                created_at=self._now,
            ),
            "time_to_first_byte_us": 640_000,
        }
        self.begun.append(row)
        self.finished.append(finished(row, **fields | end))
        return made[0].provider_tool_call_id if made else None

    def _call(self, tool: str, arguments: object) -> Any:
        self._calls += 1
        written = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
        # Ids of one session are its own: lineage is looked up among all of a person's calls.
        return call(f"toolu_{self._session}_{self._calls}", tool=tool, input=written, created_at=self._now)


def session_made(initiator: UUID, start: datetime, *, session: str = "believable") -> Made:
    """Three prompts, one of them with two subagents; thirty-odd steps."""
    made = Made(initiator, start, session=session)
    _fix(made)
    made.wait(40 * 60)
    _review(made)
    made.wait(60)
    _texts(made)
    return made


def _fix(made: Made) -> None:
    last = made.step(
        asked="The refresh-token tests fail about one run in ten on CI. Find the cause and fix it properly.",
        calls=[("Grep", {"pattern": "used_at", "path": "src/auth"}), ("Read", {"file_path": "src/auth/rotation.py"})],
        thoughts=["Flaky means time or order. I look at what reads the clock first."],
    )
    made.step(
        begin={"side_request": True, "model": "claude-haiku", "metadata": {"side_prompt": "Make a title"}}, seconds=0.8
    )
    made.wait(2)
    last = made.step(
        calls=[("Bash", {"command": "pytest tests/auth -q --count 40", "description": "Run them often"})], answers=last
    )
    made.wait(95)
    last = made.step(
        answers=last,
        calls=[
            (
                "Edit",
                {
                    "file_path": "src/auth/rotation.py",
                    "old_string": "row = await get(token)\nif row.used_at is not None:\n    raise TokenReused()",
                    "new_string": "claimed = await claim(token, at=now)\nif claimed is None:\n    raise TokenReused()",
                },
            )
        ],
        thoughts=[f"So {PHRASE}, and the row is claimed twice."],
    )
    made.wait(0.4)
    made.step(
        answers=last,
        seconds=1.2,
        token_usage=None,
        outcome=Outcome.FAILED,
        status_code=529,
        error_type=ErrorType.OVERLOADED,
        error_message="Overloaded",
    )
    made.wait(3)
    made.step(answers=last, thoughts=["The cause is fixed and the tests have passed 400 times."])


def _review(made: Made) -> None:
    review, audit = "Review the diff for races.", "Audit the tests for sleeps."
    last = made.step(
        asked="Review the full diff against main as a security reviewer",
        calls=[
            ("Task", {"description": "Review the diff", "prompt": review, "subagent_type": "security-reviewer"}),
            ("Task", {"description": "Audit the tests", "prompt": audit, "subagent_type": "test-auditor"}),
        ],
    )
    for name, text in (("agent-1", review), ("agent-2", audit)):
        agent = {"agent_id": name, "model": "claude-haiku"}
        made.wait(1)
        inner = made.step(asked=text, begin=agent, calls=[("Bash", {"command": "git diff main --stat"})], seconds=3)
        for n in range(4):
            made.wait(1)
            inner = made.step(
                answers=inner,
                begin=agent,
                calls=[("mcp__jira__get_issue", {"issueKey": f"AUTH-{340 + n}"})],
                thoughts=["Is it known already?"] if n == 1 else (),
                seconds=2 + n,
            )
        end: dict[str, Any] = {"error_type": ErrorType.SERVER_ERROR, "error_message": "Cut off"}
        end = {"outcome": Outcome.TRUNCATED, **end} if name == "agent-2" else {}
        made.step(answers=inner, begin=agent, seconds=30, **end)
    made.wait(1)
    last = made.step(
        answers=last, calls=[("TodoWrite", {"todos": [{"content": "a", "status": "completed"}, {"content": "b"}]})]
    )
    made.wait(1)
    made.step(answers=last, outcome=Outcome.CANCELLED, status_code=499, seconds=8, token_usage=None)


def _texts(made: Made) -> None:
    last = made.step(asked=HOSTILE, calls=[(HOSTILE, {"path": HOSTILE})], thoughts=[HOSTILE])
    last = made.step(answers=last, calls=[("Write", {"file_path": "big.txt", "content": "0123456789abcde\n" * 65_536})])
    made.step(
        answers=last, calls=[("apply_patch", "*** Begin Patch\n*** Update File: a.py\n@@\n-x\n+y\n*** End Patch")]
    )
    made.step(asked=RIGHT_TO_LEFT, calls=[("Bash", {"command": "echo 'سلام' | rev"})], thoughts=[RIGHT_TO_LEFT])


def long_session(initiator: UUID, start: datetime, steps: int, *, session: str, failing: int) -> Made:
    """One thread of so many steps, of which the one before last of each `failing` fails."""
    made = Made(initiator, start, session=session)
    last = made.step(asked="Port the whole service", calls=[("Bash", {"command": "ls"})], seconds=1)
    for n in range(1, steps):
        made.wait(1)
        failed = n % failing == failing - 2
        end: dict[str, Any] = (
            {"outcome": Outcome.FAILED, "error_type": ErrorType.TIMEOUT, "error_message": "no answer in time"}
            if failed
            else {}
        )
        called = made.step(
            answers=last, calls=() if failed else [("Bash", {"command": f"make part-{n}"})], seconds=1, **end
        )
        last = called or last
    return made
