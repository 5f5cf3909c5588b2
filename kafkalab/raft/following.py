"""The log, copied: Fetch from the leader, truncation where the logs part, snapshots.

    Follower ──Fetch(offset, last epoch, high watermark)──▶ Leader
             ◀── records to the log end, high watermark ───
             ◀── or: "your log diverges, truncate to …" ───
             ◀── or: "that is in snapshot …" ───────────────   ──FetchSnapshot(position)──▶ …
             ◀── or: NOT_LEADER_OR_FOLLOWER, "it is …" ────

Whoever has no leader, or gets no answer from it, asks any voter the same and learns who leads.

In Kafka: `KafkaRaftClient.handleFetchResponse`, `handleFetchSnapshotResponse`,
`maybeSendFetchToBestNode`; KIP-595, KIP-630, KIP-1166 (a follower tells its high watermark).
There an answer that teaches nothing is followed by the next question at once, here after a pause;
and a fetch waits half a second even where the fetch timeout has been made shorter than that, so
that a quiet quorum would hold one election after the other.
"""

from typing import Final

from kafkalab.errors import ErrorCode
from kafkalab.ids import NO_NODE
from kafkalab.log.leader_epoch_cache import EpochEnd
from kafkalab.protocol.messages import snapshots as s
from kafkalab.protocol.messages.fetch import (
    FetchPartition,
    FetchRequest,
    FetchResponse,
    PartitionData,
)
from kafkalab.raft import messages, voting
from kafkalab.raft.metadata_log import METADATA_PARTITION
from kafkalab.raft.quorum import Quorum
from kafkalab.raft.request_manager import CallKey
from kafkalab.raft.roles import Follower, Unattached
from kafkalab.raft.roles.follower import Download
from kafkalab.raft.snapshot import SnapshotId, read_snapshot
from kafkalab.record import RecordData, parse_records

FETCH_MAX_WAIT_MS: Final = 500  # `KafkaRaftClient.MAX_FETCH_WAIT_MS`


# --- asking


def fetch(quorum: Quorum, role: Follower, now: int) -> None:
    """Ask the leader; if it does not answer, ask anyone whether there is another."""
    requests, leader_id = quorum.requests, role.leader_id
    if requests.is_backing_off(leader_id, now):
        find_leader(quorum, role, now)
    elif not requests.has_any_in_flight:
        if role.download is not None:
            quorum.send(leader_id, _snapshot_request(quorum, role.download))
        else:
            quorum.send(leader_id, _fetch_request(quorum, role))


def find_leader(quorum: Quorum, role: Follower | Unattached, now: int) -> None:
    """Ask any voter for the log, to learn who leads."""
    target = quorum.someone_ready(now)
    if target is not None:
        quorum.send(target, _fetch_request(quorum, role))


def _fetch_request(quorum: Quorum, role: Follower | Unattached) -> FetchRequest:
    if isinstance(role, Follower) and role.request is not None:
        return role.request
    log = quorum.log
    max_bytes = quorum.config.int("controller.quorum.fetch.max.bytes")
    partition = FetchPartition(
        partition=METADATA_PARTITION.partition,
        current_leader_epoch=role.epoch,
        fetch_offset=log.end_offset,
        last_fetched_epoch=log.last_epoch,
        partition_max_bytes=max_bytes,
        high_watermark=log.high_watermark,
    )
    max_wait_ms = min(FETCH_MAX_WAIT_MS, quorum.fetch_timeout_ms // 2)
    request = messages.fetch_request(quorum.node_id, partition, max_wait_ms, max_bytes)
    if isinstance(role, Follower):
        role.request = request
    return request


def _snapshot_request(quorum: Quorum, download: Download) -> s.FetchSnapshotRequest:
    return messages.fetch_snapshot_request(
        quorum.node_id,
        quorum.epoch,
        download.id,
        len(download.data),
        quorum.config.int("controller.quorum.fetch.snapshot.max.bytes"),
    )


# --- answers


def take_fetch(quorum: Quorum, key: CallKey, response: FetchResponse, now: int) -> bool:
    """News, or nothing, or who leads; whether the node that answered may be asked again at once."""
    if response.error_code or not response.responses or not quorum.requests.is_current(key):
        return False
    data: PartitionData = response.responses[0].partitions[0]
    leader, before = data.current_leader, quorum.role
    if voting.is_settled(quorum, data.error_code, leader.leader_id, leader.leader_epoch, now):
        return quorum.role is not before  # or it has taught nothing
    role = quorum.role
    if not isinstance(role, Follower) or key.target != role.leader_id:
        return quorum.role is not before
    if data.diverging_epoch.epoch >= 0:
        _truncate(quorum, EpochEnd(data.diverging_epoch.epoch, data.diverging_epoch.end_offset))
        role.request = None
    elif data.snapshot_id.epoch >= 0:
        role.download = Download(SnapshotId(data.snapshot_id.end_offset, data.snapshot_id.epoch))
        role.request = None
    else:
        _append(quorum, role, data)
    role.heard(now)
    return True


def _truncate(quorum: Quorum, end: EpochEnd) -> None:
    before = quorum.log.end_offset
    removed = quorum.log.truncate_to(end)
    assert quorum.log.end_offset < before, (end, before)
    quorum.effects.emit("Truncated", *METADATA_PARTITION, quorum.log.end_offset, removed)


def _append(quorum: Quorum, role: Follower, data: PartitionData) -> None:
    log, records = quorum.log, parse_records(data.records)
    if records.entries:
        log.append_fetched(records)
        if quorum.is_voter:
            log.flush()  # before the next Fetch tells the leader that it is here
        role.request = None
    if log.advance_high_watermark(data.high_watermark):
        role.request = None


def take_snapshot(
    quorum: Quorum, key: CallKey, response: s.FetchSnapshotResponse, now: int
) -> bool:
    """The next piece of a snapshot; after the last one the log begins anew with it."""
    answer: s.FetchSnapshotResponsePartitionSnapshot | None = messages.only_partition(response)
    if response.error_code or answer is None or not quorum.requests.is_current(key):
        return False
    leader = answer.current_leader
    if answer.error_code != ErrorCode.SNAPSHOT_NOT_FOUND and voting.is_settled(
        quorum, answer.error_code, leader.leader_id, leader.leader_epoch, now
    ):
        return False
    role = quorum.role
    if not isinstance(role, Follower) or role.download is None or role.leader_id == NO_NODE:
        return False
    id, download = (
        SnapshotId(answer.snapshot_id.end_offset, answer.snapshot_id.epoch),
        role.download,
    )
    if answer.error_code or (id, answer.position) != (download.id, len(download.data)):
        role.download = None  # the leader has it no more: ask for the log again
    else:
        _continue(quorum, role, download.data + _bytes(answer.unaligned_records), answer.size)
    role.heard(now)
    return True


def _continue(quorum: Quorum, role: Follower, data: bytes, size: int) -> None:
    assert role.download is not None
    id = role.download.id
    if len(data) < size:
        role.download = Download(id, data)
        return
    role.download, role.request = None, None
    quorum.log.install(read_snapshot(id, data))
    quorum.effects.emit("SnapshotFetched", id.end_offset, id.epoch, size)


def _bytes(data: RecordData) -> bytes:
    if data is None or isinstance(data, bytes | memoryview):
        return bytes(data or b"")
    return b"".join(data.buffers())
