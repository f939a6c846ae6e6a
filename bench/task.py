"""What the clients are told to do, and what they tell of it."""

import msgspec

from bench.payloads import request_body


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask, how often, how long."""

    port: int
    target: str
    token: str
    body_bytes: int
    streaming: bool
    connections: int
    seconds: float
    requests: int = 0
    """Stop after so many; 0 asks until time is up."""
    hold: bool = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How it went. Times are microseconds."""

    answers: int
    errors: int
    seconds: float
    p50: float
    p99: float
    first_byte_p50: float
    first_byte_p99: float
    problem: str = ""
    """The first error, in words."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def request_of(task: Task) -> bytes:
    """Return the whole request, with the headers of a well-known agent."""
    body = request_body(task.body_bytes, streaming=task.streaming)
    head = (
        f"POST {task.target} HTTP/1.1\r\nHost: 127.0.0.1:{task.port}\r\nAuthorization: Bearer {task.token}\r\n"
        "User-Agent: claude-cli/2.0.1 (external, cli)\r\nContent-Type: application/json\r\n"
        "Accept: application/json\r\nanthropic-version: 2023-06-01\r\n"
        "anthropic-beta: claude-code-20250219,fine-grained-tool-streaming-2025-05-14\r\nx-app: cli\r\n"
        f"x-stainless-lang: js\r\nx-stainless-runtime: node\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
