"""What happened lately, in words."""

from kafkalab import Producer, Simulation
from kafkalab.frames.cluster import cluster_frame


def test_a_record_given_up_by_its_client_is_told_with_the_clients_own_error() -> None:
    sim = Simulation.made(brokers=3, seed=2)
    sim.create_topic("orders", replication_factor=3, config={"min.insync.replicas": 3})
    sim.broker(3).crash()
    sim.run(12)
    conf = {"bootstrap.servers": sim.bootstrap_servers, "message.timeout.ms": 2000}
    producer = Producer(conf, sim=sim)
    producer.produce("orders", "too few to take it")
    producer.flush()
    told = [event["text"] for event in cluster_frame(sim)["events"]]
    assert "Producer 1 gave up on a record for orders-0: _MSG_TIMED_OUT" in told
