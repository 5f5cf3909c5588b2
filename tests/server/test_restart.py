"""What a broker that comes back may not have in common with the process before it."""

from kafkalab import Simulation


def _session_ids(sim: Simulation) -> set[int]:
    sessions = sim.world.nodes["broker-1"].replicas._fetches.sessions  # type: ignore[attr-defined]
    return set(sessions._by_id)


def test_a_restarted_broker_gives_no_fetch_session_id_again() -> None:
    """Its fetchers still hold theirs: named again, two fetchers would share one session."""
    config = {"leader.imbalance.check.interval.seconds": 5}  # so that it soon leads again
    sim = Simulation(brokers=3, seed=3, config=config)
    sim.create_topic("orders", partitions=3, replication_factor=3)
    seen: set[int] = set()
    for _ in range(3):
        sim.run(20)
        now = _session_ids(sim)
        assert now and not now & seen
        seen |= now
        sim.broker(1).crash()
        sim.run(1)
        sim.broker(1).restart()
