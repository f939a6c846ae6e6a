"""What the scripted provider says to a real client: a small errand whose progress stands in the conversation itself.

The prompt names the errand, `errand=NAME mark=HEX`, and every tool call's id carries the mark and the step. So the
script needs no memory: clients may retry, resume, or send two requests at once.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aibridge.demo.asked import Api, Request
from aibridge.demo.script import Answer, CallTool, Commentary, Cut, Fail, Part, Pause, Slow, Text, Think, Usage

MARK = re.compile(r"errand=(\w+) mark=([0-9a-f]{8})")
CALL_ID = re.compile(r"_01([0-9a-f]{8})s(\d+)c(\d+)x\d+$")

USAGE = Usage(input=12, output=77, cache_read=6789, cache_write=345, reasoning=20)
SHELLS = ("Bash", "bash", "exec_command", "exec", "run_shell")
AGENTS = ("Agent", "Task", "task", "spawn_agent")

STEPS: dict[str, tuple[int | str, ...]] = {
    "text": (),
    "cancel": (),
    "parallel": (2, 1),
    "subagent": ("delegate", "wait"),
}
"""Shell calls in each step; every other errand makes one call in one step."""
FAULTS: dict[str, tuple[Fail | Cut, Fail | Cut]] = {
    "overloaded": (Fail(529, headers=((b"x-should-retry", b"true"),)), Fail(503)),
    "rate_limit": (Fail(429, headers=((b"retry-after", b"1"),)), Fail(429, headers=((b"retry-after", b"1"),))),
    "server_error": (Fail(500), Fail(500)),
    "midstream_error": (Fail(), Fail()),
    "drop": (Cut(), Cut()),
}
"""What happens to the first request: of Anthropic, of OpenAI."""
WORDS = " ".join(f"word{number}" for number in range(240))


@dataclass(frozen=True)
class Tool:
    """A tool that the client offers."""

    name: str
    schema: dict[str, Any]
    custom: bool = False
    namespace: str | None = None

    def call(self, id_: str, **given: Any) -> CallTool:
        """Call it with those of the given arguments that it knows, and something valid where it asks for more."""
        known = self.schema.get("properties", {})
        arguments = {name: value for name, value in given.items() if name in known}
        for name in self.schema.get("required", ()):
            arguments.setdefault(name, _any_of(known.get(name, {})))
        return CallTool(self.name, arguments, id_, namespace=self.namespace)

    def run(self, id_: str, command: str) -> CallTool:
        """Have a shell run the command, in the way of this tool."""
        if self.custom:  # Codex's newest models write JavaScript
            code = f"const r = await tools.exec_command({{cmd: {json.dumps(command)}}});\ntext(r.output ?? r);\n"
            return CallTool(self.name, code, id_, custom=True, namespace=self.namespace)
        return self.call(id_, command=command, cmd=command, description="Print a line")


@dataclass
class Told:
    """What a conversation says, in any of the three dialects."""

    errand: str = ""
    mark: str = ""
    results: dict[tuple[int, int], str] = field(default_factory=dict)
    """(step, number) → what the tool returned, of the calls since the last prompt."""
    latest_call: str | None = None
    """The id of the call whose result came last since the prompt; None while there is only the prompt."""

    by_agent: bool = False
    """Another agent gave the task, sealed for the provider: nobody else can read it."""
    broken_off: bool = False
    """The conversation goes on from an answer that broke off, which the client keeps as far as it came."""

    def hear(self, text: str, *, by_agent: bool = False) -> None:
        """Somebody asks."""
        for errand, mark in MARK.findall(text):
            if mark != self.mark:
                self.results, self.latest_call = {}, None
                self.by_agent, self.broken_off = by_agent, False
            self.errand, self.mark = errand, mark

    def learn(self, call_id: str, text: str) -> None:
        """A tool returned."""
        found = CALL_ID.search(call_id)
        if found and found[1] == self.mark:
            self.results[int(found[2]), int(found[3])] = text
            self.latest_call = call_id
            self.broken_off = False


@dataclass
class Exchange:
    """One request, and what was said to it."""

    request: Request
    answer: Answer
    told: Told

    @property
    def calls(self) -> list[CallTool]:
        """The tool calls of the answer."""
        return [part for part in self.answer.parts if isinstance(part, CallTool)]

    @property
    def is_chore(self) -> bool:
        """Whether a client made it for itself, without offering a tool."""
        return not tools_of(self.request.json)


class Acceptance:
    """The script, and the exchanges in the order in which they came."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._faulted: Counter[str] = Counter()
        self._came = asyncio.Event()

    async def heard(self, before: int) -> None:
        """Wait for a request after the first `before` that is not a client's chore."""
        while all(exchange.is_chore for exchange in self.exchanges[before:]):
            self._came.clear()
            await self._came.wait()

    def __call__(self, request: Request) -> Answer:
        """Say what comes next in this conversation."""
        told = conversation(request.json)
        said = Answer(parts=tuple(self._parts(request, told)), usage=USAGE)
        self.exchanges.append(Exchange(request, said, told))
        self._came.set()
        return said

    def _parts(self, request: Request, told: Told) -> list[Part]:
        tools = tools_of(request.json)
        if not tools:
            return [Text(_title(request.json))]
        if not told.errand:
            return [Text("There is no errand in this conversation.")]
        if told.errand == "cancel":
            return [Slow(0.25) if request.streams else Pause(60), Text(WORDS)]
        parts = list(self._next(tools, told))
        fault = self._fault(request, told)
        if isinstance(fault, Fail) and fault.status:
            return [fault]
        return [Think("The person wants a proof."), Text("I begin."), fault] if fault else parts

    def _fault(self, request: Request, told: Told) -> Fail | Cut | None:
        if told.errand not in FAULTS:
            return None
        self._faulted[told.mark] += 1
        anthropic, openai = FAULTS[told.errand]
        fault = anthropic if request.api is Api.MESSAGES else openai
        return fault if self._faulted[told.mark] == 1 else None

    def _next(self, tools: dict[str, Tool], told: Told) -> Iterator[Part]:
        steps = [step for step in STEPS.get(told.errand, (1,)) if step != "wait" or "wait_agent" in tools]
        at = 1 + max((step for step, _ in told.results), default=-1)
        if at >= len(steps):
            yield Text(f"Done: {'PASSED' if _proven(told, steps) else 'WITHOUT-PROOF'}-{told.mark}")
            return
        yield Think("The person wants a proof, so I act.")
        yield Commentary("I see to it.")
        match steps[at]:
            case "delegate":
                yield from self._delegate(tools, told, at)
            case "wait":
                names = re.findall(r'"(?:agent_id|task_name)":\s*"([^"]+)"', told.results[at - 1, 0])
                yield tools["wait_agent"].call(self._id(told, at, 0), timeout_ms=20000, targets=names, ids=names)
            case int(count):
                shell = next((tools[name] for name in SHELLS if name in tools), None)
                for number in range(count if shell else 0):
                    assert shell is not None
                    yield shell.run(self._id(told, at, number), f"{command(told.mark, at, number)}; sleep 0.1")

    def _delegate(self, tools: dict[str, Tool], told: Told, at: int) -> Iterator[Part]:
        agent = next((tools[name] for name in AGENTS if name in tools), None)
        if agent is None:
            return
        task = f"Please do this. errand=tool_loop mark={told.mark[::-1]}"
        yield agent.call(
            self._id(told, at, 0),
            prompt=task,
            message=task,
            description="Do the errand",
            task_name="errand",
            fork_turns="none",
            subagent_type="general" if agent.name == "task" else "general-purpose",
            run_in_background=False,
        )

    def _id(self, told: Told, step: int, number: int) -> str:
        """Unique also when a client asks again: else nobody could say which answer a result belongs to."""
        return f"call_01{told.mark}s{step}c{number}x{len(self.exchanges)}"


