"""What is said to other replicas about what was recorded."""

from uuid import UUID, uuid4

from aibridge.store.announcing import MAX_PAYLOAD, TOO_MUCH, Announcement, decoded, encoded

ALICE, BOB = uuid4(), uuid4()


def test_what_is_said_is_understood() -> None:
    said = Announcement(initiators={str(ALICE): 3, str(BOB): 1})
    heard = decoded(encoded(said))
    assert [heard.count(who) for who in (None, ALICE, BOB, uuid4())] == [4, 3, 1, 0]


def test_more_than_fits_is_a_reason_for_everybody_to_look() -> None:
    """PostgreSQL takes 8,000 bytes."""
    said = Announcement(initiators={str(UUID(int=n)): 1 for n in range(1000)})
    assert len(encoded(said)) <= MAX_PAYLOAD
    assert decoded(encoded(said)).count(ALICE) is None


def test_what_nobody_understands_is_too() -> None:
    """Another version may say it in other words."""
    for payload in ("", "user 1", "[]", '{"initiators": 7}', "\x00"):
        assert decoded(payload) == TOO_MUCH
