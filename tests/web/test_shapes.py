"""A shape is filled in as Markup is: what is no number and no markup is escaped."""

from uuid import UUID

import pytest
from markupsafe import Markup

from aibridge.web.shapes import Shape

PATTERN = '<rect class="{}" x="{:.2f}%" data-goto="{name}"/>'
VALUES = ["<b>&\"'</b>", Markup("<b>"), Shape("<i/>"), UUID(int=7), 3, True, None]


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("number", [0, 1.255, -3])
def test_it_says_what_markup_says(value: object, number: float) -> None:
    filled = Shape(PATTERN).format(value, number, name=value)
    assert str(filled) == str(Markup(PATTERN).format(value, number, name=value))
    assert str(Markup("{}").format(filled)) == str(filled)  # it is markup itself: nobody escapes it again


def test_braces_in_a_value_stay_as_they_are() -> None:
    assert str(Shape("<text>{}</text>").format("{0.__class__}")) == "<text>{0.__class__}</text>"
