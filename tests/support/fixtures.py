"""Recorded provider traffic, where it is at hand: a folder `shared/fixtures` beside the checkout."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from support.txtar import sections

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "fixtures"

PATHS = {
    "anthropic": "/v1/messages",
    "openai/chatcompletions": "/v1/chat/completions",
    "openai/responses": "/v1/responses",
}
"""Folder → the route of its API."""

FRAMING = {b"content-length", b"transfer-encoding", b"connection"}
"""Headers of the recording that belong to its own connection."""


@dataclass(frozen=True)
class Recorded:
    """A recorded answer, without its framing."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@dataclass(frozen=True)
class Recording:
    """One recorded exchange: a request body and the answer to it."""

    name: str
    """File and section, such as `anthropic/simple:streaming`."""
    provider: str
    """`anthropic` or `openai`."""
    path: str
    """The provider's own path. A recording without a request belongs to a route that is passed through."""
    request: bytes | None
    answer: Recorded

    @property
    def streaming(self) -> bool:
        """Whether this is the answer to a request for a stream."""
        return ":streaming" in self.name


def read(path: Path) -> Iterator[Recording]:
    """Every exchange of one file."""
    base = path.relative_to(FOLDER).with_suffix("").as_posix()
    parts = sections(path.read_bytes())
    request = parts.get("request")
    route = next(route for folder, route in PATHS.items() if base.startswith(folder))
    for section, answer in parts.items():
        if section.startswith(("streaming", "non-streaming")):
            streaming = section.startswith("streaming")
            yield Recording(
                name=f"{base}:{section}",
                provider=base.partition("/")[0],
                path="/v1/models" if request is None else route,
                request=None if request is None else with_stream(request, wanted=streaming),
                answer=recorded(answer, streaming=streaming),
            )


def with_stream(request: bytes, *, wanted: bool) -> bytes:
    """The request as it is sent for this section: one recorded request serves the plain and the streamed answer."""
    body = json.loads(request)
    if bool(body.get("stream")) == wanted:
        return request
    return json.dumps(body | {"stream": wanted}, indent=2).encode()


def recorded(answer: bytes, *, streaming: bool) -> Recorded:
    """A raw response where the section begins with a status line, else a body of status 200."""
    if not answer.startswith(b"HTTP/"):
        kind = b"text/event-stream; charset=utf-8" if streaming else b"application/json"
        return Recorded(200, ((b"content-type", kind),), answer)
    head, _, body = answer.replace(b"\r\n", b"\n").partition(b"\n\n")
    status, *lines = head.split(b"\n")
    pairs = (line.partition(b":") for line in lines)
    headers = tuple((name, value.strip()) for name, _, value in pairs if name.lower() not in FRAMING)
    return Recorded(int(status.split()[1]), headers, body)


@cache
def recordings() -> tuple[Recording, ...]:
    """Everything recorded; empty where there is no recorded traffic."""
    return tuple(one for path in sorted(FOLDER.rglob("*.txtar")) for one in read(path))


every_recording = pytest.mark.parametrize(
    "recording",
    [pytest.param(one, id=one.name) for one in recordings()]
    or [pytest.param(None, marks=pytest.mark.skip(reason="no recorded traffic beside the checkout"))],
)
"""Runs a test once for every recorded exchange; skips it where there are none."""


def recording(name: str) -> Recording:
    """The exchange of this name; skips the test where it is not at hand."""
    for one in recordings():
        if one.name == name:
            return one
    pytest.skip(f"recorded exchange {name} is not at hand")
