"""Compaction: what stays, what goes, when; R17 as a property, with transactions."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kafkalab.config import TOPIC_KEYS, Config
from kafkalab.ids import TopicPartition
from kafkalab.log import PartitionLog
from kafkalab.log.cleaner import clean, cleanable
from kafkalab.log.restarting import restarted
from kafkalab.record import Compression, Record, build_batch, end_marker, end_marker_batch
from kafkalab.record.retained import delete_horizon


def a_log(**changed: Any) -> PartitionLog:
    values = {"cleanup.policy": "compact", "segment.bytes": 300, "delete.retention.ms": 1_000}
    values |= {name.replace("_", "."): value for name, value in changed.items()}
    return PartitionLog(TopicPartition("table", 0), Config(TOPIC_KEYS, values), bytes(16))


def put(log: PartitionLog, now: int, **records: str | None) -> None:
    batch = build_batch(
        [
            Record(key.encode(), None if value is None else value.encode(), (), now)
            for key, value in records.items()
        ],
        compression=Compression.GZIP if now % 2 else Compression.NONE,
    )
    log.append_as_leader(batch, 0, now)
    log.set_high_watermark(log.log_end_offset)


def fill(log: PartitionLog, now: int) -> None:
    """Until what is there now is sealed."""
    end = log.log_end_offset
    while log.segments.active.base_offset < end:
        put(log, now, filler="." * 100)


def all_records(log: PartitionLog) -> Iterator[Record]:
    for entry in log.entries_from(log.log_start_offset):
        if not entry.batch.is_control:
            yield from entry.records()


def table(log: PartitionLog) -> dict[str, str | None]:
    return {
        (record.key or b"").decode(): None if record.value is None else record.value.decode()
        for record in all_records(log)
        if record.key != b"filler"
    }


def cleaned(log: PartitionLog, now: int) -> None:
    what = cleanable(log, now)
    assert what is not None
    clean(log, what, now)


def test_the_last_value_of_each_key_stays_where_it_was() -> None:
    log = a_log()
    for number in range(10):
        put(log, number, a=f"a{number}", b=f"b{number}")
    put(log, 11, c="c")
    fill(log, 12)
    before = {
        record.offset: (record.key, record.value, record.timestamp) for record in all_records(log)
    }
    end, epochs = log.log_end_offset, log.epochs.rows
    cleaned(log, 20)
    after = {
        record.offset: (record.key, record.value, record.timestamp) for record in all_records(log)
    }
    assert table(log) == {"a": "a9", "b": "b9", "c": "c"}
    assert after.items() <= before.items()
    assert len(after) < len(before) / 2
    assert (log.log_end_offset, log.log_start_offset, log.epochs.rows) == (end, 0, epochs)
    assert next(entry.base_offset for entry in log.read(0, 1 << 20, end)) > 0
    assert cleanable(log, 20) is None, "all that can be is clean"


def test_a_tombstone_stays_for_delete_retention_ms_after_it_was_first_cleaned() -> None:
    log = a_log()
    put(log, 2, a="a")
    put(log, 4, a=None)
    fill(log, 6)
    cleaned(log, 10)
    assert table(log) == {"a": None}
    horizons = [delete_horizon(entry.batch) for entry in log.entries_from(0)]
    assert horizons[0] == 1_010
    assert next(record.timestamp for record in all_records(log)) == 4, "its own time stays"
    fill(log, 20)
    cleaned(log, 1_009)
    assert table(log) == {"a": None}
    fill(log, 22)
    cleaned(log, 1_010)
    assert table(log) == {}


def test_when_a_log_is_cleaned() -> None:
    log = a_log(min_cleanable_dirty_ratio=0.5, min_compaction_lag_ms=100)
    put(log, 1_000, a="1")
    fill(log, 1_000)
    assert cleanable(log, 1_099) is None, "too young"
    what = cleanable(log, 1_200)
    assert what is not None and what.is_due and what.dirty_ratio == 1
    clean(log, what, 1_200)
    assert cleanable(log, 1_200) is None

    log = a_log(min_cleanable_dirty_ratio=1, max_compaction_lag_ms=500)
    put(log, 1_000, a="1")
    fill(log, 1_000)
    what = cleanable(log, 1_500)
    assert what is not None and not what.is_due
    what = cleanable(log, 1_501)
    assert what is not None and what.is_due, "it has waited too long"


def test_nothing_above_the_last_stable_offset_is_cleaned() -> None:
    log = a_log()
    put(log, 2, a="1")
    transaction(log, 3, "a", "2", None)
    for _ in range(8):
        put(log, 4, a="3")
    assert log.last_stable_offset == 1
    assert cleanable(log, 9) is None
    log.append_as_leader(marker(False), 0, 5)
    log.set_high_watermark(log.log_end_offset)
    cleaned(log, 9)
    assert table(log) == {"a": "3"}


def marker(committed: bool, producer_id: int = 1, epoch: int = 0) -> Any:
    return end_marker_batch(
        committed=committed,
        producer_id=producer_id,
        producer_epoch=epoch,
        coordinator_epoch=0,
        timestamp=5,
    )


def transaction(
    log: PartitionLog, now: int, key: str, value: str | None, ends: bool | None, producer: int = 1
) -> None:
    """One record in a transaction; committed, aborted, or (None) left open."""
    known = log.producers.entries.get(producer)
    sequence = 0 if known is None else known.last_sequence + 1
    record = Record(key.encode(), None if value is None else value.encode(), (), now)
    batch = build_batch(
        [record],
        producer_id=producer,
        producer_epoch=0,
        base_sequence=sequence,
        is_transactional=True,
    )
    log.append_as_leader(batch, 0, now)
    if ends is not None:
        log.append_as_leader(marker(ends, producer), 0, now)
    log.set_high_watermark(log.log_end_offset)


def test_aborted_records_go_at_once_and_markers_outlive_their_data() -> None:
    log = a_log()
    transaction(log, 2, "a", "committed", True)
    transaction(log, 3, "a", "aborted", False)
    transaction(log, 4, "b", "aborted too", False)
    for _ in range(6):
        put(log, 4, b="b")
    fill(log, 5)
    cleaned(log, 10)
    assert table(log) == {"a": "committed", "b": "b"}
    kinds = [end_marker(entry.batch) for entry in log.entries_from(0) if entry.batch.is_control]
    assert [kind.committed for kind in kinds if kind] == [True, False, False]
    # The last batch of the producer stays, without records: it shows the sequence.
    empty = [entry for entry in log.entries_from(0) if not entry.batch.record_count]
    assert [entry.batch.base_sequence for entry in empty] == [2]
    assert log.aborted_transactions(0, 99), "their markers are still there"
    fill(log, 11)
    cleaned(log, 20)  # the aborted marker without data gets its horizon now
    fill(log, 12)
    cleaned(log, 5_000)
    kinds = [end_marker(entry.batch) for entry in log.entries_from(0) if entry.batch.is_control]
    assert [kind.committed for kind in kinds if kind] == [True, False]


def test_compact_and_delete_together() -> None:
    log = a_log(cleanup_policy="compact,delete", retention_ms=100)
    put(log, 10, a="1")
    fill(log, 10)
    cleaned(log, 20)
    put(log, 500, a="2")
    assert log.apply_retention(109) is None
    deleted = log.apply_retention(400)
    assert deleted is not None and deleted.reason == "retention.ms"
    assert table(log) == {"a": "2"}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "delete", "commit", "abort", "clean"]),
        st.sampled_from("abcd"),
        st.integers(1, 3),
    ),
    max_size=60,
)


@given(steps=STEPS)
@settings(max_examples=120, deadline=None)
def test_cleaning_changes_nothing_a_reader_of_the_whole_log_ends_with(
    steps: list[tuple[str, str, int]],
) -> None:
    """R17 and T3: the committed table, offsets of what is left, each producer's last batch."""
    log = a_log(segment_bytes=250, delete_retention_ms=0)
    expected: dict[str, str] = {}
    for number, (what, key, producer) in enumerate(steps):
        value = f"{key}{number}"
        if what == "put":
            put(log, number, **{key: value})
            expected[key] = value
        elif what == "delete":
            put(log, number, **{key: None})
            expected.pop(key, None)
        elif what == "clean":
            found = cleanable(log, number)
            if found is not None:
                before = {record.offset: record for record in all_records(log)}
                clean(log, found, number)
                after = {record.offset: record for record in all_records(log)}
                assert after.items() <= before.items()
                assert list(after) == sorted(after)
        else:
            transaction(log, number, key, value, what == "commit", producer)
            if what == "commit":
                expected[key] = value
    assert read_committed(log) == expected
    again = restarted(log, log.high_watermark)
    assert read_committed(again) == expected
    for producer_id, entry in log.producers.entries.items():
        found_again = again.producers.entries[producer_id]
        assert found_again.batches[-1:] == entry.batches[-1:]
        assert found_again.transaction_first_offset is None
        assert found_again.producer_epoch == entry.producer_epoch


