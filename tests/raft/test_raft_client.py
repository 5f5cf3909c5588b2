"""Leader and observer talk: what is appended here arrives there, in order and once."""

from dataclasses import replace
from typing import Any

import pytest

from kafkalab.config import broker_config
from kafkalab.errors import ErrorCode
from kafkalab.ids import NO_NODE, ConnectionId
from kafkalab.log import Disk
from kafkalab.metadata import records as r
from kafkalab.node import Effects, Ticket
from kafkalab.protocol.codec import decode, encode_bytes
from kafkalab.protocol.messages.fetch import FetchRequest, FetchResponse
from kafkalab.raft import METADATA_PARTITION, RaftClient
from kafkalab.raft.quorum_state import QuorumState

CONTROLLER, BROKER = 101, 1


def client(node_id: int, disk: Disk | None = None, now: int = 0) -> tuple[RaftClient, Effects]:
    effects = Effects()
    disk = disk if disk is not None else Disk()
    raft = RaftClient(node_id, (CONTROLLER,), disk, broker_config(), effects, 7, now)
    return raft, effects


def ticket(number: int) -> Ticket:
    return Ticket(ConnectionId("broker-1", "controller-101", 1), number, 1, 18)


class Pair:
    """A leader and one observer, and the wire between them."""

    def __init__(self, wire: bool = False) -> None:
        self.leader_disk, self.observer_disk = Disk(), Disk()
        self.leader, self.leader_effects = client(CONTROLLER, self.leader_disk)
        self.observer, self.observer_effects = client(BROKER, self.observer_disk)
        self.wire = wire
        self.requests: list[FetchRequest] = []
        self.key: Any = None

    def over_the_wire(self, message: Any) -> Any:
        if not self.wire:
            return message
        return decode(type(message), 18, memoryview(encode_bytes(message, 18)))

    def talk(self, now: int) -> None:
        """Carry messages to and fro until the observer's fetch is parked."""
        self.observer.on_timer(now)
        self.leader.on_timer(now)
        while self.observer_effects.calls or self.leader_effects.replies:
            for call in self.observer_effects.calls:
                assert (call.target, call.owner) == (CONTROLLER, "raft")
                self.requests.append(call.request)
                self.key = call.key
                request = self.over_the_wire(call.request)
                self.leader.handle(ticket(len(self.requests)), request, now)
            self.observer_effects.calls.clear()
            replies, self.leader_effects.replies = self.leader_effects.replies, []
            for _, response in replies:
                self.observer.on_response(self.key, self.over_the_wire(response), now)


def topic(name: str) -> r.TopicRecord:
    return r.TopicRecord(name=name, topic_id=name.encode().rjust(16, b"\0"))


def names(raft: RaftClient) -> list[str]:
    return [record.name for batch in raft.take_committed() for record in batch.records]


def test_a_single_voter_leads_at_once_and_begins_its_epoch_with_a_control_record() -> None:
    raft, effects = client(CONTROLLER)
    assert raft.is_leader
    assert (raft.leader_id, raft.epoch, raft.high_watermark) == (CONTROLLER, 1, 1)
    assert effects.events == [("QuorumLeaderElected", CONTROLLER, 1)]
    (batch,) = raft.take_committed()
    assert batch[:4] == (0, 0, 1, ())


def test_what_is_appended_is_committed_as_one_batch_and_handed_out_once() -> None:
    raft, _ = client(CONTROLLER)
    raft.take_committed()
    assert raft.append([topic("a"), topic("b")], 5) == 2
    (batch,) = raft.take_committed()
    assert (batch.base_offset, batch.last_offset, batch.epoch) == (1, 2, 1)
    assert batch.records == (topic("a"), topic("b"))
    assert raft.take_committed() == []


def test_a_restarted_leader_has_a_higher_epoch_and_replays_its_log() -> None:
    disk = Disk()
    raft, _ = client(CONTROLLER, disk)
    raft.append([topic("a")], 5)
    restarted, effects = client(CONTROLLER, disk.after_crash(), now=10)
    assert restarted.epoch == 2
    assert effects.events == [("QuorumLeaderElected", CONTROLLER, 2)]
    assert names(restarted) == ["a"]
    assert restarted.high_watermark == 3


