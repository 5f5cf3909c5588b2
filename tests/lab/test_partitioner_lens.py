"""The partitioner lens: its figures are the engine's, its arithmetic comes out, its words count."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest

from kafkalab import Producer, Simulation
from kafkalab.errors import LearnerError
from lab import PartitionerLens
from lab.experiments.partitioning import (
    CRC32,
    KEYS,
    METHODS,
    MURMUR2,
    RECORD_BYTES,
    RECORDS,
    land,
    share_that_moves,
    spread,
)
from lab.scenes.partitioning import draw_lens
from lab.scenes.svg import write_svg

SOME = tuple(f"key-{number}" for number in range(200))


@pytest.mark.parametrize(
    ("method", "profile"), [(0, "java"), (0, "kafka-python"), (1, "librdkafka")]
)
def test_a_producer_puts_the_record_where_the_lens_says(method: int, profile: str) -> None:
    """Through a whole broker: the record lies in that partition."""
    with Simulation(brokers=1) as sim:
        sim.create_topic("orders", partitions=6, replication_factor=1)
        conf = {"bootstrap.servers": sim.bootstrap_servers, "client.profile": profile}
        producer = Producer(conf, sim=sim)
        keys = [key for key in KEYS if key]
        for key in keys:
            producer.produce("orders", b"", key=key)
        producer.flush()
        lying = {one.key: one.partition for one in sim.records("orders")}
    for row in land(keys, METHODS, 6):
        assert row.data is not None
        assert lying[row.data] == row.landings[method].partition


@pytest.mark.parametrize("partitions", [1, 3, 6, 1000])
def test_the_arithmetic_gives_the_partition(partitions: int) -> None:
    for row in land(SOME, METHODS, partitions):
        for landing in row.landings:
            assert eval(landing.arithmetic, {}) == landing.partition


def test_bytes_that_are_no_text_are_shown_in_hexadecimal() -> None:
    shown = repr(PartitionerLens([b"42", (42).to_bytes(4, "big"), "Zürich".encode()]))
    assert all(f"\n{name} " in shown for name in ("b'42'", "00 00 00 2a", "5a c3 bc 72 69 63 68"))


def test_known_hashes() -> None:
    """From Kafka's UtilsTest, and the check value of CRC-32; the lens must not have its own."""
    [row] = land(["21"], METHODS, 6)
    assert [one.hash for one in row.landings[:2]] == [-973932308, 4252452532]
    [row] = land([b"123456789"], [CRC32], 7)
    assert row.landings[0].hash == 0xCBF43926


def test_who_draws_for_which_key() -> None:
    empty, none = land(["", None], METHODS, 6)
    assert [one.is_drawn for one in empty.landings] == [False, True, False]
    assert [one.is_drawn for one in none.landings] == [True, True, True]
    assert none.places == 0


def test_murmur2_random_makes_librdkafka_agree_as_the_sentence_says() -> None:
    other = replace(CRC32, partitioner="murmur2_random", hash=MURMUR2.hash)
    for row in land(SOME, [MURMUR2, other], 6):
        assert row.places == 1


@pytest.mark.parametrize(("before", "after"), [(3, 4), (6, 12), (6, 8), (5, 5), (8, 4)])
def test_the_share_that_moves(before: int, after: int) -> None:
    """Counted over hashes, and near it among real keys."""
    whole = before * after
    counted = sum(h % before != h % after for h in range(whole)) / whole
    assert share_that_moves(before, after) == pytest.approx(counted)
    rows = land([f"k{i}" for i in range(2_000)], [MURMUR2], before, after)
    moving = sum(row.landings[0].moves for row in rows) / len(rows)
    assert moving == pytest.approx(counted, abs=0.04)


