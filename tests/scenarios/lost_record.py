"""A record that is acknowledged by its leader alone (acks=1), and then lost."""

from kafkalab import Producer, Simulation

SERVERS = {"bootstrap.servers": "kafka:9092"}


def lose(seed: int) -> tuple[Simulation, int]:
    """The followers are cut off, the leader dies, another is elected, the old one comes back.

    Values: "kept", "lost" (key "k"), "after".  Returns the simulation and the first leader.
    """
    sim = Simulation(seed=seed, brokers=3)
    sim.create_topic("orders", replication_factor=3)
    leader = sim.leader("orders", 0)
    assert leader is not None
    producer = Producer(SERVERS | {"acks": 1}, sim=sim)
    producer.produce("orders", "kept")
    producer.flush()
    sim.run(1)
    sim.network.partition({leader}, {1, 2, 3} - {leader})
    producer.produce("orders", "lost", key="k")
    producer.flush()
    sim.broker(leader).crash()
    sim.run(12)
    sim.network.heal()
    sim.run(12)
    sim.broker(leader).restart()
    producer.produce("orders", "after")
    producer.flush()
    sim.run(12)
    return sim, leader
