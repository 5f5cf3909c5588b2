"""A batch as bytes: out of a partition's log, and in a request to its leader.

For looking at bytes and for sending changed ones.  What a client sends has base offset 0 and no
leader epoch (`as_sent`): the leader sets both, and the CRC does not cover them.

Read next: `record.anatomy`, which takes the bytes apart.
"""

from typing import Any, Final

from kafkalab.errors import LearnerError
from kafkalab.ids import NodeName, TopicPartition, server_name
from kafkalab.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from kafkalab.record.batch import PREFIX_BYTES
from kafkalab.world import servers
from kafkalab.world.driver import Driver
from kafkalab.world.operator import OPERATOR, Operator
from kafkalab.world.world import World

_AS_SENT: Final = bytes(8)
_NO_EPOCH: Final = b"\xff" * 4
_TIMEOUT_MS: Final = 30_000


def batch_at(world: World, topic: str, partition: int, offset: int) -> bytes:
    """The batch that has `offset`, as it stands in the leader's log, from its base offset on.

    `LearnerError` if there is no leader, or no such offset.
    """
    name = TopicPartition(topic, partition)
    leader = _leader(world, name)
    replica = servers.broker(world, leader).replicas.partition(name)
    if replica is None:
        raise LearnerError(f"broker {leader} has not taken {name} up yet")
    log = replica.log
    entry = next(iter(log.entries_from(offset)), None) if offset >= log.log_start_offset else None
    if entry is None or offset >= log.log_end_offset:
        raise LearnerError(
            f"{name} has no offset {offset}: its log goes from {log.log_start_offset} to "
            f"{log.log_end_offset - 1}"
        )
    return entry.prefix + entry.batch.body


def as_sent(data: bytes) -> bytes:
    """A stored batch as its producer sent it: base offset 0, no leader epoch."""
    return _AS_SENT + data[8:12] + _NO_EPOCH + data[PREFIX_BYTES:]


def send_batch(driver: Driver, topic: str, partition: int, data: bytes) -> Any:
    """Produce these bytes, as they are, with acks=all; the leader's answer for the partition.

    `LearnerError` without a leader, or if its connection breaks.
    """
    name = TopicPartition(topic, partition)
    world = driver.world
    leader: NodeName = server_name(_leader(world, name))
    operator = world.nodes[OPERATOR]
    assert isinstance(operator, Operator)
    driver.act(OPERATOR, "ask", leader, _request(world, name, data))
    driver.wait(lambda: operator.is_done, None, f"{leader} answers")
    if operator.answer is None:
        raise LearnerError(f"{leader} closed the connection instead of answering")
    (answer,) = operator.answer.responses
    return answer.partition_responses[0]


def _request(world: World, name: TopicPartition, data: bytes) -> ProduceRequest:
    topic = servers.metadata(world).topics[name.topic]
    return ProduceRequest(
        acks=-1,
        timeout_ms=_TIMEOUT_MS,
        topic_data=(
            TopicProduceData(
                name=name.topic,
                topic_id=topic.topic_id,
                partition_data=(PartitionProduceData(index=name.partition, records=data),),
            ),
        ),
    )


def _leader(world: World, name: TopicPartition) -> int:
    known = servers.metadata(world).partition(name)
    if known is None:
        there_are = ", ".join(sorted(servers.metadata(world).topics)) or "none"
        raise LearnerError(f"there is no {name}; topics: {there_are}")
    if known.leader < 0 or not world.is_up(server_name(known.leader)):
        raise LearnerError(f"{name} has no leader in service just now: let time pass, sim.run(10)")
    return known.leader
