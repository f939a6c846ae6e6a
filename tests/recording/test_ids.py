from aibridge.recording.ids import uuid7_maker


def test_ids_of_one_millisecond_sort_as_they_were_made() -> None:
    """The tools of one answer have one time; their ids keep them in order, and stay valid version 7 ids."""
    make = uuid7_maker()
    ids = [make(1_795_000_000_000 + number // 300) for number in range(900)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 900
    assert {(id_.version, id_.variant) for id_ in ids} == {(7, "specified in RFC 4122")}
    assert [id_.int >> 80 for id_ in ids[::300]] == [1_795_000_000_000, 1_795_000_000_001, 1_795_000_000_002]


def test_two_makers_do_not_meet() -> None:
    """Processes that start in the same millisecond draw different ids."""
    one, other = uuid7_maker(), uuid7_maker()
    assert {one(7) for _ in range(1000)}.isdisjoint(other(7) for _ in range(1000))
