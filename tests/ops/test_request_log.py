"""Lines about requests: by which ids they are found, and what they tell."""

from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from aibridge.demo.script import Text
from support import asking
from support.gateway import ROOT
from support.stage import Stage, open_stage

Lines = list[MutableMapping[str, Any]]


@pytest.fixture
async def logging_stage(database: str) -> AsyncIterator[Stage]:
    async with open_stage(database, environ={"AIBRIDGE_LOG_REQUESTS": "true"}) as stage:
        stage.says(Text("hello"))
        yield stage


def ended(logged: Lines) -> MutableMapping[str, Any]:
    (line,) = (line for line in logged if line["event"] == "request ended")
    assert line["seconds"] > 0
    return line


async def test_a_request_that_was_intercepted(logging_stage: Stage) -> None:
    with capture_logs() as logged:
        await logging_stage.gateway.post("/v1/messages", asking.messages("hi"))
    line, row = ended(logged), await logging_stage.gateway.only()
    assert line["interception_id"] == line["request_id"] == row["id"]
    assert (line["initiator"], line["provider_name"]) == (logging_stage.gateway.user.username, "anthropic")
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/messages", 200)


async def test_a_request_that_was_passed_through(logging_stage: Stage) -> None:
    """Both of its lines carry the same id, and its route is a line of the table."""
    gateway = logging_stage.gateway
    with capture_logs() as logged:
        await gateway.http.get(
            f"{gateway.url}{ROOT}/anthropic/v1/models/claude-x",
            headers={"authorization": f"Bearer {gateway.user.token}"},
        )
    (passed,) = (line for line in logged if line["event"] == "passed through")
    assert passed["path"] == "/v1/models/claude-x"
    assert ended(logged)["route"] == passed["route"] == "/v1/models"
    assert ended(logged)["request_id"] == passed["request_id"]


async def test_a_request_that_was_refused(logging_stage: Stage) -> None:
    """It says what was known by then."""
    gateway = logging_stage.gateway
    for path, token, known in (
        ("/v1/nothing", gateway.user.token, set()),
        ("/v1/messages", "aib_nobody", {"provider_name", "route"}),
    ):
        with capture_logs() as logged:
            await gateway.post(path, b"{}", token=token)
        line = ended(logged)
        assert {"provider_name", "route", "initiator", "interception_id"} & set(line) == known
        assert line["status"] in {401, 404}


@pytest.mark.parametrize(
    ("theirs", "believed"),
    [
        ("req-0123456789", True),
        ("0f8fad5b-d9cb-469f-a165-70867728950e", True),
        ("short", False),
        ("x" * 129, False),
        ("with blanks inside", False),
        ("../../etc/passwd", False),
        ("<script>alert(1)</script>", False),
    ],
)
async def test_the_id_that_a_client_gave_its_request(
    logging_stage: Stage,
    theirs: str,
    believed: bool,  # noqa: FBT001
) -> None:
    """It stands in the log if it looks like one. The interception's id stands beside it in any case."""
    with capture_logs() as logged:
        answer = await logging_stage.gateway.post(
            "/v1/messages", asking.messages("hi"), headers={"x-request-id": theirs}
        )
    line = ended(logged)
    assert (line["request_id"] == theirs) is believed
    assert line["interception_id"] == answer.headers["x-aibridge-interception-id"]
    assert "x-request-id" not in answer.headers


async def test_a_record_that_cannot_be_written_is_told_with_its_ids(database: str) -> None:
    async with open_stage(database, environ={"AIBRIDGE_BEGIN_TIMEOUT": "200ms"}) as stage:
        stage.says(Text("hello"))
        with capture_logs() as logged:
            async with stage.record_held():
                await stage.gateway.post(
                    "/v1/messages", asking.messages("hi"), headers={"x-request-id": "req-0815-4711"}
                )
    (line,) = (line for line in logged if line["event"] == "the start of an interception could not be recorded")
    assert (line["request_id"], line["initiator"]) == ("req-0815-4711", stage.gateway.user.username)
    assert (line["provider_name"], line["route"]) == ("anthropic", "/v1/messages")
    assert line["interception_id"]


async def test_no_line_unless_it_is_asked_for(database: str) -> None:
    async with open_stage(database) as stage:
        stage.says(Text("hello"))
        with capture_logs() as logged:
            await stage.gateway.post("/v1/messages", asking.messages("hi"))
    assert [line for line in logged if line["event"] == "request ended"] == []


async def test_a_fault_of_the_gateways_own_is_told_with_its_ids(
    logging_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The traceback is the server's line; this one says whose request it was."""
    recorder = logging_stage.gateway.worker.recorder

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(recorder, "begin", fails)
    with capture_logs() as logged:
        answer = await logging_stage.gateway.post("/v1/messages", asking.messages("hi"))
    assert answer.status_code == 500
    (line,) = (line for line in logged if line["event"] == "a request failed in the gateway; the server tells how")
    assert (line["initiator"], line["route"]) == (logging_stage.gateway.user.username, "/v1/messages")
    assert line["request_id"] == ended(logged)["request_id"]
