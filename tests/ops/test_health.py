"""When a replica says that it can serve."""

from aibridge.ops.health import Health


def test_ready_only_when_every_part_is_up() -> None:
    health = Health(["store", "recorder"])
    assert health.report() == {"status": "unready", "down": {"store": "starting", "recorder": "starting"}}
    health.up("store")
    health.up("recorder")
    assert health.ready
    assert health.report() == {"status": "ok", "down": {}}


def test_a_part_that_fails_makes_it_unready_until_it_recovers() -> None:
    health = Health()
    health.down("recorder", "the database refuses writes")
    assert health.report() == {"status": "unready", "down": {"recorder": "the database refuses writes"}}
    health.up("recorder")
    assert health.ready


def test_shutdown_makes_it_unready_for_good() -> None:
    health = Health(["store"])
    health.up("store")
    health.drain()
    assert health.draining
    assert not health.ready
    assert health.report() == {"status": "draining", "down": {}}
