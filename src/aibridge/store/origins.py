"""Which step started a subagent's thread. No I/O.

What clients tell (as observed with Claude Code, Codex and OpenCode):

- Claude Code names a subagent with `x-claude-code-agent-id`, and its parent when that is a subagent itself; the main
  agent has no id. Without the headers a subagent still says that it is one. It is started by a call of `Agent`,
  formerly `Task`, with a `prompt`, which is the first thing that the subagent is asked.
- Codex names every agent by its `thread-id`, and a subagent's parent. It is started by `spawn_agent` with a `message`,
  and told more by `send_input`, whose `id` is the agent's.
- OpenCode's subagents are sessions of their own. What started one is in another session, and is not looked for here.

So the rules are:

1. *declared*: before the thread, another agent called a tool that starts or addresses agents, and named this agent's
   declared id in its arguments. The latest such call counts.
2. *inferred*: agents and calls are matched, each call at most once, a call only with an agent of its own agent's that
   began later than the step did. Calls whose text is exactly the agent's first prompt come first; the other agents, in
   order of their starts, get the first unused call of the latest step that has one. An agent's further threads
   (a request that failed and was tried again) were started by the same call.
3. Else it is not known.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from aibridge.store.threads import Mark, ThreadMarks

STARTING = frozenset({"Agent", "Task", "agent", "task", "spawn_agent", "subagent", "runSubagent"})
"""Tools that start a subagent: Claude Code, Codex, OpenCode, Copilot, Droid, Qwen Code."""
ADDRESSING = frozenset({"send_input", "send_message", "resume_agent", "followup_task", "SendMessage"})
"""Tools that tell a running or finished subagent more."""
CALLING = sorted(STARTING | ADDRESSING)

_TEXTS = ("prompt", "message", "task")
"""Arguments that hold what the subagent is asked."""


class StartedBy(msgspec.Struct, frozen=True, kw_only=True):
    """The step that started a thread."""

    thread_id: UUID
    interception_id: UUID
    tool_usage_id: UUID | None
    tool: str | None
    certainty: Literal["declared", "inferred"]


class AgentCall(NamedTuple):
    """A call of one of the tools of `CALLING`."""

    id: UUID
    tool: str
    input: str


class _Call(msgspec.Struct, frozen=True, eq=False):
    """A call with where it was made; each is itself only."""

    thread_id: UUID
    step: Mark
    call: AgentCall
    text: str | None
    names: frozenset[str]


def subagent_threads(threads: Sequence[ThreadMarks]) -> list[ThreadMarks]:
    """Those that a subagent began, in order.

    Its head names a parent, says that it is one, or names an agent where others (the main one) are nameless.
    """
    rows = [row for thread in threads for row in thread.rows if not row.side_request]
    main_is_nameless = any(_is_main(row) for row in rows)
    return [thread for thread in threads if _begun_by_subagent(thread.head, main_is_nameless=main_is_nameless)]


def _is_main(row: Mark) -> bool:
    return row.agent_id is None and row.parent_agent_id is None and not row.says_subagent


def _begun_by_subagent(head: Mark, *, main_is_nameless: bool) -> bool:
    if head.side_request:
        return False
    named = head.agent_id is not None and main_is_nameless
    return named or head.parent_agent_id is not None or head.says_subagent


def origins(
    threads: Sequence[ThreadMarks],
    calls: Mapping[UUID, Sequence[AgentCall]],
    prompts: Mapping[UUID, str],
) -> dict[UUID, StartedBy]:
    """What started the threads of subagents, by the threads' ids.

    `threads`: all of the session; `calls`: of the tools in `CALLING`, by interception, oldest first; `prompts`: the
    first of each of the threads' heads that has one.
    """
    begun = subagent_threads(threads)
    made = list(_made(threads, calls))
    naming = _naming(made)
    inferred = _inferred(begun, made, prompts)
    found = {}
    for thread in begun:
        head = thread.head
        if call := _declared(head, naming.get(head.agent_id or "", [])):
            found[head.id] = _started_by(call, "declared")
        elif call := inferred.get(_key(head)):
            found[head.id] = _started_by(call, "inferred")
    return found


def _started_by(made: _Call, certainty: Literal["declared", "inferred"]) -> StartedBy:
    return StartedBy(
        thread_id=made.thread_id,
        interception_id=made.step.id,
        tool_usage_id=made.call.id,
        tool=made.call.tool,
        certainty=certainty,
    )


def _made(threads: Sequence[ThreadMarks], calls: Mapping[UUID, Sequence[AgentCall]]) -> Iterator[_Call]:
    """Every call, in order of the steps."""
    steps = [(row, thread.head.id) for thread in threads for row in thread.rows if row.id in calls]
    for step, thread_id in sorted(steps, key=lambda one: one[0].place):
        for call in calls[step.id]:
            arguments = _strings(call.input)
            text = next((arguments[key].strip() for key in _TEXTS if arguments.get(key)), None)
            names = frozenset(value for key, value in arguments.items() if key not in _TEXTS)
            yield _Call(thread_id, step, call, text, names)


def _strings(given: str) -> dict[str, str]:
    """The arguments that are texts; none when this is not a JSON object."""
    try:
        arguments = msgspec.json.decode(given)
    except (msgspec.DecodeError, RecursionError):
        return {}
    if not isinstance(arguments, dict):
        return {}
    return {key: value for key, value in arguments.items() if isinstance(value, str)}


def _key(head: Mark) -> str | UUID:
    """Whose threads are one agent's: nameless ones are each another's."""
    return head.agent_id or head.id


# ------------------------------------------------------------------ declared


def _naming(made: Sequence[_Call]) -> dict[str, list[_Call]]:
    """The calls that name an agent, in order, but for its own."""
    found: dict[str, list[_Call]] = {}
    for one in made:
        for name in one.names - {one.step.agent_id}:
            found.setdefault(name, []).append(one)
    return found


def _declared(head: Mark, naming: Sequence[_Call]) -> _Call | None:
    """The latest call before the thread that names its agent."""
    before = bisect_left(naming, head.place, key=_place)
    return naming[before - 1] if before else None


def _place(made: _Call) -> tuple[datetime, UUID]:
    return made.step.place


# ------------------------------------------------------------------ inferred


def _inferred(
    begun: Sequence[ThreadMarks], made: Sequence[_Call], prompts: Mapping[UUID, str]
) -> dict[str | UUID, _Call]:
    """The calls that started the agents, each agent's parent for itself."""
    offered: dict[str | None, list[_Call]] = {}
    for one in made:
        if one.call.tool in STARTING and (one.step.agent_id is not None or _is_main(one.step)):
            offered.setdefault(one.step.agent_id, []).append(one)
    sought: dict[str | None, dict[str | UUID, Mark]] = {}
    for thread in begun:
        head = thread.head
        if head.parent_agent_id is None or head.parent_agent_id != head.agent_id:
            sought.setdefault(head.parent_agent_id, {}).setdefault(_key(head), head)
    found: dict[str | UUID, _Call] = {}
    for parent, heads in sought.items():
        calls = offered.get(parent, [])
        of_text = _by_text(heads, calls, prompts)
        unused = set(calls).difference(of_text.values())
        rest = {key: head for key, head in heads.items() if key not in of_text}
        found |= of_text | _by_order(rest, [one for one in calls if one in unused])
    return found


