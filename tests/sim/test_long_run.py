"""A long run is packed behind itself: its memory is bounded, and it answers as if it were not."""

from collections.abc import Callable
from typing import Any

import pytest
from faulty_run import faulty_run

from kafkalab import KafkaException, Simulation
from kafkalab.frames.spacetime import spacetime_frame
from kafkalab.world import history
from kafkalab.world.chunks import SIZE


async def stubborn(app: Any) -> None:
    """What it learns is not plain: a function it plugs in, and errors."""
    conf = {"bootstrap.servers": "kafka:9092", "partitioner": lambda key, count: 0}
    producer = app.producer(conf | {"message.max.bytes": 1000})
    while True:
        try:
            producer.produce("orders", value=b"x" * 2000)
        except KafkaException:
            await app.sleep(0.01)


def run(pack: Callable[..., None] | None, patch: pytest.MonkeyPatch) -> Simulation:
    patch.setattr(history, "_TRACE_CHUNKS", 0)
    patch.setattr(history, "_LOG_CHUNKS", 0)
    if pack is not None:
        patch.setattr(history, "_pack", pack)
    sim = faulty_run(4)
    sim.app(stubborn)
    sim.run(11)
    patch.undo()
    return sim


def test_it_answers_as_one_that_keeps_all_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, packed = run(lambda world: None, monkeypatch), run(None, monkeypatch)
    for each in (packed.trace._kept, packed.world.apps.processes["stubborn-1"].log):
        assert each.unpacked < min(3 * SIZE, len(each))
    assert packed.trace.digest() == kept.trace.digest()
    assert list(packed.trace) == list(kept.trace)
    ids = range(1, packed.trace.next_id, 7)
    assert [*map(packed.trace.entry, ids)] == [*map(kept.trace.entry, ids)]
    assert list(packed.ledger()) == list(kept.ledger())
    for about in ("orders-0", "orders-1@3", "shipping", kept.trace.of("LeaderElected")[-1].id):
        assert packed.why(about) == kept.why(about)
    why = kept.why(kept.trace.of("IsrChanged")[0])
    assert spacetime_frame(packed, why) == spacetime_frame(kept, why)
    then = (packed.started_at + 2_000) / 1000
    branches = packed.at(then).fork(), kept.at(then).fork()
    for branch in branches:
        branch.run(0.2)  # its apps run again from their logs
    assert branches[0].trace.digest() == branches[1].trace.digest()
