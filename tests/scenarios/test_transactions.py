"""Transactions as an application meets them: errors and what they ask for, time, readers."""

from typing import Any

import pytest

from kafkalab import Consumer, Producer, Simulation
from kafkalab.client.errors import KafkaException
from kafkalab.client.message import OFFSET_BEGINNING, TopicPartition
from kafkalab.client.transaction_requests import GroupMember
from kafkalab.ids import TopicPartition as Name
from kafkalab.protocol.messages.log_offsets import (
    ListOffsetsPartition,
    ListOffsetsRequest,
    ListOffsetsTopic,
)
from kafkalab.protocol.messages.transaction_admin import (
    WritableTxnMarker,
    WritableTxnMarkerTopic,
    WriteTxnMarkersRequest,
)
from kafkalab.world.operator import OPERATOR

SERVERS = {"bootstrap.servers": "kafka:9092"}
VERSIONS = pytest.mark.parametrize("version", [1, 2])


def cluster(**config: Any) -> Simulation:
    sim = Simulation(brokers=3, seed=5, config=config)
    sim.create_topic("orders", 1, 3)
    return sim


def producer(version: int, **conf: Any) -> Producer:
    settings = {"transactional.id": "pay", "lab.transaction.version": version, **conf}
    made = Producer(
        {**SERVERS, **{key.replace("_", "."): value for key, value in settings.items()}}
    )
    made.init_transactions()
    return made


def read(isolation: str = "read_committed") -> list[str]:
    consumer = Consumer({**SERVERS, "group.id": "reader", "isolation.level": isolation})
    consumer.assign([TopicPartition("orders", 0, OFFSET_BEGINNING)])
    got: list[str] = []
    while (message := consumer.poll(2)) is not None:
        got.append((message.value() or b"").decode())
    return got


def state_of(sim: Simulation, id: str = "pay") -> str:
    """As whichever broker coordinates it has it."""
    for broker_id in sim.alive():
        node: Any = sim.world.nodes[f"broker-{broker_id}"]
        for _, known in node.transactions.transactions:
            if known.transactional_id == id:
                return str(known.state.value)
    return ""


def ask(sim: Simulation, name: Name, request: Any) -> Any:
    """Ask the leader of a partition, as an operator does."""
    partition = sim.metadata.partition(name)
    assert partition is not None
    sim.driver.act(OPERATOR, "ask", f"broker-{partition.leader}", request)
    node: Any = sim.world.nodes[OPERATOR]
    sim.run_until(lambda: node.is_done)
    return node.answer


def end_of(sim: Simulation, isolation_level: int) -> int:
    asked = ListOffsetsPartition(partition_index=0, timestamp=-1, current_leader_epoch=-1)
    topics = (ListOffsetsTopic(name="orders", partitions=(asked,)),)
    request = ListOffsetsRequest(replica_id=-1, isolation_level=isolation_level, topics=topics)
    answer = ask(sim, Name("orders", 0), request)
    return int(answer.topics[0].partitions[0].offset)


@VERSIONS
def test_an_open_transaction_holds_readers_back_and_nobody_else(version: int) -> None:
    sim = cluster()
    pay = producer(version)
    pay.begin_transaction()
    pay.produce("orders", "open")
    pay.flush()
    Producer(SERVERS).produce("orders", "after")
    sim.run(1)
    assert read() == []
    assert read("read_uncommitted") == ["open", "after"]
    assert (end_of(sim, 1), end_of(sim, 0)) == (0, 2)
    pay.commit_transaction()
    sim.run(1)
    assert read() == ["open", "after"]
    assert (end_of(sim, 1), end_of(sim, 0)) == (3, 3)  # the marker has an offset too


def times_out(version: int) -> tuple[Simulation, Producer, Any]:
    """A producer whose transaction its coordinator has aborted, and what it is told."""
    sim = cluster()
    pay = producer(version, transaction_timeout_ms=5_000)
    pay.begin_transaction()
    pay.produce("orders", "late")
    pay.flush()
    assert state_of(sim) == "Ongoing"
    sim.run(16)  # the coordinator looks every ten seconds
    assert state_of(sim) == "CompleteAbort"
    pay.produce("orders", "later")
    with pytest.raises(KafkaException) as raised:
        pay.commit_transaction()
    assert read() == []
    return sim, pay, raised.value.args[0]


def test_a_transaction_that_lasts_too_long_is_aborted_and_its_producer_fenced() -> None:
    sim, pay, error = times_out(1)
    assert error.fatal()
    with pytest.raises(KafkaException):
        pay.begin_transaction()
    assert not sim.is_closed


