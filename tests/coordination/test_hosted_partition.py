"""A counter whose state is a log: written, committed, failed over, forked."""

from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from kafkalab.config import broker_config, topic_config
from kafkalab.coordination import (
    CoordinatorRecord,
    HostedPartition,
    Outcome,
    Phase,
    RecordTypes,
    Result,
    TwoViews,
    decode_record,
    encode_record,
)
from kafkalab.errors import ErrorCode, KafkaError
from kafkalab.groups.records import GroupMetadataKey, GroupMetadataValue
from kafkalab.ids import TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.record import Batch, Record, build_batch

TP = TopicPartition("__consumer_offsets", 0)
TYPES: RecordTypes = {2: (GroupMetadataKey, GroupMetadataValue)}


def says(name: str, number: int | None) -> CoordinatorRecord:
    value = None
    if number is not None:
        value = GroupMetadataValue(generation=number, protocol=None, leader=None)
    return CoordinatorRecord(GroupMetadataKey(group=name), value, 3)


@dataclass
class Counters:
    """A state machine that remembers a number for each name."""

    record_types: RecordTypes = field(default_factory=lambda: TYPES)
    views: TwoViews[str, int] = field(default_factory=TwoViews)
    settled: list[tuple[Any, ErrorCode | None]] = field(default_factory=list)
    loaded_at: int | None = None

    def replay(self, record: CoordinatorRecord, offset: int, producer_id: int) -> None:
        key, value = record.key, record.value
        assert isinstance(key, GroupMetadataKey)
        assert value is None or isinstance(value, GroupMetadataValue)
        self.views.put(key.group, None if value is None else value.generation, offset)

    def end_transaction(self, producer_id: int, is_committed: bool, offset: int) -> None:
        raise AssertionError("nothing here is part of a transaction")

    def commit(self, high_watermark: int) -> None:
        list(self.views.commit(high_watermark))

    def clock_at(self, now: int) -> int:
        return now

    def on_loaded(self, now: int) -> None:
        self.loaded_at = now

    def on_settled(self, then: Any, error: ErrorCode | None, now: int) -> None:
        self.settled.append((then, error))

    def fork(self) -> Self:
        return type(self)(TYPES, self.views.fork(), self.settled.copy(), self.loaded_at)


@dataclass
class Writer:
    log: PartitionLog
    failure: ErrorCode | None = None

    def append(self, tp: TopicPartition, batch: Batch, now: int, **_: int) -> int:
        assert tp == TP
        if self.failure is not None:
            raise KafkaError(self.failure)
        return self.log.append_as_leader(batch, 0, now).last_offset


@pytest.fixture
def writer() -> Writer:
    return Writer(PartitionLog(TP, topic_config(broker_config()), bytes(16)))


def host(writer: Writer, **settings: int) -> HostedPartition[Counters]:
    sizes = {"commit_timeout_ms": 5000, "batch_bytes_max": 1 << 20, "now": 0, **settings}
    return HostedPartition(TP, Counters(), writer.log, writer, **sizes)


def loaded(writer: Writer, **settings: int) -> HostedPartition[Counters]:
    hosted = host(writer, **settings)
    hosted.on_timer(0)
    assert hosted.phase is Phase.ACTIVE
    return hosted


def advance(hosted: HostedPartition[Counters], writer: Writer, now: int = 0) -> None:
    writer.log.advance_high_watermark(writer.log.log_end_offset)
    hosted.advance(writer.log.high_watermark, now)


def test_a_record_is_a_key_and_a_value_each_behind_its_number() -> None:
    record = says("g", 5)
    key, value = encode_record(record)
    assert key == b"\0\2" + b"\0\1g"
    assert value is not None and value[:2] == b"\0\3"
    assert decode_record(TYPES, Record(key=key, value=value)) == record
    gone = decode_record(TYPES, Record(key=key, value=None))
    assert gone == CoordinatorRecord(GroupMetadataKey(group="g"), None)
    assert decode_record({}, Record(key=key, value=value)) is None


def test_a_response_waits_for_the_high_watermark(writer: Writer) -> None:
    hosted = loaded(writer)
    hosted.run(Result((says("a", 1),), "done", then="then"), "who", 0)
    assert hosted.machine.views.written == {"a": 1}
    assert hosted.machine.views.committed == {}
    assert hosted.outcomes == [] and hosted.machine.settled == []
    advance(hosted, writer)
    assert hosted.outcomes == [Outcome("who", "done", None)]
    assert hosted.machine.settled == [("then", None)]
    assert hosted.machine.views.committed == {"a": 1}


def test_who_only_looks_waits_for_what_it_saw(writer: Writer) -> None:
    hosted = loaded(writer)
    hosted.run(Result(response="at once"), "first", 0)
    assert [outcome.asked for outcome in hosted.outcomes] == ["first"]
    hosted.run(Result((says("a", 1),), "done"), None, 0)
    hosted.run(Result(response="later"), "second", 0)
    assert len(hosted.outcomes) == 1
    advance(hosted, writer)
    assert [outcome.asked for outcome in hosted.outcomes] == ["first", "second"]


