"""What Prometheus reads."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aibridge.ops.metrics import Metrics, Refusal
from aibridge.ops.metrics.board import NAMES_BYTES, SLOTS, Board, board_file
from aibridge.ops.metrics.catalogue import COUNTED, KNOWN
from aibridge.ops.metrics.meters import MAX_LABEL
from aibridge.ops.metrics.metrics import MAX_MODELS
from aibridge.ops.metrics.reference import reference
from aibridge.records import Begun, Outcome, ReplyFacts, TokenUsage, ToolUsage
from support.rows import begun, prompt

Samples = dict[tuple[str, ...], float]
"""By name, then the values of the labels in the order of their names."""

NOTHING = ReplyFacts()
ELSEWHERE = """
import sys
from aibridge.ops.metrics import Metrics, Refusal
from aibridge.ops.metrics.board import Board
Metrics(Board.of(int(sys.argv[1])), seat=1).refused(Refusal.BUSY)
"""
"""What another process counts."""


def samples(metrics: Metrics) -> Samples:
    body, content_type = metrics.render()
    assert content_type.startswith("text/plain")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def asked(model: str = "claude-test", **changes: object) -> Begun:
    return begun(uuid4(), model=model, **changes)


def carry(
    metrics: Metrics,
    row: Begun,
    facts: ReplyFacts = NOTHING,
    *,
    outcome: Outcome = Outcome.COMPLETED,
    seconds: float = 1,
) -> None:
    """An interception from its begin to its end, with a tenth of a second to the first byte."""
    gauge = metrics.began(row)
    gauge.dec()
    metrics.ended(row, outcome, facts, seconds=seconds, first_byte_us=100_000)


def test_what_an_interception_adds() -> None:
    metrics = Metrics()
    usage = TokenUsage(input=10, output=20, cache_read=30, cache_write=None)
    calls = (ToolUsage(tool="Bash", input="{}"), ToolUsage(tool="Bash", input="{}"), ToolUsage(tool="Read", input="{}"))
    facts = ReplyFacts(token_usage=usage, tool_usages=calls, notes=("one", "two"))
    carry(metrics, asked(user_prompt=prompt("hello")), facts, seconds=7)
    whose = ("Claude Code", "claude-test", "anthropic")
    assert {
        (
            "aibridge_interceptions_total",
            "Claude Code",
            "POST",
            "claude-test",
            "anthropic",
            "/v1/messages",
            "completed",
        ): 1,
        (
            "aibridge_interceptions_total",
            "Claude Code",
            "POST",
            "claude-test",
            "anthropic",
            "/v1/messages",
            "failed",
        ): 0,
        ("aibridge_interceptions_inflight", "other", "anthropic", "/v1/messages"): 0,
        ("aibridge_interceptions_duration_seconds_sum", "claude-test", "anthropic"): 7,
        ("aibridge_interceptions_duration_seconds_bucket", "5.0", "claude-test", "anthropic"): 0,
        ("aibridge_interceptions_duration_seconds_bucket", "15.0", "claude-test", "anthropic"): 1,
        ("aibridge_interceptions_duration_seconds_bucket", "+Inf", "claude-test", "anthropic"): 1,
        ("aibridge_time_to_first_byte_seconds_bucket", "0.1", "claude-test", "anthropic"): 1,
        ("aibridge_prompts_total", *whose): 1,
        ("aibridge_tokens_total", *whose, "input"): 10,
        ("aibridge_tokens_total", *whose, "output"): 20,
        ("aibridge_tokens_total", *whose, "cache_read_input_tokens"): 30,
        ("aibridge_tokens_total", *whose, "cache_write_input_tokens"): 0,
        ("aibridge_non_injected_tool_selections_total", "claude-test", "Bash", "anthropic"): 2,
        ("aibridge_non_injected_tool_selections_total", "claude-test", "Read", "anthropic"): 1,
        ("aibridge_listener_notes_total", "anthropic"): 2,
    }.items() <= samples(metrics).items()


def test_what_else_is_counted() -> None:
    metrics = Metrics(providers={"anthropic": "anthropic", "router": "openai"})
    metrics.passed("router", "/v1/models", "GET")
    metrics.refused(Refusal.FORBIDDEN)
    metrics.begin_failures.inc()
    metrics.finish_failures.inc()
    metrics.store_up.set(1)
    writing = metrics.recording("begin")
    writing.written(3, seconds=0.002, waiting=5)
    writing.lost(waiting=9)
    writing.reduced()
    metrics.upkeep("retention", done=True)
    metrics.upkeep("retention", done=False)
    found = samples(metrics)
    assert {
        ("aibridge_passthrough_total", "GET", "router", "/v1/models"): 1,
        ("aibridge_refusals_total", "forbidden"): 1,
        ("aibridge_refusals_total", "busy"): 0,
        ("aibridge_begin_failures_total",): 1,
        ("aibridge_finish_failures_total",): 1,
        ("aibridge_store_up",): 1,
        ("aibridge_record_batch_rows_bucket", "begin", "2.0"): 0,
        ("aibridge_record_batch_rows_bucket", "begin", "4.0"): 1,
        ("aibridge_record_commit_seconds_sum", "begin"): 0.002,
        ("aibridge_record_queue_rows", "begin"): 9,
        ("aibridge_record_lost_tries_total", "begin"): 1,
        ("aibridge_record_reduced_rows_total", "begin"): 1,
        ("aibridge_upkeep_runs_total", "done", "retention"): 1,
        ("aibridge_upkeep_runs_total", "failed", "retention"): 1,
        ("aibridge_provider_info", "router", "openai", "enabled"): 1,
        ("aibridge_workers",): 1,
    }.items() <= found.items()
    assert found["aibridge_upkeep_last_done_timestamp_seconds", "retention"] > 1.7e9
    assert found["process_resident_memory_bytes",] > 1e6


def test_what_is_under_way_goes_up_and_down() -> None:
    metrics = Metrics()
    carry(metrics, asked())
    gauge = metrics.began(asked())
    assert samples(metrics)["aibridge_interceptions_inflight", "claude-test", "anthropic", "/v1/messages"] == 1
    gauge.dec()
    assert samples(metrics)["aibridge_interceptions_inflight", "claude-test", "anthropic", "/v1/messages"] == 0


def test_a_model_that_no_provider_has_answered_to_gets_no_series() -> None:
    """A client makes up as many names as it likes."""
    metrics = Metrics()
    for number in range(1000):
        carry(metrics, asked(f"made-up-{number}"), outcome=Outcome.FAILED)
    assert not any("made-up" in "".join(name) for name in samples(metrics))
    failed = ("aibridge_interceptions_total", "Claude Code", "POST", "other", "anthropic", "/v1/messages", "failed")
    assert samples(metrics)[failed] == 1000


def test_a_provider_that_answers_to_every_name_fills_no_page() -> None:
    """Nor does one that calls ever new tools; nothing goes uncounted."""
    metrics = Metrics()
    for number in range(5000):
        carry(metrics, asked(f"model-{number}"), ReplyFacts(tool_usages=(ToolUsage(tool=f"tool-{number}", input=""),)))
    found = samples(metrics)
    counted = [value for name, value in found.items() if name[0] == "aibridge_interceptions_total"]
    models = {name[3] for name in found if name[0] == "aibridge_interceptions_total"}
    tools = {name: value for name, value in found.items() if name[0] == "aibridge_non_injected_tool_selections_total"}
    assert sum(counted) == 5000
    assert len(models) == MAX_MODELS + 1
    assert sum(tools.values()) == 5000
    assert len(tools) == 2001


def test_a_name_of_any_look_stays_a_label() -> None:
    """Quotes, line breaks and letters of any script; a long one is cut."""
    metrics = Metrics()
    for name in ('qu"ote\\', "line\nbreak", "мода-🦊", "x" * 600):
        carry(metrics, asked(name))
    models = {name[1] for name in samples(metrics) if name[0] == "aibridge_interceptions_duration_seconds_sum"}
    assert models == {'qu"ote\\', "line\nbreak", "мода-🦊", "x" * 120}


def test_a_key_that_somebody_calls_a_model_is_masked() -> None:
    """Trap 20: no secret on the page, even where a provider answers to it."""
    metrics = Metrics()
    carry(metrics, asked("sk-ant-api03-c4n4ryC4N4RY"), ReplyFacts(tool_usages=(ToolUsage(tool="sk-c4n4ry", input=""),)))
    assert "c4n4ry" not in metrics.render()[0].decode()


def test_two_processes_worth_of_metrics_share_nothing() -> None:
    """No global registry: each composition root counts for itself."""
    one, other = Metrics(), Metrics()
    one.begin_failures.inc()
    assert samples(other)["aibridge_begin_failures_total",] == 0


def test_one_page_tells_of_all_workers() -> None:
    """Sums of what each counts; a thing that must be so for all is so when it is for the last of them."""
    with board_file(3) as file:
        board = Board.of(file.fileno())
        one, two = Metrics(board, seat=0), Metrics(board, seat=1)
        carry(one, asked(), seconds=3)
        carry(two, asked(), seconds=4)
        one.began(asked())
        two.began(asked())
        one.store_up.set(1)
        two.store_up.set(0)
        for metrics in (one, two):
            found = samples(metrics)
            assert found["aibridge_interceptions_duration_seconds_sum", "claude-test", "anthropic"] == 7
            assert found["aibridge_interceptions_duration_seconds_count", "claude-test", "anthropic"] == 2
            assert found["aibridge_interceptions_inflight", "claude-test", "anthropic", "/v1/messages"] == 2
            assert found["aibridge_store_up",] == 0
            assert found["aibridge_workers",] == 2


def test_a_killed_worker_leaves_its_counters_and_nothing_under_way() -> None:
    """Until its seat is taken it is not there; whoever takes it goes on counting."""
    board = Board.alone()
    killed = Metrics(board)
    carry(killed, asked())
    killed.began(asked())
    board.seats[0].vacate()
    counted = ("aibridge_interceptions_duration_seconds_count", "claude-test", "anthropic")
    under_way = ("aibridge_interceptions_inflight", "claude-test", "anthropic", "/v1/messages")
    assert samples(killed)[counted] == 1
    assert under_way not in samples(killed)
    heir = Metrics(board)
    carry(heir, asked())
    assert samples(heir)[counted] == 2
    assert samples(heir)[under_way] == 0


def test_a_worker_killed_while_it_named_a_series_hurts_nobody() -> None:
    """The name counts once its length says so."""
    board = Board.alone()
    carry(Metrics(board), asked())
    seat = board.seats[0]
    before, valid = len(seat.series()), int(seat.values[0])
    seat._names[valid : valid + 20] = b'["half", ["a name"\n\n'
    heir = Metrics(board)
    heir.passed("anthropic", "/v1/models", "GET")
    assert len(seat.series()) == before + 1
    assert samples(heir)["aibridge_passthrough_total", "GET", "anthropic", "/v1/models"] == 1


def test_a_seat_that_is_full_counts_no_new_series_and_goes_on() -> None:
    board = Board.alone()
    seat = board.seats[0]
    metrics = Metrics(board)
    seat.add("begin_failures", ("a very wide one",), len(seat.values) - 1000)
    metrics.passed("anthropic", "/v1/models", "GET")
    while seat.add("begin_failures", (str(len(seat.series())),), 1) < len(seat.values) - 64:
        pass
    metrics.passed("anthropic", "/v1/other", "GET")
    carry(metrics, asked())
    assert ("aibridge_passthrough_total", "GET", "anthropic", "/v1/other") not in samples(metrics)
    assert samples(metrics)["aibridge_passthrough_total", "GET", "anthropic", "/v1/models"] == 1


@pytest.mark.parametrize("unnamed", [False, True])
def test_a_board_reaches_another_process(unnamed: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """Where the system has no files in memory, one without a name does."""
    if unnamed:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    with board_file(2) as file:
        number = file.fileno()
        subprocess.run([sys.executable, "-c", ELSEWHERE, str(number)], pass_fds=(number,), check=True)
        here = Metrics(Board.of(file.fileno()), seat=0)
        assert samples(here)["aibridge_refusals_total", "busy"] == 1


def test_a_seat_holds_every_family_grown_to_its_limit() -> None:
    """So that none crowds another out."""
    longest = 12 * MAX_LABEL  # what an emoji takes in JSON
    bounded = [family for family in COUNTED if family.open]
    assert sum(family.limit * family.width for family in bounded) < SLOTS / 2
    assert sum(family.limit * (len(family.open) * longest + 200) for family in bounded) < NAMES_BYTES


def test_the_page_about_them_is_what_the_code_says() -> None:
    """Make it anew with `python -m aibridge.ops.metrics.reference > docs/metrics.md`."""
    assert (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text() == reference()


def test_every_series_on_the_page_of_figures_is_in_the_catalogue() -> None:
    """And the other way round, as soon as something was counted."""
    metrics = Metrics(providers={"anthropic": "anthropic"})
    metrics.recording("begin")
    metrics.upkeep("trim", done=True)
    metrics.passed("anthropic", "/v1/models", "GET")
    metrics.unpriced("anthropic", "house-model")
    carry(metrics, asked(), ReplyFacts(tool_usages=(ToolUsage(tool="Bash", input=""),)))
    body, _ = metrics.render()
    shown = {family.name for family in text_string_to_metric_families(body.decode()) if family.samples}
    ours = {name for name in shown if name.startswith("aibridge_")}
    assert ours == {f"aibridge_{family.name}" for family in (*COUNTED, *KNOWN)}
