"""A value that the database or a parser refuses costs only itself."""

import asyncio
import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from aibridge.demo.asked import Request
from aibridge.demo.provider import Provider, Said
from aibridge.demo.script import Answer, CallTool, Framing, Gate, Hold, Text, Think, Wire, exactly
from support import asking
from support.answers import stream
from support.gateway import ROOT
from support.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

POISON = "poison"


def with_usage(usage: str, **more: str) -> Answer:
    """A plain answer whose figures are this JSON text."""
    parts = {"id": '"msg_1"', "model": '"m"', "content": "[]", "usage": usage} | more
    text = "{" + ",".join([f'"{key}":{value}' for key, value in parts.items()]) + "}"
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return exactly(head % len(text.encode()) + text.encode(), wire=Wire(framing=Framing.LENGTH))


def asked(prompt: str, **more: Any) -> bytes:
    return asking.messages(prompt, **more)


def counted(input_tokens: str, more: str = "") -> Answer:
    return with_usage(f'{{"input_tokens":{input_tokens},"output_tokens":2{more}}}')


FINE = counted("1")
DEEP = "[" * 20_000 + "]" * 20_000
MANY = ",".join(f'"k{number}":{number}' for number in range(9000))
TOOL = {"type": "tool_use", "id": "t" * 9000, "name": "n\0" * 9000, "input": {"a": "\0"}}
POISONS: dict[str, tuple[bytes, dict[str, str], Answer]] = {
    "U+0000 in the prompt": (asked(f"{POISON} \0 x"), {}, FINE),
    "a lone surrogate in the prompt": (asked(f"{POISON} \ud800 x"), {}, FINE),
    "a model name of 12 KB": (asked(POISON, model="m" * 12_000), {}, FINE),
    "U+0000 in the model": (asked(POISON, model="m\0m"), {}, FINE),
    "a count beyond 64 bits": (asked(POISON), {}, counted("99999999999999999999")),
    "a count of 5000 digits": (asked(POISON), {}, counted("9" * 5000)),
    "a broken float": (asked(POISON), {}, counted("1.5")),
    "a negative count": (asked(POISON), {}, counted("-1")),
    "an infinite float": (asked(POISON), {}, counted("1e999")),
    "usage 20,000 levels deep": (asked(POISON), {}, counted("1", f',"server_tool_use":{{"x":{DEEP}}}')),
    "large extra usage": (asked(POISON), {}, counted("1", f',"server_tool_use":{{{MANY}}}')),
    "a session id of 257 characters": (asked(POISON), {"x-claude-code-session-id": "s" * 257}, FINE),
    "a huge tool": (asked(POISON), {}, with_usage('{"output_tokens":2}', content=json.dumps([TOOL]))),
    "a response id that is none": (asked(POISON), {}, with_usage('{"output_tokens":2}', id='["x"]', model="7")),
}


@pytest.mark.parametrize("name", POISONS)
async def test_trap_27_one_poison_value_among_twenty_neighbours(stage: Stage, name: str) -> None:
    """Its neighbours never notice; its own row is there, reduced, with a note."""
    body, headers, said = POISONS[name]

    def script(request: Request) -> Said:
        return said if POISON.encode() in request.received.body else FINE

    stage.play(Provider(script=script))
    headers = {"user-agent": "claude-cli/2.1", **headers}
    sent = [(asked(f"neighbour {number}"), {"user-agent": "claude-cli/2.1"}) for number in range(20)]
    sent.insert(10, (body, headers))
    answers = await asyncio.gather(
        *(stage.gateway.post("/v1/messages", one, headers=with_them) for one, with_them in sent)
    )
    assert {answer.status_code for answer in answers} == {200}
    records = await stage.gateway.interceptions()
    assert len(records) == 21
    prompts = {record["user_prompts"][0]["prompt"]: record for record in records}
    for number in range(20):
        neighbour = prompts[f"neighbour {number}"]
        (usage,) = neighbour["token_usages"]
        assert (neighbour["notes"], usage["input_tokens"], usage["output_tokens"]) == ([], 1, 2)
    (poisoned,) = (record for prompt, record in prompts.items() if prompt.startswith(POISON))
    assert poisoned["outcome"] == "completed"
    assert poisoned["notes"] or name == "a response id that is none"
    for usage in poisoned["token_usages"]:
        assert usage["output_tokens"] in {2, None}


async def test_trap_27_a_child_of_a_purged_row(stage: Stage) -> None:
    """Its start was deleted while the answer ran: nobody else notices."""
    gate = Gate()
    stage.says([Text("hello"), Hold(gate), CallTool("ls", {})])
    async with asyncio.TaskGroup() as tasks:
        one = tasks.create_task(stage.gateway.post("/v1/messages", asking.messages(stream=True)))
        await gate.reached.wait()
        await stage.begun()
        connection = await asyncpg.connect(stage.database)
        await connection.execute("DELETE FROM aibridge_interceptions WHERE initiator_id = $1", stage.gateway.user.id)
        await connection.close()
        gate.open()
    assert b"message_stop" in one.result().content
    assert (await stage.gateway.post("/v1/messages", asking.messages())).status_code == 200
    assert len(await stage.gateway.interceptions()) == 1