def test_responses_leave_in_order_as_far_as_the_high_watermark_allows(writer: Writer) -> None:
    hosted = loaded(writer)
    for number in range(3):
        hosted.run(Result((says("a", number),), number), number, 0)
    hosted.advance(2, 0)
    assert [outcome.asked for outcome in hosted.outcomes] == [0, 1]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NOT_COORDINATOR),
        (ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.COORDINATOR_NOT_AVAILABLE),
        (ErrorCode.RECORD_LIST_TOO_LARGE, ErrorCode.UNKNOWN_SERVER_ERROR),
    ],
)
def test_a_failed_append_changes_nothing(
    writer: Writer, failure: ErrorCode, told: ErrorCode
) -> None:
    hosted = loaded(writer)
    writer.failure = failure
    hosted.run(Result((says("a", 1),), "done", then="then"), "who", 0)
    assert hosted.outcomes == [Outcome("who", "done", told)]
    assert hosted.machine.settled == [("then", told)]
    assert not hosted.machine.views
    writer.failure = None
    hosted.run(Result((says("a", 2),)), None, 0)
    assert hosted.machine.views.written == {"a": 2}


def test_what_is_never_committed_is_given_up_but_may_come_true(writer: Writer) -> None:
    hosted = loaded(writer)
    hosted.run(Result((says("a", 1),), "done", then="then"), "who", 100)
    assert hosted.next_timer() == 5100
    hosted.on_timer(5100)
    assert hosted.outcomes[0].error is ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert hosted.next_timer() is None
    advance(hosted, writer)
    assert len(hosted.outcomes) == 1
    assert hosted.machine.views.committed == {"a": 1}


def test_a_lost_leadership_ends_every_wait(writer: Writer) -> None:
    hosted = loaded(writer)
    hosted.run(Result((says("a", 1),), "done", then="then"), "who", 0)
    hosted.resign(0)
    assert hosted.outcomes == [Outcome("who", "done", ErrorCode.NOT_COORDINATOR)]
    assert hosted.machine.settled == [("then", ErrorCode.NOT_COORDINATOR)]


def test_another_broker_reads_the_same_state_from_the_log(writer: Writer) -> None:
    hosted = loaded(writer)
    for number in range(5):
        hosted.run(Result((says("a", number), says("b", number))), None, 0)
    advance(hosted, writer)
    hosted.run(Result((says("a", None),)), None, 0)
    other = host(writer)
    assert other.refusal is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    assert other.next_timer() == 0
    other.on_timer(7)
    assert other.refusal is None and other.machine.loaded_at == 7
    assert other.machine.views.written == hosted.machine.views.written == {"b": 4}
    assert other.machine.views.committed == {"a": 4, "b": 4}
    advance(other, writer)
    assert other.machine.views.committed == {"b": 4}


def test_a_high_watermark_that_moves_while_loading_counts(writer: Writer) -> None:
    loaded(writer).run(Result((says("a", 1),)), None, 0)
    other = host(writer)
    advance(other, writer)
    other.on_timer(0)
    assert other.machine.views.committed == {"a": 1}


def test_a_damaged_log_leaves_no_coordinator(writer: Writer) -> None:
    writer.append(TP, build_batch((Record(key=b"\0\2\0\5g", value=b"\0\3"),)), 0)
    other = host(writer)
    other.on_timer(0)
    assert other.phase is Phase.FAILED
    assert other.refusal is ErrorCode.NOT_COORDINATOR


def test_records_of_unknown_types_are_passed_over(writer: Writer) -> None:
    unknown = Record(key=b"\0\x63what", value=b"ever")
    writer.append(TP, build_batch((unknown,)), 0)
    assert not loaded(writer).machine.views


def test_records_that_need_not_stand_together_are_split_over_batches(writer: Writer) -> None:
    hosted = loaded(writer, batch_bytes_max=300)
    records = tuple(says(f"name-{number}", number) for number in range(20))
    hosted.run(Result(records, is_atomic=False), None, 0)
    entries = list(writer.log.entries_from(0))
    assert len(entries) > 1 and all(entry.size_in_bytes <= 300 for entry in entries)
    assert loaded(writer).machine.views.written == hosted.machine.views.written
    hosted.run(Result(records), None, 0)
    assert list(writer.log.entries_from(0))[-1].batch.record_count == 20


def test_a_fork_parks_for_itself(writer: Writer) -> None:
    hosted = loaded(writer)
    hosted.run(Result((says("a", 1),), "done"), "who", 0)
    log = writer.log.fork()
    branch = hosted.fork(hosted.machine.fork(), Writer(log))
    branch.run(Result((says("a", 2),), "more"), "branch", 0)
    advance(hosted, writer)
    assert [outcome.asked for outcome in hosted.outcomes] == ["who"]
    assert hosted.machine.views.committed == {"a": 1}
    assert branch.outcomes == [] and branch.machine.views.written == {"a": 2}
    branch.advance(2, 0)
    assert [outcome.asked for outcome in branch.outcomes] == ["who", "branch"]