def test_with_version_2_the_producer_may_go_on_after_it_has_aborted() -> None:
    """Its EndTxn looks like one that is asked again, so it is told its new epoch (KIP-890)."""
    sim, pay, error = times_out(2)
    assert error.txn_requires_abort()
    pay.abort_transaction()
    pay.begin_transaction()
    pay.produce("orders", "in time")
    pay.commit_transaction()
    assert read() == ["in time"]
    assert not sim.is_closed


@VERSIONS
def test_a_record_that_cannot_be_delivered_asks_for_an_abort(version: int) -> None:
    sim = cluster()
    pay = producer(version, **{"message.timeout.ms": 2_000})
    leader = sim.metadata.topics["orders"].partitions[0].leader
    pay.begin_transaction()
    sim.world.command(f"pause {leader} 6000")
    pay.produce("orders", "lost")
    with pytest.raises(KafkaException) as raised:
        pay.commit_transaction()
    assert raised.value.args[0].txn_requires_abort()
    with pytest.raises(KafkaException) as raised:
        pay.produce("orders", "more")
    assert raised.value.args[0].txn_requires_abort()
    sim.run(8)
    pay.abort_transaction()
    pay.begin_transaction()
    pay.produce("orders", "again")
    pay.commit_transaction()
    assert read() == ["again"]


@VERSIONS
def test_a_call_that_takes_too_long_is_to_be_made_again(version: int) -> None:
    sim = cluster()
    pay = producer(version)
    pay.begin_transaction()
    pay.produce("orders", "slow")
    for broker in (1, 2, 3):
        sim.world.command(f"pause {broker} 3000")
    with pytest.raises(KafkaException) as raised:
        pay.commit_transaction(1)
    assert raised.value.args[0].retriable()
    pay.commit_transaction()
    assert read() == ["slow"]


def test_what_makes_no_sense_says_so() -> None:
    sim = cluster()
    plain = Producer(SERVERS)
    with pytest.raises(KafkaException, match=r"transactional\.id"):
        plain.begin_transaction()
    pay = producer(1)
    with pytest.raises(KafkaException, match="makes no sense"):
        pay.produce("orders", "outside")
    with pytest.raises(KafkaException, match="makes no sense"):
        pay.commit_transaction()
    pay.begin_transaction()
    with pytest.raises(KafkaException, match=r"group\.id"):
        pay.send_offsets_to_transaction([], GroupMember(""))
    assert not sim.is_closed


@VERSIONS
def test_offsets_of_a_member_that_was_replaced_are_refused(version: int) -> None:
    sim = cluster()
    consumer = Consumer({**SERVERS, "group.id": "g", "auto.offset.reset": "earliest"})
    consumer.subscribe(["orders"])
    consumer.poll(8)
    old = consumer.consumer_group_metadata()
    assert old.generation >= 0
    assert old.member_id
    pay = producer(version)
    pay.begin_transaction()
    stale = old._replace(generation=old.generation - 1)
    with pytest.raises(KafkaException) as raised:
        pay.send_offsets_to_transaction([TopicPartition("orders", 0, 3)], stale)
    assert raised.value.args[0].txn_requires_abort()
    pay.abort_transaction()
    pay.begin_transaction()
    pay.send_offsets_to_transaction([TopicPartition("orders", 0, 3)], old)
    pay.commit_transaction()
    assert consumer.committed([TopicPartition("orders", 0)])[0].offset == 3
    assert not sim.is_closed


def test_an_operator_ends_a_transaction_that_hangs() -> None:
    """As `kafka-transactions abort` does: a marker, written without the coordinator."""
    sim = cluster()
    pay = producer(1)
    pay.begin_transaction()
    pay.produce("orders", "hanging")
    pay.flush()
    node: Any = sim.world.nodes[pay.name]
    topic = WritableTxnMarkerTopic(name="orders", partition_indexes=(0,))
    marker = WritableTxnMarker(
        producer_id=node.producer_id,
        producer_epoch=node.producer_epoch,
        transaction_result=False,
        topics=(topic,),
        coordinator_epoch=0,
    )
    answer = ask(sim, Name("orders", 0), WriteTxnMarkersRequest(markers=(marker,)))
    assert answer.markers[0].topics[0].partitions[0].error_code == 0
    assert end_of(sim, 1) == 2
    assert read() == []


def test_a_transactional_id_that_nobody_uses_is_forgotten() -> None:
    sim = cluster(
        **{
            "transactional.id.expiration.ms": 20_000,
            "transaction.remove.expired.transaction.cleanup.interval.ms": 10_000,
        }
    )
    pay = producer(2)
    pay.begin_transaction()
    pay.produce("orders", "one")
    pay.commit_transaction()
    sim.run(1)
    assert state_of(sim) == "CompleteCommit"
    sim.run(60)
    assert state_of(sim) == ""
