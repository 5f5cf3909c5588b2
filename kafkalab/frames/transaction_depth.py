"""One transactional id in depth: the detail `transaction ID`.

    moves        Empty ─ Ongoing 3.0 s ─ PrepareCommit 4.1 s ─ …          from the trace
    partitions   orders-0   40 ■ 41 ■ 42 ▣commit     LSO 43  HW 43        who sees what of it

A record is *open* while its transaction is undecided here, i.e. until the partition's own marker
is written, whatever the coordinator has decided; then it is committed or aborted.

Read next: `transactions`, what a frame has of all; `lab.scenes.pictures.transaction`, the picture.
"""

from typing import Final, Literal, TypedDict

from kafkalab.frames.logs import marker_of, text_of
from kafkalab.frames.shape import TransactionFrame
from kafkalab.frames.transactions import transaction_frames
from kafkalab.ids import NO_NODE, TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.record import Entry
from kafkalab.transactions import TRANSITIONS
from kafkalab.world import World, servers
from kafkalab.world.trace import Entry as TraceEntry

RECORDS_MAX: Final = 32
MOVES_MAX: Final = 16
ENTRIES_MAX: Final = 20_000
_KINDS: Final = frozenset({"TransactionStateChanged", "MarkerWritten", "ProducerFenced"})

Outcome = Literal["plain", "open", "committed", "aborted", "commit", "abort", "control"]


class SeenRecordFrame(TypedDict):
    """One record; `outcome` "commit", "abort" or "control" are control records, which no reader
    gets.  `own`: of this transactional id's producer."""

    offset: int
    value: str | None
    outcome: Outcome
    own: bool


class InvolvedFrame(TypedDict):
    """A partition of the transaction, as its leader's log has it.

    `marker`: "" while there is none, else "commit" or "abort", at `marker_offset`.
    """

    topic: str
    partition: int
    leader: int | None
    high_watermark: int
    last_stable: int
    end: int
    records: list[SeenRecordFrame]
    marker: Literal["", "commit", "abort"]
    marker_offset: int


class TransactionMoveFrame(TypedDict):
    """`what`: "state" (words: its name), "marker" (words: `orders-0 commit 42`), "fenced"."""

    id: int
    at: int
    node: str
    what: Literal["state", "marker", "fenced"]
    words: str


class TransactionDepthFrame(TypedDict):
    """`now` is as in the frame's list; `last` the move made last; `machine` the table of moves."""

    now: TransactionFrame
    producer: str | None  # the node that uses the id, if it is one of this world
    doing: str
    last: list[str] | None
    moves: list[TransactionMoveFrame]  # newest first
    involved: list[InvolvedFrame]
    machine: list[list[str]]


def transaction_detail(world: World, words: tuple[str, ...]) -> TransactionDepthFrame | None:
    """`words`: the transactional id.  None if no coordinator that runs knows it."""
    id = " ".join(words)
    brokers = servers.brokers(world)
    now = next((each for each in transaction_frames(world, brokers) if each["id"] == id), None)
    if now is None:
        return None
    entries = [each for each in world.trace.latest(_KINDS, ENTRIES_MAX) if _is_of(each, now)]
    states = [each.fields for each in entries if each.kind == "TransactionStateChanged"]
    last = [states[-1]["before"], states[-1]["after"]] if states else None
    producer = next(
        (name for name, node in world.nodes.items() if _transactional_id(node) == id), None
    )
    return {
        "now": now,
        "producer": producer,
        "doing": _doing(world, producer),
        "last": last,
        "moves": [_move(world, each) for each in reversed(entries[-MOVES_MAX:])],
        "involved": _involved(world, now, _since_it_began(entries)),
        "machine": [
            [before.value, after.value]
            for before in TRANSITIONS
            for after in TRANSITIONS
            if after in TRANSITIONS[before]
        ],
    }


def _transactional_id(node: object) -> str:
    return str(getattr(node, "transactional_id", None) or "")


def _doing(world: World, producer: str | None) -> str:
    if producer is None:
        return "a client outside this world"
    if producer in world.crashed:
        return "crashed"
    return str(getattr(world.nodes[producer], "transaction", ""))


def _is_of(entry: TraceEntry, now: TransactionFrame) -> bool:
    fields = entry.fields
    if entry.kind == "MarkerWritten":
        return bool(fields["producer_id"] == now["producer_id"])
    return bool(fields["transactional_id"] == now["id"])


