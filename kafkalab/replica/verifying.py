"""Which partitions of a transactional request must be asked about before anything is written.

The first batch of a transaction in a partition needs the word of the transaction coordinator
(KIP-890); those that follow find the transaction open.  What is known here at once, such as a
fenced producer, is an error here at once.

In Kafka: `ReplicaManager.maybeSendPartitionsToTransactionCoordinator`,
`UnifiedLog.maybeStartTransactionVerification`.
"""

from dataclasses import dataclass, field
from typing import Final

from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.ids import TopicPartition
from kafkalab.log import UNCHECKED
from kafkalab.protocol.messages.produce import ProduceRequest
from kafkalab.record import Batch
from kafkalab.record.records import entries_in
from kafkalab.replica.local_broker import LocalBroker

#: From this version of Produce on, partitions join the transaction by being written to.
ADDS_PARTITIONS: Final = 12
_TOPIC_IDS: Final = 13
_NO_SEQUENCE: Final = -1


@dataclass(slots=True)
class Verifying:
    """A transactional request: its guards, and what is wrong with partitions already.

    `asked` are the partitions that the coordinator must confirm.
    """

    producer_id: int = -1
    producer_epoch: int = -1
    asked: dict[TopicPartition, None] = field(default_factory=dict)
    guards: dict[TopicPartition, int] = field(default_factory=dict)
    errors: dict[TopicPartition, KafkaError] = field(default_factory=dict)


def begin_produce(local: LocalBroker, request: ProduceRequest, version: int) -> Verifying:
    """Look at every batch.  Batches that are no good are left to be refused when written."""
    verifying = Verifying()
    bumps_epoch = version >= ADDS_PARTITIONS
    is_checked = bumps_epoch or local.config.bool("transaction.partition.verification.enable")
    for key, batch in _transactional(local, request, version):
        producer = batch.producer_id, batch.producer_epoch
        if verifying.producer_id >= 0 and producer[0] != verifying.producer_id:
            error = KafkaError(ErrorCode.INVALID_PRODUCER_ID_MAPPING, "more than one producer")
            verifying.errors[key] = error
            continue
        verifying.producer_id, verifying.producer_epoch = producer
        if is_checked:
            begin(local, verifying, key, batch.base_sequence, bumps_epoch)
        else:
            verifying.guards[key] = UNCHECKED
    return verifying


def begin_offsets(
    local: LocalBroker, key: TopicPartition, producer_id: int, epoch: int, bumps_epoch: bool
) -> Verifying:
    """The same for offsets that are committed in a transaction."""
    verifying = Verifying(producer_id, epoch)
    if bumps_epoch or local.config.bool("transaction.partition.verification.enable"):
        begin(local, verifying, key, _NO_SEQUENCE, bumps_epoch)
    else:
        verifying.guards[key] = UNCHECKED
    return verifying


def begin(
    local: LocalBroker,
    verifying: Verifying,
    key: TopicPartition,
    sequence: int,
    bumps_epoch: bool,
) -> None:
    """Note for one partition whether it must be asked about."""
    id, epoch = verifying.producer_id, verifying.producer_epoch
    try:
        partition = local.hosted(key)
        partition.lead()
        log = partition.log
        entry = log.producers.entries.get(id)
        if entry is not None and epoch < entry.producer_epoch:
            message = f"producer {id} has epoch {entry.producer_epoch} now, not {epoch}"
            raise KafkaError(ErrorCode.INVALID_PRODUCER_EPOCH, message)
    except KafkaError as error:
        verifying.errors[key] = error
        return
    if not log.producers.has_open_transaction(id, epoch):
        verifying.guards[key] = log.verifications.begin(id, epoch, sequence, bumps_epoch)
        verifying.asked[key] = None


def _transactional(
    local: LocalBroker, request: ProduceRequest, version: int
) -> list[tuple[TopicPartition, Batch]]:
    found: list[tuple[TopicPartition, Batch]] = []
    for topic in request.topic_data:
        name = topic.name
        if version >= _TOPIC_IDS:
            known = local.image.topics_by_id.get(topic.topic_id)
            if known is None:
                continue
            name = known.name
        for data in topic.partition_data:
            try:
                batches = [entry.batch for entry in entries_in(data.records)]
            except KafkaError:
                continue
            if len(batches) == 1 and batches[0].is_transactional and batches[0].producer_id >= 0:
                found.append((TopicPartition(name, data.index), batches[0]))
    return found
