"""Where the demo's people and its provider agree on what is said next."""

import re
from collections import OrderedDict, deque

from aibridge.demo.asked import Request
from aibridge.demo.provider import Said
from aibridge.demo.script import Answer, Text, Usage, answer
from aibridge.demo.voice import encode

MAX_EXPECTED = 512
"""Answers that nobody fetched are forgotten from here on: sessions that broke off."""

UNKNOWN = (
    "This is the scripted provider of the aibridge demo. There is no model behind it, so it cannot work on your "
    "request. Your request and this answer are on the record now: have a look at them in aibridge."
)
"""For people who point a client of their own at the demo."""


def cue(request: Request) -> str:
    """What identifies the next answer: the last tool result, whose id is unique, or else the prompt."""
    who, said = request.dialogue[-1] if request.dialogue else ("user", "")
    kind = who if request.json.get("tools") else "title"
    return f"{kind} {said}"


class Stage:
    """The provider's script: answers laid ready by the traffic, and a polite one for everybody else."""

    def __init__(self) -> None:
        self._expected: OrderedDict[str, deque[Answer]] = OrderedDict()

    def expect(self, cue_: str, said: Answer) -> None:
        """Lay an answer ready. Several under one cue are given one after the other."""
        self._expected.setdefault(cue_, deque()).append(said)
        if len(self._expected) > MAX_EXPECTED:
            self._expected.popitem(last=False)

    def __call__(self, request: Request) -> Said:
        """The answer that was laid ready for this request."""
        key = cue(request)
        waiting = self._expected.get(key)
        if not waiting:
            return improvised(request)
        said = waiting.popleft()
        if not waiting:
            del self._expected[key]
        return said


def improvised(request: Request) -> Answer:
    """What is said to a client that plays no part: a title where a schema asks for one, else an explanation."""
    tokens = max(1, len(request.received.body) // 4)
    usage = Usage(input=tokens, output=58, cache_read=0, cache_write=0)
    wants_title = "output_config" in request.json and not request.json.get("tools")
    if wants_title:
        title = " ".join(re.findall(r"\w+", request.prompt)[:6]).capitalize() or "New session"
        return Answer(parts=(Text(encode({"title": title}).decode()),), usage=usage)
    return Answer(parts=answer(Text(UNKNOWN)).parts, usage=usage)
