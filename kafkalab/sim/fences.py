"""Fences, by asking: is anybody answered who speaks of a leader epoch that is over, or to come?

    leader       a fetch in the epoch before, or after  ─▶  an error, not records       (R14)
    controller   an ISR asked for in an epoch before,
                 or by who does not lead                ─▶  an error, not a change      (R5)

A read changes nothing, and the controller that is asked is a copy, so nobody in the run notices.
A harm that a missing fence does is seldom seen: what a stale node asks for is often refused for
another reason, or is right by chance.

In Kafka: KIP-320, `Partition.checkCurrentLeaderEpoch`; `ReplicationControlManager.alterPartition`.
Read next: `invariants`, which asks these now and then.
"""

from collections.abc import Iterator
from typing import Final

from kafkalab.controller.partitions import alter_partition
from kafkalab.controller.written_state import WrittenState
from kafkalab.errors import KafkaError
from kafkalab.ids import NO_NODE, ConnectionId, Uuid
from kafkalab.metadata.image import PartitionImage
from kafkalab.node import Ticket
from kafkalab.protocol.api_keys import ApiKey
from kafkalab.protocol.messages.fetch import FetchPartition
from kafkalab.protocol.messages.partitions import (
    AlterPartitionRequest,
    AlterPartitionRequestPartitionData,
    AlterPartitionRequestTopicData,
    BrokerState,
)
from kafkalab.replica.fetch_read import read_partition
from kafkalab.replica.fetch_session import FetchSession, ParkedFetch, SessionPartition
from kafkalab.sim.observed import Observed
from kafkalab.world import servers

Complaints = Iterator[str]
_TICKET: Final = Ticket(ConnectionId("stranger", "", 0), 0, ApiKey.FETCH, 12)
_FETCH: Final = ParkedFetch(_TICKET, 0, 0, 1, False, True)
_NO_ID: Final = Uuid(bytes(16))


def r14_leaders_answer_in_their_epoch(observed: Observed) -> Complaints:
    """No fetch of another leader epoch is answered with records."""
    for name in observed.partitions:
        for broker, replica in observed.leaders(name):
            for epoch in (replica.leader_epoch - 1, replica.leader_epoch + 1):
                if epoch < 0:
                    continue
                asked = FetchPartition(
                    partition=name.partition,
                    current_leader_epoch=epoch,
                    fetch_offset=replica.log.log_start_offset,
                    partition_max_bytes=1,
                )
                part = SessionPartition(name, name.topic, _NO_ID, asked)
                session = FetchSession(0, 0, NO_NODE, False)
                read = read_partition(broker.replicas._local, session, part, _FETCH, 1, True, None)
                if not read.error:
                    yield (
                        f"{broker.name} leads {name} in epoch {replica.leader_epoch}, and reads it "
                        f"for who asks in epoch {epoch}"
                    )


def r5_controller_hears_leaders_alone(observed: Observed) -> Complaints:
    """No ISR is granted to who does not lead, or led before."""
    controller = servers.active_controller(observed.world)
    written = controller.quorum.written if controller is not None else None
    if written is None:
        return
    state = written.fork()
    for topic in state.image.topics.values():
        for number, now in topic.partitions.items():
            for broker_id, leader_epoch in (
                (now.leader, now.leader_epoch - 1),
                *((other, now.leader_epoch) for other in now.replicas if other != now.leader),
            ):
                if _is_granted(state, topic.topic_id, number, now, broker_id, leader_epoch):
                    yield (
                        f"the controller grants broker {broker_id} an ISR of {topic.name}-{number} "
                        f"in epoch {leader_epoch}; {now.leader} leads it in {now.leader_epoch}"
                    )


def _is_granted(
    state: WrittenState,
    topic_id: Uuid,
    number: int,
    now: PartitionImage,
    broker_id: int,
    leader_epoch: int,
) -> bool:
    broker = state.image.brokers.get(broker_id)
    if broker is None or leader_epoch < 0:
        return False
    asked = AlterPartitionRequestPartitionData(
        partition_index=number,
        leader_epoch=leader_epoch,
        new_isr_with_epochs=tuple(BrokerState(broker_id=member) for member in now.isr),
        partition_epoch=now.partition_epoch,
    )
    topic = AlterPartitionRequestTopicData(topic_id=topic_id, partitions=(asked,))
    request = AlterPartitionRequest(broker_id=broker_id, broker_epoch=broker.epoch, topics=(topic,))
    try:
        answer = alter_partition(state, request, 0).response
    except KafkaError:
        return False
    return not answer.topics[0].partitions[0].error_code


FENCES: Final = {
    "R14": r14_leaders_answer_in_their_epoch,
    "R5": r5_controller_hears_leaders_alone,
}