@pytest.mark.parametrize("wire", [False, True])
def test_an_observer_learns_the_leader_and_follows_its_log(wire: bool) -> None:
    pair = Pair(wire)
    pair.leader.append([topic("a")], 0)
    assert (pair.observer.leader_id, pair.observer.epoch) == (NO_NODE, 0)
    pair.talk(0)
    assert (pair.observer.leader_id, pair.observer.epoch) == (CONTROLLER, 1)
    assert names(pair.observer) == ["a"]
    pair.leader.append([topic("b"), topic("c")], 3)
    pair.talk(3)
    assert names(pair.observer) == ["b", "c"]
    mine, theirs = (
        list(disk.logs[METADATA_PARTITION].entries_from(0))
        for disk in (pair.observer_disk, pair.leader_disk)
    )
    assert mine == theirs


def test_the_first_fetch_is_refused_with_the_epoch_to_fetch_in() -> None:
    pair = Pair()
    pair.observer.on_timer(0)
    (call,) = pair.observer_effects.calls
    pair.leader.handle(ticket(1), call.request, 0)
    ((_, response),) = pair.leader_effects.replies
    data = response.responses[0].partitions[0]
    assert data.error_code == ErrorCode.FENCED_LEADER_EPOCH
    assert (data.current_leader.leader_id, data.current_leader.leader_epoch) == (CONTROLLER, 1)


def test_a_fetch_without_news_waits_half_a_second_and_an_idle_cluster_says_no_more() -> None:
    pair = Pair()
    pair.talk(0)
    asked = len(pair.requests)
    assert (pair.observer.next_timer(), pair.leader.next_timer()) == (None, 500)
    pair.talk(499)
    assert len(pair.requests) == asked
    pair.talk(500)
    assert len(pair.requests) == asked + 1
    assert pair.requests[-1] is pair.requests[-2]  # nothing changed, so neither does the request


def test_an_append_wakes_the_waiting_fetch() -> None:
    pair = Pair()
    pair.talk(0)
    pair.leader.append([topic("a")], 20)
    assert pair.leader.next_timer() is None
    ((_, response),) = pair.leader_effects.replies
    data = response.responses[0].partitions[0]
    assert (data.high_watermark, len(data.records)) == (2, 1)


def test_a_broken_connection_is_tried_again_after_the_backoff() -> None:
    pair = Pair()
    pair.observer.on_timer(0)
    (call,) = pair.observer_effects.calls
    pair.observer_effects.calls.clear()
    pair.observer.on_response(call.key, None, 40)
    assert pair.observer_effects.calls == []
    assert pair.observer.next_timer() == 140
    pair.talk(140)
    assert pair.observer.leader_id == CONTROLLER


def test_an_observer_follows_a_restarted_leader_into_its_new_epoch() -> None:
    pair = Pair()
    pair.talk(0)
    pair.leader.append([topic("a")], 1)
    pair.talk(1)
    pair.leader, pair.leader_effects = client(CONTROLLER, pair.leader_disk.after_crash(), 10)
    pair.observer.on_response(pair.key, None, 10)
    pair.talk(110)
    assert pair.observer.epoch == 2
    assert pair.observer_disk.properties["quorum-state"] == QuorumState(2, CONTROLLER)
    assert names(pair.observer) == ["a"]


def test_a_restarted_observer_hands_out_nothing_until_the_leader_says_what_is_committed() -> None:
    pair = Pair()
    pair.leader.append([topic("a")], 0)
    pair.talk(0)
    pair.observer_disk.checkpoint_high_watermarks()
    pair.observer, pair.observer_effects = client(BROKER, pair.observer_disk.after_crash(), 10)
    assert (pair.observer.leader_id, pair.observer.epoch) == (CONTROLLER, 1)
    assert pair.observer.take_committed() == []
    pair.talk(10)
    assert names(pair.observer) == ["a"]


