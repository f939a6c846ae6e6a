"""What rows weigh, and how they are made lighter: shortened while an answer goes on, reduced when they are refused."""

import msgspec

from aibridge.recording.rows import EXCERPT_CHARS
from aibridge.records import Begun, Finished

ROW_OVERHEAD = 1024
"""Bytes: what a row weighs beside its texts."""


def is_long(row: Begun) -> bool:
    """Whether a start holds more of its texts than its end will need."""
    prompt = row.user_prompt
    return bool(row.tool_results) or (prompt is not None and len(prompt.prompt) > EXCERPT_CHARS)


def shortened(row: Begun) -> Begun:
    """Return a start with no more of its texts than the excerpt of the prompt."""
    if not is_long(row):
        return row
    prompt = row.user_prompt
    excerpt = prompt and msgspec.structs.replace(prompt, prompt=prompt.prompt[:EXCERPT_CHARS])
    return msgspec.structs.replace(row, user_prompt=excerpt, tool_results=())


def reduced_begun(row: Begun) -> Begun:
    """Return a start that the database cannot refuse: ids, times and what comes from closed sets."""
    return msgspec.structs.replace(
        row,
        model="",
        client_session_id=None,
        correlating_tool_call_id=None,
        agent_id=None,
        parent_agent_id=None,
        user_prompt=None,
        tool_results=(),
        metadata={},
        notes=("the database refused this record; only its outline was kept",),
    )


def reduced_finished(row: Finished) -> Finished:
    """Return an end that the database cannot refuse: ids, times and outcome."""
    return msgspec.structs.replace(
        row,
        error_message=None,
        provider_response_id="",
        response_model="",
        token_usage=None,
        tool_usages=(),
        model_thoughts=(),
        model_answers=(),
        metadata={},
        partial=True,
        prompt_at=None,
        prompt_excerpt=None,
        notes=("the database refused the facts of this answer; only its outcome was kept",),
    )


def begun_bytes(row: Begun) -> int:
    """Estimate what a start weighs in a batch."""
    results = sum([len(result.content) + ROW_OVERHEAD for result in row.tool_results])
    return ROW_OVERHEAD + results + (len(row.user_prompt.prompt) if row.user_prompt else 0)


def finished_bytes(row: Finished) -> int:
    """Estimate what an end weighs in a batch."""
    tools = sum([len(tool.input) + ROW_OVERHEAD for tool in row.tool_usages])
    thoughts = sum([len(thought.content) + ROW_OVERHEAD for thought in row.model_thoughts])
    answers = sum([len(answer.content) + ROW_OVERHEAD for answer in row.model_answers])
    return ROW_OVERHEAD + tools + thoughts + answers
