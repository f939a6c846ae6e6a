"""The bench's own parts: figures are worth what measures them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench.accounting import busy_seconds, cpu_seconds, forget_peak, memory_kib, peak_kib, tree
from bench.answer import Answer
from bench.figures import percentile, spread
from bench.memory import OpenStreams
from bench.payloads import PIECES, pieces, plain_answer, request_body, streamed_answer
from bench.processes import Cores, hold, listens, load, provider, running
from bench.report import Report, markdown, write_into
from bench.scenarios import OPEN_STREAMS
from bench.tables import table
from bench.task import Result, Task
from bench.upstream import plain_wire, script_of, stream_wire

CORES = Cores.of_this_machine()


def task(port: int, script: str, *, seconds: float = 0.2, requests: int = 0, keep: bool = False) -> Task:
    return Task(
        port=port,
        target=f"/v1/messages?answer={script}",
        token="aib_x",
        body_bytes=4000,
        streaming=True,
        connections=3,
        seconds=seconds,
        requests=requests,
        hold=keep,
    )


@pytest.mark.parametrize("size", [3000, 4000, 90_000, 100_000])
def test_a_request_has_exactly_the_size_asked_for(size: int) -> None:
    body = request_body(size, streaming=True)
    assert len(body) == size
    assert json.loads(body)["messages"][-1]["role"] == "user"


def test_the_streamed_answer_is_what_the_documentation_says() -> None:
    answer = streamed_answer()
    assert answer.count(b"\n\n") == 108
    assert len(pieces(answer)) == len(stream_wire()) == PIECES
    assert b"".join(pieces(answer)) == answer
    assert 900 < len(plain_answer()) < 1300


@pytest.mark.parametrize("wire", [plain_wire(), stream_wire()])
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_the_end_of_an_answer_is_found_wherever_it_is_cut(wire: tuple[bytes, ...], step: int) -> None:
    whole = b"".join(wire)
    answer = Answer()
    ends = [answer.feed(whole[at : at + step]) for at in range(0, len(whole), step)]
    assert ends == [False] * (len(ends) - 1) + [True]
    assert (answer.status, answer.whole) == (200, True)


def test_an_answer_without_its_own_end_is_not_whole() -> None:
    answer = Answer()
    assert answer.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{...}")
    assert not answer.whole


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([], 50) == 0
    assert percentile([7], 99) == 7
    assert percentile(range(1, 101), 50) == 50
    assert percentile(range(1, 101), 99) == 99
    assert spread([10, 12, 11]) == pytest.approx(0.2)
    assert spread([]) == 0


def test_a_request_line_is_the_script() -> None:
    script = script_of(b"POST /v1/messages?answer=stream&delay=5&pace=10 HTTP/1.1")
    assert (script.delay, script.pace, len(script.writes)) == (0.005, 0.01, PIECES)
    assert script_of(b"POST /v1/messages?answer=plain HTTP/1.1")[1:] == (0, 0)
    with pytest.raises(ValueError, match="no script"):
        script_of(b"POST /v1/messages HTTP/1.1")


@pytest.mark.parametrize("script", ["plain", "stream", "stream&delay=1&pace=1"])
def test_clients_and_provider_talk_without_an_error(script: str) -> None:
    with provider(CORES) as (pid, port):
        result = load(task(port, script, seconds=60, requests=5), CORES)
        assert cpu_seconds(pid) > 0
    assert (result.answers, result.errors, result.problem) == (5, 0, "")
    assert 0 < result.first_byte_p50 <= result.p50 <= result.p99
    assert not listens(port)


def test_clients_stop_when_time_is_up() -> None:
    """However few requests a busy machine let through."""
    with provider(CORES) as (_, port):
        result = load(task(port, "plain", seconds=0.1), CORES)
    assert (result.errors, result.problem) == (0, "")


def test_held_answers_stay_open_until_somebody_has_looked() -> None:
    with provider(CORES) as (pid, port):
        seen, result = hold(task(port, "stream&pace=60000", seconds=20, keep=True), CORES, lambda: memory_kib(pid))
    assert seen > 0
    assert (result.answers, result.errors) == (0, 0)


def test_wrong_answers_and_closed_ports_are_errors() -> None:
    with provider(CORES) as (_, port):
        pass
    result = load(task(port, "plain", seconds=60, requests=3), CORES)
    assert (result.answers, result.errors) == (0, 3)
    assert "refused" in result.problem


def test_a_process_is_counted_with_its_children() -> None:
    # The kernel counts in hundredths of a second: the inner process has used ten before it is looked at.
    inner = "import time\nwhile time.process_time() < 0.1: pass\nprint(flush=True); input()"
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    with running([sys.executable, "-c", nested], cores=CORES.rest) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert len(tree(process.pid)) == 2
        assert tree(process.pid)[0] == process.pid
        assert cpu_seconds(process.pid) > 0.05
        assert memory_kib(process.pid) > memory_kib(tree(process.pid)[1]) > 0


def test_a_peak_can_be_forgotten() -> None:
    held = bytearray(64 * 2**20)
    held[:] = b"x" * len(held)
    high = peak_kib([os.getpid()])
    del held
    forget_peak(os.getpid())
    assert peak_kib([os.getpid()]) < high - 50 * 1024
    assert busy_seconds() > 0


def test_a_process_that_is_gone_counts_nothing() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert cpu_seconds(ended.pid) == memory_kib(ended.pid) == 0


def test_tables_have_even_columns() -> None:
    assert table(("what", "µs"), [("a", "5"), ("longer", "1234")]) == (
        "| what   |   µs |\n| ------ | ---: |\n| a      |    5 |\n| longer | 1234 |"
    )


@pytest.mark.parametrize(("during", "said"), [(40 * 500, "≤ 40 KiB"), (41 * 500, "≤ 40 KiB **missed**")])
def test_what_missed_its_budget_is_marked(report: Report, during: int, said: str) -> None:
    nothing = Result(answers=0, errors=0, seconds=1, p50=0, p99=0, first_byte_p50=0, first_byte_p99=0)
    report.streams = [OpenStreams(scenario=OPEN_STREAMS[0], before=0, during=during, result=nothing)]
    (row,) = [line for line in markdown(report).splitlines() if "500 open streams" in line]
    assert row.split("|")[3].strip() == said


def test_a_page_without_marks_is_left_alone(tmp_path: Path, report: Report) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n")
    with pytest.raises(ValueError, match="bench:begin"):
        write_into(page, report)
    assert page.read_text() == "# Page\n"


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path, report: Report) -> None:
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nbelow\n")
    write_into(page, report)
    write_into(page, report)
    written = page.read_text()
    assert written.startswith("above\n<!-- bench:begin -->\n\n- today")
    assert written.endswith("\n\n<!-- bench:end -->\nbelow\n")
    assert "old" not in written
