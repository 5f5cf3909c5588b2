"""The lenses in a browser: narrow and wide, light and dark, nothing in nothing's way."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kafkalab import Producer, Simulation
from kafkalab.record import Record, build_batch
from kafkalab.record.anatomy import dissect
from lab import DurabilityGrid, PartitionerLens, RebalanceBench, RequestLens
from lab.scenes.durability import draw_grid
from lab.scenes.partitioning import draw_lens as draw_partitions
from lab.scenes.rebalancing import draw_bench
from lab.scenes.record_lens import Lens, draw_lens

OpenPage = Callable[..., Any]
LINT = (Path(__file__).parent / "lint.js").read_text().split("\n", 1)[1]


def lens(*records: Record) -> Lens:
    batch = build_batch(list(records), producer_id=2**62, producer_epoch=3, base_sequence=7)
    length = (batch.size_in_bytes - 12).to_bytes(4, "big")
    data = (12_345_678_901).to_bytes(8, "big") + length + bytes(4) + batch.body
    return Lens(dissect(data), data, "a-topic.with.a.long.name-11, offsets 12345678901 to …")


PICTURES = {
    "one": lens(Record(b"user-1", b'{"total":42}', (("trace", b"7f3a"),), 1767225600000)),
    "long": lens(*[Record(None, b"\xff" * 300, (), 5)] * 3),
    "changed": replace(lens(Record(b"k", "Grüße, <b>".encode(), (), 1767225600000)), chosen=70),
}


@pytest.mark.parametrize("width", [700, 960, 1400])
@pytest.mark.parametrize("name", PICTURES)
def test_the_record_lens(open_page: OpenPage, name: str, width: int) -> None:
    shown = replace(PICTURES[name], width=width)
    if name == "changed":
        damaged = bytearray(shown.original)
        damaged[70] ^= 0x81
        shown = replace(shown, anatomy=dissect(bytes(damaged)))
    for theme, font in (("light", "'DejaVu Sans'"), ("dark", "'Liberation Sans'")):
        page = open_page(width, theme, font)
        page.open(draw_lens(shown))
        assert page.page.evaluate(LINT) == []


@pytest.mark.parametrize("width", [700, 960, 1400])
def test_the_request_lens(open_page: OpenPage, width: int) -> None:
    sim = Simulation(brokers=3, seed=3)
    sim.create_topic("orders", replication_factor=3)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    producer.produce("orders", "v" * 200, key="a-key")
    producer.flush()
    shown = RequestLens(sim, "Produce").flip(70)
    shown.send()
    for one in (shown, RequestLens(sim, "Metadata answer"), RequestLens(sim, "Produce").open()):
        one._handle({"width": width})
        for theme, font in (("light", "'DejaVu Sans'"), ("dark", "'Liberation Sans'")):
            page = open_page(width, theme, font)
            page.open(one._desk.scene())
            assert page.page.evaluate(LINT) == []


@pytest.mark.parametrize("width", [700, 960])
@pytest.mark.parametrize("is_revealed", [True, False])
def test_the_durability_grid(open_page: OpenPage, width: int, is_revealed: bool) -> None:
    grid = replace(DurabilityGrid(predict=not is_revealed)._grid, width=width)
    for theme, font in (("light", "'DejaVu Sans'"), ("dark", "'Liberation Sans'")):
        page = open_page(width, theme, font)
        page.open(draw_grid(grid))
        assert page.page.evaluate(LINT) == []


KEYS = ("user-1", b"\xff" * 300, "a key that is longer than its place in the table", "", None)
PARTITIONERS = {
    "usual": PartitionerLens,
    "growing": lambda: PartitionerLens(KEYS, partitions=11, then=12, custom=by_length),
    "many": lambda: PartitionerLens(map(str, range(300)), partitions=120, custom=by_length),
}


def by_length(key: bytes | None, count: int) -> int:
    return len(key or b"") % count if key is not None else count


@pytest.mark.parametrize("width", [700, 960, 1400])
@pytest.mark.parametrize("name", PARTITIONERS)
def test_the_partitioner_lens(open_page: OpenPage, name: str, width: int) -> None:
    lens = replace(PARTITIONERS[name]()._lens, width=width, chosen=1)
    for theme, font in (("light", "'DejaVu Sans'"), ("dark", "'Liberation Sans'")):
        page = open_page(width, theme, font)
        page.open(draw_partitions(lens))
        assert page.page.evaluate(LINT) == []


BENCHES: dict[str, dict[str, Any]] = {
    "usual": {},
    "many": {"script": ["1 join D", "1.2 join E", "1.4 crash A"], "partitions": 60},
    "cut": {"script": ["300 leave B"], "members": ["A", "B"], "partitions": 3},
    "nothing": {"script": [], "members": ["a-member-of-a-long-name"], "partitions": 1},
}


@pytest.mark.parametrize("width", [700, 960, 1400])
@pytest.mark.parametrize("name", BENCHES)
def test_the_rebalance_bench(open_page: OpenPage, name: str, width: int) -> None:
    bench = replace(RebalanceBench(**BENCHES[name])._bench, width=width)
    for theme, font in (("light", "'DejaVu Sans'"), ("dark", "'Liberation Sans'")):
        page = open_page(width, theme, font)
        page.open(draw_bench(bench))
        assert page.page.evaluate(LINT) == []
