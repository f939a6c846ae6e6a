"""Where a page stands among all pages."""

import pytest

from aibridge.web.paging import paging


@pytest.mark.parametrize(
    ("offset", "total", "told"),
    [
        (0, 0, (0, 0, None, None)),
        (0, 50, (1, 50, None, None)),
        (0, 51, (1, 50, None, 50)),
        (50, 51, (51, 51, 0, None)),
        (30, 200, (31, 80, 0, 80)),
        (10_000, 120, (101, 120, 50, None)),
    ],
)
def test_first_and_last_row_and_the_neighbours(
    offset: int, total: int, told: tuple[int, int, int | None, int | None]
) -> None:
    found = paging(offset, 50, total)
    assert (found.first, found.last, found.previous, found.next) == told


@pytest.mark.parametrize(
    ("offset", "reach", "told"),
    [
        (0, 51, (1, 50, None, 50, [1, 2, None])),
        (950, 1001, (951, 1000, 900, 1000, [1, None, 19, 20, 21, None])),
        (1000, 1051, (1001, 1050, 950, 1050, [1, None, 20, 21, 22, None])),
        (1000, 1020, (1001, 1020, 950, None, [1, None, 20, 21])),
    ],
)
def test_where_not_all_are_counted_the_way_goes_on_without_a_last_page(
    offset: int, reach: int, told: tuple[int, int, int | None, int | None, list[int | None]]
) -> None:
    found = paging(offset, 50, 1000, reach=reach)
    assert found.more
    assert found.total == 1000
    assert (found.first, found.last, found.previous, found.next, [leap.number for leap in found.leaps]) == told


def test_far_pages_are_left_out() -> None:
    assert [leap.number for leap in paging(5 * 50, 50, 1000).leaps] == [1, None, 5, 6, 7, None, 20]
    assert [leap.number for leap in paging(50, 50, 200).leaps] == [1, 2, 3, 4]
    (current,) = [leap for leap in paging(5 * 50, 50, 1000).leaps if leap.is_current]
    assert (current.number, current.offset) == (6, 250)