def test_an_observer_cuts_off_what_the_leader_does_not_have() -> None:
    """Entries of an epoch that lost: fetched from a leader that had not committed them."""
    pair = Pair()
    pair.leader.append([topic("a")], 0)
    pair.talk(0)
    stale = pair.observer_disk.logs[METADATA_PARTITION]
    other = pair.leader_disk.fork()
    loser, _ = client(CONTROLLER, other)
    loser.append([topic("lost")], 1)
    stale.append_as_follower(other.logs[METADATA_PARTITION].read(2, 1 << 20, 99))
    assert stale.log_end_offset == 4
    pair.leader_disk.properties["quorum-state"] = QuorumState(2, CONTROLLER)
    pair.leader, pair.leader_effects = client(CONTROLLER, pair.leader_disk.after_crash(), 10)
    pair.leader.append([topic("b")], 10)
    pair.observer, pair.observer_effects = client(BROKER, pair.observer_disk.after_crash(), 10)
    pair.talk(10)
    assert ("Truncated", "__cluster_metadata", 0, 2, 2) in pair.observer_effects.events
    assert names(pair.observer) == ["a", "b"]


def test_a_log_of_another_epoch_is_cut_where_both_agree() -> None:
    """The loser is shorter than the leader's log, yet most of it is another history."""
    pair = Pair()
    pair.talk(0)
    loser = pair.observer_disk.logs[METADATA_PARTITION]
    other = pair.leader_disk.fork()
    client(CONTROLLER, other)
    loser.append_as_follower(other.logs[METADATA_PARTITION].read(1, 1 << 20, 99))
    for name in "abcd":
        pair.leader.append([topic(name)], 1)
    pair.leader_disk.properties["quorum-state"] = QuorumState(2, CONTROLLER)
    pair.leader, pair.leader_effects = client(CONTROLLER, pair.leader_disk.after_crash(), 10)
    pair.observer, pair.observer_effects = client(BROKER, pair.observer_disk.after_crash(), 10)
    pair.talk(10)
    assert ("Truncated", "__cluster_metadata", 0, 1, 1) in pair.observer_effects.events
    assert names(pair.observer) == ["a", "b", "c", "d"]


def test_what_is_fetched_is_not_handed_out_before_it_is_committed() -> None:
    pair = Pair()
    pair.talk(0)
    pair.leader.append([topic("a")], 1)
    ((_, response),) = pair.leader_effects.replies
    data = replace(response.responses[0].partitions[0], high_watermark=1)
    early = replace(response, responses=(replace(response.responses[0], partitions=(data,)),))
    pair.observer.on_response(pair.key, early, 1)
    assert (pair.observer.log_end_offset, pair.observer.high_watermark) == (2, 1)
    assert names(pair.observer) == []
    pair.leader_effects.replies.clear()
    pair.talk(1)  # the next fetch tells that it does not know the high watermark yet
    assert names(pair.observer) == ["a"]


def test_a_request_about_anything_else_is_invalid() -> None:
    raft, effects = client(CONTROLLER)
    raft.handle(ticket(1), FetchRequest(), 0)
    assert effects.replies == [(ticket(1), FetchResponse(error_code=ErrorCode.INVALID_REQUEST))]


def test_an_observer_says_who_leads_when_it_is_asked() -> None:
    pair = Pair()
    pair.talk(0)
    pair.observer.handle(ticket(1), pair.requests[-1], 0)
    ((_, response),) = pair.observer_effects.replies
    data = response.responses[0].partitions[0]
    assert data.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert data.current_leader.leader_id == CONTROLLER


def test_a_fork_goes_its_own_way() -> None:
    pair = Pair()
    pair.talk(0)
    effects, disk = Effects(), pair.leader_disk.fork()
    fork = pair.leader.fork(effects, disk)
    fork.append([topic("there")], 5)
    pair.leader.append([topic("here")], 5)
    assert len(effects.replies) == len(pair.leader_effects.replies) == 1
    assert names(fork) == ["there"]
    assert names(pair.leader) == ["here"]