def test_without_a_key_batches_fill_or_do_not() -> None:
    by_bytes, by_time, random = spread(6)
    assert all(len(one.partitions) == RECORDS for one in (by_bytes, by_time, random))
    changes = [i for i in range(1, RECORDS) if by_bytes.partitions[i] != by_bytes.partitions[i - 1]]
    assert changes  # after batch.size bytes, which nine records are; the same may be drawn again
    assert all(i % -(-16_384 // RECORD_BYTES) == 0 for i in changes)
    changes = [i for i in range(1, RECORDS) if by_time.partitions[i] != by_time.partitions[i - 1]]
    assert changes
    assert all(i % 5 == 0 for i in changes)  # 10 ms, a record each 2 ms
    assert random.runs > 2 * by_time.runs > 2 * by_bytes.runs


def test_a_function_of_the_readers_own_and_its_mistakes() -> None:
    def mine(key: bytes | None, count: int) -> int:
        return {b"a": 1, b"b": count}[key or b""]

    lens = PartitionerLens(["a", "b", "c"], partitions=4, custom=mine)
    right, outside, raising = (row.landings[3] for row in lens.rows)
    assert (right.partition, right.arithmetic) == (1, "mine(key, 4)")
    assert outside.problem == "there is no partition 4"
    assert raising.problem.startswith("KeyError")
    assert "there is no partition 4" in repr(lens)


def test_the_sentence_counts_what_the_table_shows() -> None:
    lens = PartitionerLens(SOME, partitions=6)
    apart = sum(row.landings[0].partition != row.landings[1].partition for row in lens.rows)
    assert 0 < apart < 200
    assert f"{apart} of 200 keys" in lens.say
    growing = PartitionerLens(SOME, partitions=3, then=4)
    moving = sum(row.landings[0].moves for row in growing.rows)
    assert f"{moving} of 200 keys move with Java (75% of all would)" in growing.say
    assert "by luck" in PartitionerLens(["user-1"], partitions=6).say
    assert "chance decides" in PartitionerLens([None]).say


def test_clicks_and_keys() -> None:
    lens = PartitionerLens()
    lens._handle({"action": "key 3"})
    lens._handle({"action": "next"})
    assert lens._lens.chosen == 4
    assert "(-973932308 & 0x7fffffff) % 6 = 1173551340 % 6 = 0" in write_svg(
        draw_lens(lens._lens)
    ).replace("&amp;", "&")
    lens._handle({"width": 700})
    lens._handle({"action": "partitions 7"})
    assert (lens._lens.partitions, lens._lens.chosen, lens._lens.width) == (7, 4, 700)
    lens._handle({"action": "partitions 0"})
    assert lens.work_out(None)._lens.chosen == len(KEYS) - 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1],), "a serializer gives"),
        (("user-1",), "keys are several"),
        (([],), "at least one key"),
        ((["a"], 0), "partitions are 1 to"),
        ((["a"], 6, {"then": 0}), "partitions are 1 to"),
        ((["a"], 6, {"custom": 3}), "takes a function"),
    ],
)
def test_mistakes_are_explained(arguments: tuple[Any, ...], words: str) -> None:
    *given, options = arguments if isinstance(arguments[-1], dict) else (*arguments, {})
    with pytest.raises(LearnerError, match=words):
        PartitionerLens(*given, **options)


def test_text_and_picture() -> None:
    lens = PartitionerLens(["user-1", "<&>", None], partitions=3, then=4)
    assert "2 → 0 moves" in repr(lens)
    for width in (640, 960, 1300):
        ET.fromstring(write_svg(draw_lens(replace(lens._lens, width=width))))
    assert "image/svg+xml" in lens._repr_mimebundle_()


def test_without_the_strip_nothing_of_it_is_there() -> None:
    """A lesson that first asks where keyless records go shows the lens without the answer."""
    full, less = PartitionerLens(["user-1"]), PartitionerLens(["user-1"], keyless=False)
    for lens, has_it in ((full, True), (less, False)):
        svg = lens._repr_mimebundle_()["image/svg+xml"]
        assert ("No key" in svg) is has_it
        assert ("sticky" in repr(lens)) is has_it
    assert draw_lens(less._lens).height < draw_lens(full._lens).height
    assert "No key" not in write_svg(draw_lens(less.resize(8)._lens))
