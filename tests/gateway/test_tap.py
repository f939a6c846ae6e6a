"""An observer cannot hurt the traffic: whatever a listener or a decoder raises becomes a note."""

import gzip

import pytest

from aibridge.dialects.encodings import open_decoder
from aibridge.gateway.tap import Tap
from aibridge.records import ReplyFacts


class Listener:
    """Raises at one of its methods."""

    def __init__(self, breaks_at: str = "") -> None:
        self.breaks_at = breaks_at
        self.heard = b""

    @property
    def terminal(self) -> bool:
        return b"end" in self.heard

    def _maybe_break(self, method: str) -> None:
        if method == self.breaks_at:
            raise RecursionError(method)

    def hear(self, chunk: bytes) -> None:
        self._maybe_break("hear")
        self.heard += chunk

    def end(self) -> None:
        self._maybe_break("end")

    def tell(self) -> ReplyFacts:
        self._maybe_break("tell")
        return ReplyFacts(response_id=self.heard.decode(), ended=True, notes=("heard",))


@pytest.mark.parametrize("method", ["hear", "end", "tell"])
def test_a_listener_that_breaks_is_a_note(method: str) -> None:
    """Nothing more is heard, the facts say that they are unread, and nobody is disturbed."""
    tap = Tap(Listener(breaks_at=method))
    tap.hear(b"one")
    tap.hear(b"two end")
    tap.end()
    facts = tap.tell()
    assert tap.deaf
    assert not tap.terminal
    assert (facts.unread, facts.ended) == (True, False)
    assert facts.notes == ("the answer could not be read: RecursionError",)
    assert tap.tell() == facts


def test_a_compressed_answer_that_is_none_is_a_note() -> None:
    """What was decoded until then is forgotten with the rest."""
    tap = Tap(Listener(), open_decoder("gzip"))
    tap.hear(gzip.compress(b"one")[:-4] + b"\xff" * 40)
    tap.hear(b"more")
    assert tap.tell().unread
    assert tap.tell().notes == ("the answer could not be read: EncodingBroken",)


def test_what_was_heard_is_told_with_the_notes_of_both() -> None:
    """A tap without trouble adds nothing of its own."""
    tap = Tap(Listener(), open_decoder("gzip"), notes=("tapped",))
    for byte in gzip.compress(b"the end"):
        tap.hear(bytes([byte]))
    assert tap.terminal
    assert tap.tell() == ReplyFacts(response_id="the end", ended=True, notes=("heard", "tapped"))


def test_a_tap_may_be_deaf_from_the_start() -> None:
    """For an encoding that nobody knows here."""
    tap = Tap.deafened(Listener(), "why")
    tap.hear(b"one")
    tap.end()
    assert tap.tell() == ReplyFacts(unread=True, notes=("why",))
