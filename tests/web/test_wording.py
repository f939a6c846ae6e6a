"""What a row of a session says of its step."""

from typing import Any
from uuid import UUID

import pytest

from aibridge.store.step_texts import StepTexts
from aibridge.web.session.building import tree_of
from aibridge.web.session.wording import lead, title_of
from support.timelines import step, thread, timeline


@pytest.mark.parametrize(
    ("prompt", "active", "title"),
    [
        ("Fix\n the  test", True, "Fix the test"),
        ("Fix the test", False, "Fix the test"),
        (" \n", False, "Session without a prompt"),
        (None, False, "Session without a prompt"),
        (None, True, "No prompt on record yet"),
    ],
)
def test_what_a_session_is_called(prompt: str | None, *, active: bool, title: str) -> None:
    """While only a client's own chore has ended, what the person asked is still to come."""
    assert title_of(timeline(thread([step(1)]), first_prompt=prompt).session, active=active) == title


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({}, "Turn ended."),
        ({"thought": "All  is\ndone."}, "Turn ended. All is done."),
        ({"answer": "The tests\n\npass.", "thought": "All is done."}, "The tests pass."),
        ({"answer": " \n"}, "Turn ended."),
    ],
)
def test_a_turn_ends_with_its_answer_where_that_is_kept(told: dict[str, Any], says: str) -> None:
    (only,) = tree_of(timeline(thread([step(1, tool=None, tool_calls=0)])))
    (row,) = only.rows
    assert row.step.id == UUID(int=1)
    assert lead(row, StepTexts(**told)).tells == says