def command(mark: str, step: int, number: int) -> str:
    """A command whose output stands in no prompt: only a shell that ran it knows the sum."""
    return f"echo PROOF-$((6*7))-{mark}-{step}-{number}"


def _proven(told: Told, steps: list[int | str]) -> bool:
    wanted = {
        (at, number): f"PROOF-42-{told.mark}-{at}-{number}" if isinstance(step, int) else ""
        for at, step in enumerate(steps)
        for number in range(step if isinstance(step, int) else 1)
    }
    return all(proof in told.results.get(place, "\0") for place, proof in wanted.items())


# ------------------------------------------------------------------ reading a request


def conversation(body: dict[str, Any]) -> Told:
    """Read who said what."""
    told = Told()
    said = body.get("messages", body.get("input", []))
    items: list[dict[str, Any]] = [{"role": "user", "content": said}] if isinstance(said, str) else said
    for item in items:
        kind, role = item.get("type", "message"), item.get("role")
        if role == "tool":
            told.learn(item["tool_call_id"], words(item.get("content")))
        elif kind.endswith("_call_output"):
            told.learn(item["call_id"], words(item.get("output")))
        elif kind == "agent_message":
            sealed = [part.get("text") or part.get("encrypted_content") or "" for part in item["content"]]
            told.hear("".join(sealed), by_agent=True)
        elif role == "user":
            _hear_blocks(told, item.get("content"))
        elif role == "assistant" or kind == "reasoning":
            told.broken_off = True
    return told


def _hear_blocks(told: Told, content: Any) -> None:
    for block in [{"text": content}] if isinstance(content, str) else content or ():
        if block.get("type") == "tool_result":
            told.learn(block["tool_use_id"], words(block.get("content")))
        else:
            told.hear(block.get("text") or "")


def words(content: Any) -> str:
    """The text in a content field of any dialect."""
    if isinstance(content, list):
        return "\n".join(map(words, content))
    if isinstance(content, dict):
        return words(content.get("text") or content.get("content") or content.get("output") or "")
    return str(content or "")


def tools_of(body: dict[str, Any]) -> dict[str, Tool]:
    """The tools on offer, by name; Codex's newest models get them as an item of the input, in namespaces."""
    offered = list(_tools(body.get("tools") or (), None))
    items = body.get("input")
    for item in items if isinstance(items, list) else ():
        if item.get("type") == "additional_tools":
            offered += _tools(item["tools"], None)
    return {tool.name: tool for tool in offered}


def _tools(offers: Any, namespace: str | None) -> Iterator[Tool]:
    for offer in offers:
        if offer.get("type") == "namespace":
            yield from _tools(offer["tools"], None if offer["name"] == "functions" else offer["name"])
            continue
        said = offer.get("function", offer)
        schema = said.get("parameters") or said.get("input_schema") or {}
        if "name" in said:
            yield Tool(said["name"], schema, custom=offer.get("type") == "custom", namespace=namespace)


def _any_of(schema: dict[str, Any]) -> Any:
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    return {"boolean": False, "integer": 10, "number": 10, "array": [], "object": {}}.get(str(kind), "errand")


def _title(body: dict[str, Any]) -> str:
    wants_object = "output_config" in body or "response_format" in body
    return json.dumps({"title": "An errand"}) if wants_object else "An errand"