def read_committed(log: PartitionLog) -> dict[str, str]:
    """As a consumer does it: skip a producer's records from the abort's beginning to its marker."""
    rows = sorted(log.aborted_transactions(0, log.log_end_offset), key=lambda row: row.first_offset)
    skipped: set[int] = set()
    values: dict[str, str] = {}
    for entry in log.entries_from(log.log_start_offset):
        while rows and rows[0].first_offset <= entry.last_offset:
            skipped.add(rows.pop(0).producer_id)
        if entry.batch.is_control:
            ended = end_marker(entry.batch)
            if ended is not None and not ended.committed:
                skipped.discard(entry.batch.producer_id)
        elif not (entry.batch.is_transactional and entry.batch.producer_id in skipped):
            for record in entry.records():
                assert record.key is not None
                if record.value is None:
                    values.pop(record.key.decode(), None)
                elif record.key != b"filler":
                    values[record.key.decode()] = record.value.decode()
    return values


def test_a_truncation_into_a_compacted_stretch_ends_where_it_was_told() -> None:
    """The next record gets the offset that was named, as in `LocalLog.truncateTo`.

    A restart finds no more than the batches there are (`LogSegment.readNextOffset`).
    """
    log = a_log()
    for number, key in enumerate("abbbbc"):
        put(log, number, **{key: str(number)})
    fill(log, 10)
    cleaned(log, 10)
    kept = [record.offset for record in all_records(log)]
    assert kept[:3] == [0, 4, 5]
    before = log.log_end_offset
    assert log.truncate_to(2) == before - 2
    assert (log.log_end_offset, log.high_watermark, log.clean_offset) == (2, 2, 2)
    assert not log.read(1, 1_000, 2)
    again = restarted(log, 2)
    assert (again.log_end_offset, again.high_watermark) == (1, 1)
    put(log, 20, d="20")
    assert [record.offset for record in all_records(log)] == [0, 2]
    assert restarted(log, 3).log_end_offset == 3


def test_a_log_that_starts_beyond_its_batches_begins_anew_there() -> None:
    """`LogLoader.deleteSegmentsIfLogStartGreaterThanLogEnd`: no offset is given out twice."""
    log = a_log()
    for number, key in enumerate("abbbbc"):
        put(log, number, **{key: str(number)})
    fill(log, 10)
    cleaned(log, 10)
    log.truncate_to(2)
    assert log.delete_records_before(2)
    again = restarted(log, 2)
    assert (again.log_start_offset, again.log_end_offset, again.high_watermark) == (2, 2, 2)
    put(again, 20, d="20")
    assert [record.offset for record in all_records(again)] == [2]
