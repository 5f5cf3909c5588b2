"""What is old in a long list is packed: it costs a tenth, and nobody who reads sees it."""

from enum import IntEnum
from typing import Any, NamedTuple

from kafkalab.chance import Stream
from kafkalab.errors import LearnerError
from kafkalab.ids import NodeName, TopicPartition
from kafkalab.record import Record
from kafkalab.world import Trace
from kafkalab.world.chunks import SIZE, Chunks
from kafkalab.world.runner import Result, Wait

KINDS = ("Appended", "HighWatermarkAdvanced", "Crashed", "LeaderElected")
Row = tuple[int, int, int, str, tuple[Any, ...]]


def filled(entries: int) -> tuple[Trace, list[Row]]:
    """A trace of common and rare events, plain and not, beside the plain list of them."""
    chance, trace = Stream(7, "events"), Trace()
    rows: list[Row] = []
    for at in range(entries):
        is_rare = chance.between(1, 1000) == 1
        kind = KINDS[chance.between(2, 3) if is_rare else chance.between(0, 1)]
        more = TopicPartition("orders", 1) if kind == "Crashed" else None
        node, event = NodeName(f"broker-{at % 3}"), (kind, "orders", at % 6, at, b"x", more)
        if at % 5 == 0:
            trace.note(at, 0, node, ("TimerFired",))
        rows.append((trace.add(at, at // 2, node, event), at, at // 2, node, event))
    return trace, rows


def test_a_packed_trace_reads_as_it_was_written() -> None:
    trace, rows = filled(12_000)
    trace.pack(2)
    assert trace._kept.unpacked < 3 * SIZE
    assert [tuple(each) for each in trace] == rows
    assert [tuple(each) for each in reversed(trace)] == rows[::-1]
    assert [tuple(each) for each in trace[50:9000:77]] == rows[50:9000:77]
    assert tuple(trace[-12_000]) == rows[0]
    for kinds in (*((kind,) for kind in KINDS), KINDS[2:]):
        found = trace.of(*kinds, node=NodeName("broker-1"))
        assert found == [row for row in rows if row[4][0] in kinds and row[3] == "broker-1"]
    assert type(trace.of("Crashed")[0].event[5]) is TopicPartition


def test_an_event_is_found_by_its_id_however_old() -> None:
    trace, rows = filled(9_000)
    by_id = {row[0]: row for row in rows}
    trace.pack(1)
    forgetful = trace.fork(forget_recent=True)
    for id in range(1, trace.next_id):
        entry = forgetful.entry(id)
        if id in by_id:
            assert entry == by_id[id]
        else:
            assert entry is None or entry.kind == "TimerFired"
    assert forgetful.entry(0) is None and forgetful.entry(trace.next_id) is None


def test_what_is_packed_takes_little_room_and_is_packed_for_all_forks() -> None:
    trace, rows = filled(20_000)
    early = trace.fork(forget_recent=True)
    trace.pack(0)
    assert early._kept.unpacked < SIZE and trace._kept.unpacked < SIZE
    sizes = [len(each._packed) for each in trace._kept._sealed]
    assert sum(sizes) < 20 * SIZE * len(sizes)  # bytes; 250 each as they are
    assert [tuple(each) for each in early] == rows
    trace.add(20_000, 0, NodeName("broker-9"), ("Crashed",))
    assert len(early) == 20_000 and trace.fork().digest() == trace.digest() != early.digest()


def test_a_fork_that_nobody_has_looked_at_holds_nothing_that_its_origin_has_packed() -> None:
    trace, rows = filled(1_500)
    checkpoint, looked_at = trace.fork(forget_recent=True), trace.fork()
    trace.add(1_500, 0, NodeName("broker-9"), ("Crashed",))
    assert [tuple(each) for each in looked_at] == rows, "nothing that was added since"
    for at in range(SIZE):
        trace.add(1_501 + at, 0, NodeName("broker-9"), ("Restarted",))
    trace.pack(0)
    borrowed = checkpoint._kept._borrowed
    assert borrowed is not None and borrowed[0].is_packed
    assert [tuple(each) for each in checkpoint.fork().fork()] == rows
    checkpoint.add(1_500, 0, NodeName("broker-8"), ("Stopped",))
    assert [tuple(each)[4] for each in checkpoint][1_499:] == [rows[-1][4], ("Stopped",)]
    assert trace[1_500].kind == "Crashed"


class Colour(IntEnum):
    RED = 1


class Theirs(NamedTuple):
    """A learner's own."""

    colour: Colour


def test_what_is_not_plain_comes_back_as_the_same_object() -> None:
    log: Chunks[Result] = Chunks()
    error, theirs = LearnerError("no"), Theirs(Colour.RED)
    results = [
        Result(Wait("consumer-1", "has_event", (), 1000), True),
        Result(("consumer-1", "take_message", ()), error, True, ()),
        Result(("consumer-1", "take_message", ()), Record(b"k", b"v", timestamp=5), False, ()),
        Result(("add", "producer", {}), "producer-1", False, ("producer", {"partitioner": filled})),
        Result(("producer-1", "produce", (1,)), 7, False, (theirs,)),
    ]
    for number in range(2 * SIZE):
        log.append(results[number % 5])
    log.pack(0)
    assert log.unpacked == 0
    back = list(log.since(0))
    assert back == [results[number % 5] for number in range(2 * SIZE)]
    assert back[1].value is error and back[3].arguments[1]["partitioner"] is filled  # type: ignore
    assert back[4].arguments[0] is theirs  # type: ignore[index]
    assert type(back[0].called) is Wait and type(back[2]) is Result
    assert log[SIZE + 3] == results[(SIZE + 3) % 5] and log[3] == results[3]
