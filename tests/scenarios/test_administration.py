"""What an operator changes while the cluster runs takes effect, over a failover too."""

from collections.abc import Callable
from typing import Any

import pytest

from kafkalab import AdminClient, Producer, Simulation
from kafkalab.errors import ErrorCode
from kafkalab.handles import NewPartitions
from kafkalab.ids import NO_NODE, TopicPartition
from kafkalab.protocol.messages.configs import (
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsRequestAlterableConfig,
    IncrementalAlterConfigsRequestAlterConfigsResource,
)
from kafkalab.protocol.messages.partitions import (
    ElectLeadersRequest,
    TopicPartitions,
)
from kafkalab.sim.topics import ask
from kafkalab.world import servers

TOPIC, BROKER = 2, 4
PREFERRED, UNCLEAN = 0, 1


def cluster(seed: int = 3, **config: Any) -> Simulation:
    settings = {key.replace("_", "."): value for key, value in config.items()}
    return Simulation(brokers=3, seed=seed, controllers=3, config=settings)


def configure(sim: Simulation, kind: int, name: str, **settings: str) -> int:
    """Set these by IncrementalAlterConfigs; the error code."""
    configs = tuple(
        IncrementalAlterConfigsRequestAlterableConfig(
            name=key.replace("_", "."), config_operation=0, value=value
        )
        for key, value in settings.items()
    )
    resource = IncrementalAlterConfigsRequestAlterConfigsResource(
        resource_type=kind, resource_name=name, configs=configs
    )
    answer = ask(sim.driver, IncrementalAlterConfigsRequest(resources=(resource,)), "it is set")
    sim.run(0.2)
    return answer.responses[0].error_code


def elect(sim: Simulation, kind: int, topic: str, *partitions: int) -> list[int]:
    """ElectLeaders; the error code of each partition."""
    wanted = TopicPartitions(topic=topic, partitions=partitions)
    request = ElectLeadersRequest(election_type=kind, topic_partitions=(wanted,))
    answer = ask(sim.driver, request, "leaders are elected")
    (result,) = answer.replica_election_results
    return [each.error_code for each in result.partition_result]


def failover(sim: Simulation) -> None:
    """The active controller dies, and another takes over."""
    active = servers.active_controller(sim.world)
    sim.controller(active.node_id).crash()
    sim.run_until(lambda: servers.active_controller(sim.world) is not None, limit_ms=10_000)
    sim.controller(active.node_id).restart()
    sim.run(3)


def nothing(sim: Simulation) -> None:
    """No failover."""


meanwhile = pytest.mark.parametrize("meanwhile", [nothing, failover])
Meanwhile = Callable[[Simulation], None]


def log_of(sim: Simulation, broker: int, topic: str) -> Any:
    return sim.world.nodes[f"broker-{broker}"].disk.logs[TopicPartition(topic, 0)]


def lose_leader(sim: Simulation, topic: str) -> int:
    """The preferred leader of partition 0 crashes and comes back; who it is."""
    preferred = sim.metadata.topics[topic].partitions[0].replicas[0]
    sim.broker(preferred).crash()
    sim.run(12)
    sim.broker(preferred).restart()
    sim.run(15)
    assert sim.leader(topic, 0) != preferred
    assert preferred in sim.isr(topic, 0)
    return preferred


@meanwhile
def test_leadership_goes_back_to_the_preferred_replica_when_asked(meanwhile: Meanwhile) -> None:
    sim = cluster()
    sim.create_topic("orders", 1, 3)
    preferred = lose_leader(sim, "orders")
    meanwhile(sim)
    assert elect(sim, PREFERRED, "orders", 0) == [ErrorCode.NONE]
    assert sim.leader("orders", 0) == preferred
    assert elect(sim, PREFERRED, "orders", 0) == [ErrorCode.ELECTION_NOT_NEEDED]


@meanwhile
def test_leadership_goes_back_by_itself_after_the_interval(meanwhile: Meanwhile) -> None:
    sim = cluster(leader_imbalance_check_interval_seconds=60)
    sim.create_topic("orders", 1, 3)
    preferred = lose_leader(sim, "orders")
    meanwhile(sim)
    sim.run(61)
    assert sim.leader("orders", 0) == preferred


def test_it_stays_where_it_is_if_the_operator_wants_so() -> None:
    sim = cluster(leader_imbalance_check_interval_seconds=60, auto_leader_rebalance_enable=False)
    sim.create_topic("orders", 1, 3)
    preferred = lose_leader(sim, "orders")
    sim.run(200)
    assert sim.leader("orders", 0) != preferred


def strand(sim: Simulation, topic: str) -> tuple[int, int]:
    """Only a replica out of the ISR is left, and it never had the last record; it and the lost."""
    first, second = sim.metadata.topics[topic].partitions[0].replicas
    behind = second if sim.leader(topic, 0) == first else first
    leader = first if behind == second else second
    sim.broker(behind).crash()
    sim.run(12)
    producer = Producer({"bootstrap.servers": sim.bootstrap_servers, "acks": "all"}, sim=sim)
    producer.produce(topic, value=b"only the leader has this")
    producer.flush()
    sim.broker(leader).crash()
    sim.run(12)
    sim.broker(behind).restart()
    sim.run(20)
    assert sim.leader(topic, 0) is None
    return behind, leader


@meanwhile
def test_an_unclean_election_needs_the_operator(meanwhile: Meanwhile) -> None:
    sim = cluster()
    sim.create_topic("orders", 1, 2)
    behind, _ = strand(sim, "orders")
    meanwhile(sim)
    assert elect(sim, PREFERRED, "orders", 0) != [ErrorCode.NONE]
    assert sim.leader("orders", 0) is None
    assert elect(sim, UNCLEAN, "orders", 0) == [ErrorCode.NONE]
    assert sim.leader("orders", 0) == behind
    sim.run(2)
    assert sim.records("orders") == []


