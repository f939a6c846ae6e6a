"""The process's memory settings hold while a worker serves, and no longer."""

import gc

from aibridge.app.memory import ALLOCATIONS_BETWEEN_COLLECTIONS, kept_small


def test_the_collector_runs_rarely_while_serving_and_as_before_afterwards() -> None:
    usual = gc.get_threshold()
    with kept_small():
        assert gc.get_threshold()[0] == ALLOCATIONS_BETWEEN_COLLECTIONS
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0
