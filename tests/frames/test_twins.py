"""Where twins part: what led each run there."""

from kafkalab import Producer, Simulation
from kafkalab.frames.twins import chain_of
from kafkalab.sim import without


def test_what_led_to_the_parting_has_no_fault_that_came_after_it() -> None:
    sim = Simulation(brokers=3, seed=7)
    sim.create_topic("orders", partitions=1, replication_factor=3)
    producer = Producer({"bootstrap.servers": "kafka:9092", "acks": "all"}, sim=sim)
    producer.produce("orders", "one")
    producer.flush()
    leader = sim.leader("orders", 0)
    assert leader is not None
    sim.run(1)
    sim.broker(leader).crash()
    producer.produce("orders", "two")
    sim.run(3)
    sim.broker(leader).restart()
    crashed, restarted = sim.trace.of("Crashed")[0], sim.trace.of("Restarted")[-1]
    pair = sim.twins(without(crashed))
    assert pair.divergence is not None and pair.divergence.a.entry is None
    assert pair.own_faults("A") == [crashed, restarted]  # in B it runs already
    assert pair.divergence.at < restarted.at
    assert chain_of(pair, "A").chain == (crashed,)
