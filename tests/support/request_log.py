"""A request log to look at: what several people asked lately, every ending, and what somebody hostile would send."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from aibridge.records import Begun, CredentialKind, CredentialType, ErrorType, Finished, Outcome
from support.rows import begun, call, finished, prompt, thought, usage
from support.site import Site

HOSTILE = "<img src=x onerror=alert(1)>"


LATELY = timedelta(minutes=5)
"""More than the requests of a test lie back, a second apart."""


def one_hour(now: datetime) -> datetime:
    """The latest moment up to which what was asked lately lies in one hour: figures are shown by the hour."""
    struck = now.replace(minute=0, second=0, microsecond=0)
    return now if now - struck > LATELY else struck


class Log:
    """Writes requests into a site's record, newest first."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._now = one_hour(datetime.now(UTC))
        self._seconds = 60
        self._rows: list[tuple[Begun, Finished]] = []

    def add(self, username: str, text: str | None = None, *, ago: timedelta | None = None, **fields: Any) -> UUID:
        """A request a second older than the one before, or as old as told. `fields`: of its start and its end."""
        self._seconds += 1
        at = datetime.now(UTC) - ago if ago else self._now - timedelta(seconds=self._seconds)
        start = {key: value for key, value in fields.items() if key in Begun.__struct_fields__}
        end = {key: value for key, value in fields.items() if key not in Begun.__struct_fields__}
        asked = prompt(text, at) if text is not None else None
        row = begun(self._site.known(username).id, started_at=at, user_prompt=asked, **start)
        self._rows.append((row, finished(row, **end)))
        return row.id

    def write(self) -> None:
        """Put them on record."""
        self._site.run(self._site.store.write_begun([start for start, _ in self._rows]))
        self._site.run(self._site.store.write_finished([end for _, end in self._rows]))
        self._rows.clear()


def many(log: Log, count: int) -> None:
    """Requests of everyone, with two clients and several models."""
    for n in range(count):
        log.add(
            ("olivia", "milo", "audrey")[n % 3],
            f"question {n}",
            client=("Claude Code", "Codex")[n % 2],
            model=f"model-{n % 7}",
            token_usage=usage(),
            tool_usages=(call(f"c{n}", tool=("Bash", "Read")[n % 2]),),
        )


def endings(log: Log) -> dict[str, UUID]:
    """One request of each kind, by a name for it."""
    edit = {"file_path": "src/a.py", "old_string": "one\ntwo", "new_string": "one\nthree"}
    return {
        "tools": log.add(
            "milo",
            "שלום, please fix the 🚀 build",
            token_usage=usage(),
            model_thoughts=(thought("The build is red."),),
            tool_usages=(
                call("a", tool="Edit", input=json.dumps(edit)),
                call("b", tool="Bash", input='{"command":"make test"}'),
                call("c", tool="mcp__jira__get", input='{"key":"A-1"}', server_url="https://jira.example"),
            ),
        ),
        "failed": log.add(
            "milo",
            "too much",
            outcome=Outcome.FAILED,
            status_code=429,
            error_type=ErrorType.RATE_LIMITED,
            error_message="Slow down, please",
        ),
        "cancelled": log.add("milo", outcome=Outcome.CANCELLED),
        "interrupted": log.add("milo", outcome=Outcome.INTERRUPTED, status_code=None),
        "changed": log.add("milo", "with usage", mutations=("include_usage",), body_sha256_sent="cd" * 32),
        "side": log.add(
            "milo",
            side_request=True,
            metadata={"side_prompt": "A title of five words"},
            credential_kind=CredentialKind.BYOK,
            credential_type=CredentialType.SUBSCRIPTION,
        ),
    }


def hostile(log: Log) -> UUID:
    """A request whose every text is an attack."""
    return log.add(
        "milo",
        f"{HOSTILE} \x1b[31m =HYPERLINK(1)",
        model=f"m{HOSTILE}",
        client=f"c{HOSTILE}",
        provider_name=f"p{HOSTILE}",
        metadata={"side_prompt": HOSTILE},
        outcome=Outcome.FAILED,
        error_type=ErrorType.UNKNOWN,
        error_message=f"e{HOSTILE}",
        model_thoughts=(thought(f"t{HOSTILE}"),),
        tool_usages=(
            call("a", tool=HOSTILE, input=json.dumps({"command": HOSTILE, HOSTILE: "half \ud83d"})),
            call("b", tool=f"mcp__{HOSTILE}__x", input=json.dumps({HOSTILE: [HOSTILE]}), server_url=HOSTILE),
            call("c", tool="Edit", input=json.dumps({"file_path": HOSTILE, "old_string": HOSTILE, "new_string": "x"})),
            call("d", tool="any", input=HOSTILE, invocation_error=HOSTILE),
        ),
    )