def _since_it_began(entries: list[TraceEntry]) -> list[TraceEntry]:
    """Those of the present transaction, or of the last."""
    for place in range(len(entries) - 1, -1, -1):
        entry = entries[place]
        if entry.kind == "TransactionStateChanged":
            before, after = entry.fields["before"], entry.fields["after"]
            if after == "Ongoing" and before != "Ongoing":
                return entries[place:]
    return entries


def _move(world: World, entry: TraceEntry) -> TransactionMoveFrame:
    fields = entry.fields
    what: Literal["state", "marker", "fenced"] = "state"
    match entry.kind:
        case "TransactionStateChanged":
            words = f"{fields['after']}, epoch {fields['producer_epoch']}"
        case "MarkerWritten":
            what = "marker"
            words = f"{fields['topic']}-{fields['partition']} {fields['result']} {fields['offset']}"
        case _:
            what, words = "fenced", f"epoch {fields['producer_epoch']}: {fields['reason']}"
    return {"id": entry.id, "at": entry.at - world.began, "node": entry.node, "what": what,
            "words": words}  # fmt: skip


def _involved(
    world: World, now: TransactionFrame, entries: list[TraceEntry]
) -> list[InvolvedFrame]:
    """Its partitions, those that got its markers, and those where it has something open."""
    image = servers.metadata(world)
    brokers = {broker.broker_id: broker for broker in servers.brokers(world)}
    markers = {
        TopicPartition(each.fields["topic"], each.fields["partition"]): each.fields
        for each in entries
        if each.kind == "MarkerWritten" and now["state"] != "Ongoing"  # those are of the one before
    }
    wanted = {*map(_partition, now["partitions"]), *markers}
    for name, topic in image.topics.items():
        for number, decided in topic.partitions.items():
            broker = brokers.get(decided.leader)
            log = broker.disk.logs.get(TopicPartition(name, number)) if broker else None
            if log is not None and now["producer_id"] in log.producers.open_transactions.values():
                wanted.add(TopicPartition(name, number))
    found: list[InvolvedFrame] = []
    for partition in sorted(wanted):
        decided_now = image.partition(partition)
        if decided_now is None:
            continue
        holder = decided_now.leader if decided_now.leader != NO_NODE else decided_now.replicas[0]
        log = brokers[holder].disk.logs.get(partition) if holder in brokers else None
        if log is None:
            continue
        is_open = now["producer_id"] in log.producers.open_transactions.values()
        marker = markers.get(partition) if not is_open else None
        found.append(
            {
                "topic": partition.topic,
                "partition": partition.partition,
                "leader": decided_now.leader if decided_now.leader != NO_NODE else None,
                "high_watermark": log.high_watermark,
                "last_stable": log.last_stable_offset,
                "end": log.log_end_offset,
                "records": _records(log, now["producer_id"]),
                "marker": marker["result"] if marker else "",
                "marker_offset": marker["offset"] if marker else -1,
            }
        )
    return found


def _partition(name: str) -> TopicPartition:
    topic, _, number = name.rpartition("-")
    return TopicPartition(topic, int(number))


def _records(log: PartitionLog, producer_id: int) -> list[SeenRecordFrame]:
    first = max(log.log_start_offset, log.log_end_offset - RECORDS_MAX)
    found: list[SeenRecordFrame] = []
    for entry in log.entries_from(first):
        outcome = _outcome(log, entry)
        own = entry.batch.producer_id == producer_id
        for record in entry.records():
            if record.offset >= first:
                is_data = not entry.batch.is_control
                value = text_of(record.value) if is_data else None
                found.append(
                    {
                        "offset": record.offset,
                        "value": value[:40] if value else value,
                        "outcome": outcome,
                        "own": own,
                    }
                )
    return found


def _outcome(log: PartitionLog, entry: Entry) -> Outcome:
    """What became of a batch's transaction, as this log says."""
    batch, offset = entry.batch, entry.base_offset
    marker = marker_of(batch)
    if marker is not None:
        return marker
    if not batch.is_transactional:
        return "plain"
    for first, producer_id in log.producers.open_transactions.items():
        if producer_id == batch.producer_id and first <= offset:
            return "open"
    rows = log.aborted_transactions(offset, offset + 1)
    is_aborted = any(row.producer_id == batch.producer_id for row in rows)
    return "aborted" if is_aborted else "committed"