def _by_text(
    heads: Mapping[str | UUID, Mark], calls: Sequence[_Call], prompts: Mapping[UUID, str]
) -> dict[str | UUID, _Call]:
    """Agents whose first prompt is what a call says: of several such calls the first unused.

    A nameless agent may be another's second try, and then shares its call.
    """
    waiting: dict[str, deque[_Call]] = {}
    for one in calls:
        if one.text is not None:
            waiting.setdefault(one.text, deque()).append(one)
    found: dict[str | UUID, _Call] = {}
    latest: dict[str, _Call] = {}
    for key, head in heads.items():
        text = prompts.get(head.id, "").strip()
        equal = waiting.get(text)
        if equal and equal[0].step.place < head.place:
            found[key] = latest[text] = equal.popleft()
        elif head.agent_id is None and text in latest:
            found[key] = latest[text]
    return found


def _by_order(heads: Mapping[str | UUID, Mark], calls: Sequence[_Call]) -> dict[str | UUID, _Call]:
    """For each agent the first unused call of the latest step that has one."""
    coming = deque(calls)
    steps: list[deque[_Call]] = []
    found: dict[str | UUID, _Call] = {}
    for key, head in heads.items():
        while coming and coming[0].step.place < head.place:
            one = coming.popleft()
            if not steps or steps[-1][-1].step.id != one.step.id:
                steps.append(deque())
            steps[-1].append(one)
        if steps:
            found[key] = steps[-1].popleft()
            if not steps[-1]:
                steps.pop()
    return found