async def test_trap_15_deleting_an_interception_deletes_all_its_children(stage: Stage) -> None:
    """Four child tables, by cascade."""
    stage.says([Think("hm"), Text("hello"), CallTool("ls", {})])
    await stage.gateway.post("/v1/messages", asking.messages())
    record = await stage.gateway.only()
    tables = [table for table in ("token_usages", "user_prompts", "tool_usages", "model_thoughts") if record[table]]
    assert len(tables) == 4
    connection = await asyncpg.connect(stage.database)
    try:
        await connection.execute("DELETE FROM aibridge_interceptions WHERE id = $1", UUID(record["id"]))
        for table in tables:
            query = f"SELECT count(*) FROM aibridge_{table} WHERE interception_id = $1"
            assert await connection.fetchval(query, UUID(record["id"])) == 0
    finally:
        await connection.close()


ODD_SESSIONS = ["a/b", "100%", "?x=1", "a b", "emoji 🙂", "ü\u202e", "../..", "%2e%2e", "'; --", '"<script>"', "a\tb"]


@pytest.mark.parametrize("session", ODD_SESSIONS)
async def test_trap_34_odd_session_ids_are_kept_as_they_are(stage: Stage, session: str) -> None:
    """Trimmed, otherwise unchanged; two requests of one session stand in the same one."""
    stage.says(Text("hello"))
    body = asking.messages(metadata={"user_id": json.dumps({"session_id": f" {session} "})})
    headers = {"user-agent": "claude-cli/2.1.330"}
    for _ in range(2):
        assert (await stage.gateway.post("/v1/messages", body, headers=headers)).status_code == 200
    records = await stage.gateway.interceptions()
    assert [record["client_session_id"] for record in records] == [session, session]
    assert {record["session_id"] for record in records} == {session}


async def test_trap_8_a_tool_call_id_used_twice_links_within_its_session(stage: Stage) -> None:
    """The same id in two sessions: each round finds its own parent; somebody else's never."""
    stage.says([CallTool("ls", {}, id="toolu_same")])
    other = await stage.visited_by()
    stage.says([CallTool("ls", {}, id="toolu_same")])
    parents: dict[str, str] = {}
    headers = {"user-agent": "claude-cli/2.1.330"}
    for session in ("one", "two"):
        await stage.gateway.post(
            "/v1/messages", asking.messages(), headers={**headers, "x-claude-code-session-id": session}
        )
    await other.gateway.post("/v1/messages", asking.messages(), headers=headers)
    for record in await stage.gateway.interceptions():
        parents[record["session_id"]] = record["id"]
    result = [{"type": "tool_result", "tool_use_id": "toolu_same", "content": "x"}]
    for session in ("one", "two"):
        body = asking.messages(messages=[{"role": "user", "content": result}])
        await stage.gateway.post("/v1/messages", body, headers={**headers, "x-claude-code-session-id": session})
    for record in (await stage.gateway.interceptions())[:2]:
        assert record["thread_parent_id"] == parents[record["session_id"]]


async def test_unreadable_events_leave_a_note_and_the_bytes_alone(stage: Stage) -> None:
    """An observer cannot hurt the traffic."""
    start = {"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 3, "output_tokens": 1}}}
    body = (
        stream(start)
        + b'event: content_block_start\ndata: {"type":"content_block_start","index":"x","content_block":[1]}\n\n'
        + b'event: content_block_delta\ndata: {"type":"content_block_delta","index":{},"delta":7}\n\n'
        + b"event: message_delta\ndata: {broken\n\n"
        + b"event: message_delta\ndata: "
        + b"[" * 50_000
        + b"\n\n"
        + b"\xff\xfe\xfd: \xc3\x28\n\n"
        + stream({"type": "message_stop"})
    )
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(body)
    stage.says(exactly(head + body))
    answer = await stage.gateway.post("/v1/messages", asking.messages(stream=True))
    assert answer.content == body
    record = await stage.gateway.only()
    assert (record["outcome"], record["provider_response_id"]) == ("completed", "msg_1")


async def test_side_requests_are_marked_and_hold_no_prompt(stage: Stage) -> None:
    """A title request repeats the prompt; its text is kept beside, not as something a person asked."""
    stage.says(Text("Red build"))
    headers = {"user-agent": "claude-cli/2.1.330", "x-claude-code-session-id": "s"}
    title: Any = {"output_config": {"format": {"type": "json_schema", "schema": {}}}}
    await stage.gateway.post("/v1/messages", asking.messages("Title?", **title), headers=headers)
    await stage.gateway.post("/v1/messages", asking.messages("Title?", **title), headers={"user-agent": "claude-cli/2"})
    hidden, side = await stage.gateway.interceptions()
    assert (side["side_request"], side["user_prompts"], side["metadata"]["side_prompt"]) == (True, [], "Title?")
    assert (hidden["side_request"], len(hidden["user_prompts"])) == (False, 1), "without a session it hides nothing"


@pytest.mark.parametrize(
    "prompt", ["<script>alert(1)</script>", "\x1b[31mred\x1b]0;title\x07", "=cmd|'/c calc'!A0", "{{7*7}}"]
)
async def test_trap_25_a_prompt_is_text_and_nothing_else(stage: Stage, prompt: str) -> None:
    """Kept as it was asked, and given as JSON: no control character reaches a terminal, no tag a browser."""
    stage.says(Text(prompt))
    await stage.gateway.post("/v1/messages", asking.messages(prompt))
    url = f"{stage.gateway.url}{ROOT}/interceptions"
    answer = await stage.gateway.http.get(url, headers={"authorization": f"Bearer {stage.token}"})
    assert answer.headers["content-type"] == "application/json"
    assert not any(byte < 32 for byte in answer.content)
    assert answer.json()["results"][0]["user_prompts"][0]["prompt"] == prompt