@meanwhile
@pytest.mark.parametrize(("kind", "name"), [(TOPIC, "orders"), (BROKER, "")])
def test_or_a_setting_changed_while_it_runs(meanwhile: Meanwhile, kind: int, name: str) -> None:
    """Looked at every `unclean.leader.election.interval.ms`, as in Kafka."""
    sim = cluster(unclean_leader_election_interval_ms=30_000)
    sim.create_topic("orders", 1, 2)
    behind, _ = strand(sim, "orders")
    assert configure(sim, kind, name, unclean_leader_election_enable="true") == ErrorCode.NONE
    meanwhile(sim)
    sim.run(31)
    assert sim.leader("orders", 0) == behind


@meanwhile
def test_eligible_replicas_lead_again_without_loss(meanwhile: Meanwhile) -> None:
    """KIP-966: below min.insync.replicas nothing is committed, so who leaves then has it all."""
    sim = cluster()
    sim.create_topic("orders", 1, 3, config={"min.insync.replicas": 2})
    producer = Producer({"bootstrap.servers": sim.bootstrap_servers, "acks": "all"}, sim=sim)
    producer.produce("orders", value=b"kept")
    producer.flush()
    replicas = sim.metadata.topics["orders"].partitions[0].replicas
    for broker in replicas:
        sim.broker(broker).shutdown()
        sim.run(6)
    partition = sim.metadata.topics["orders"].partitions[0]
    assert partition.leader == NO_NODE
    assert set(partition.isr) | set(partition.elr) >= set(replicas[1:])
    meanwhile(sim)
    sim.broker(replicas[1]).restart()
    sim.run(20)
    assert sim.leader("orders", 0) == replicas[1]
    assert [record.value for record in sim.records("orders")] == [b"kept"]


@meanwhile
def test_partitions_are_added_and_used(meanwhile: Meanwhile) -> None:
    sim = cluster()
    sim.create_topic("orders", 1, 3)
    admin = AdminClient({"bootstrap.servers": sim.bootstrap_servers}, sim=sim)

    admin.create_partitions([NewPartitions("orders", 4)])["orders"].result()
    meanwhile(sim)
    sim.run(1)
    assert len(sim.metadata.topics["orders"].partitions) == 4
    assert all(sim.leader("orders", number) for number in range(4))
    producer = Producer({"bootstrap.servers": sim.bootstrap_servers}, sim=sim)
    producer.produce("orders", value=b"new", partition=3)
    producer.flush()
    assert [record.partition for record in sim.records("orders")] == [3]


def test_a_topic_made_again_has_another_id_and_nothing_of_the_old() -> None:
    """Also on a broker that was down meanwhile and finds the old one on its disk (KIP-516)."""
    sim = cluster()
    sim.create_topic("orders", 1, 3)
    producer = Producer({"bootstrap.servers": sim.bootstrap_servers}, sim=sim)
    producer.produce("orders", value=b"old")
    producer.flush()
    first = sim.metadata.topics["orders"].topic_id
    sim.broker(2).crash()
    sim.run(12)
    sim.delete_topic("orders")
    failover(sim)
    sim.create_topic("orders", 1, 2)
    sim.broker(2).restart()
    sim.run(20)
    assert sim.metadata.topics["orders"].topic_id != first
    for broker in (1, 2, 3):
        log = sim.world.nodes[f"broker-{broker}"].disk.logs.get(TopicPartition("orders", 0))
        assert log is None or (log.topic_id != first and log.log_end_offset == 0)
    assert sim.records("orders") == []


@meanwhile
@pytest.mark.parametrize(
    ("kind", "name", "setting", "brokers"),
    [
        (TOPIC, "orders", {"segment_bytes": "1000"}, (1, 2, 3)),
        (BROKER, "", {"log_segment_bytes": "1000"}, (1, 2, 3)),
        (BROKER, "2", {"log_segment_bytes": "1000"}, (2,)),
    ],
)
def test_settings_take_effect_where_they_are_meant_to(
    meanwhile: Meanwhile, kind: int, name: str, setting: dict[str, str], brokers: tuple[int, ...]
) -> None:
    sim = cluster()
    sim.create_topic("orders", 1, 3)
    assert configure(sim, kind, name, **setting) == ErrorCode.NONE
    meanwhile(sim)
    sizes = {broker: log_of(sim, broker, "orders").config["segment.bytes"] for broker in (1, 2, 3)}
    assert sizes == {broker: 1000 if broker in brokers else 1 << 30 for broker in (1, 2, 3)}
    sim.broker(2).crash()
    sim.broker(2).restart()
    sim.run(12)
    after = log_of(sim, 2, "orders").config["segment.bytes"]
    assert after == (1000 if 2 in brokers else 1 << 30)


def test_min_insync_replicas_is_obeyed_from_the_next_produce_on() -> None:
    sim = cluster()
    sim.create_topic("orders", 1, 2)
    follower = next(b for b in sim.isr("orders", 0) if b != sim.leader("orders", 0))
    sim.broker(follower).crash()
    sim.run(40)
    told: list[Any] = []
    producer = Producer(
        {"bootstrap.servers": sim.bootstrap_servers, "acks": "all", "message.timeout.ms": 3000},
        sim=sim,
    )
    producer.produce("orders", value=b"one is enough", on_delivery=lambda e, m: told.append(e))
    producer.flush()
    assert configure(sim, TOPIC, "orders", min_insync_replicas="2") == ErrorCode.NONE
    producer.produce("orders", value=b"two are wanted", on_delivery=lambda e, m: told.append(e))
    producer.flush()
    assert [error is None for error in told] == [True, False]
