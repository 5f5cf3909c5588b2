"""The record lens: real bytes, changed and sent again; the leader's word is the leader's own."""

import xml.etree.ElementTree as ET

import pytest

from kafkalab import LiveCluster, Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.ids import TopicPartition
from lab import RecordLens
from lab.scenes.diff import NOTHING, diff
from lab.scenes.record_lens import draw_lens
from lab.scenes.svg import write_svg


@pytest.fixture
def sim() -> Simulation:
    sim = Simulation(brokers=3, seed=3)
    sim.create_topic("orders", replication_factor=3)
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 50}, sim=sim)
    for number in range(4):
        producer.produce("orders", f'{{"n":{number}}}', key="k", headers=[("trace", b"7")])
    producer.flush()
    return sim


def test_a_batch_of_a_live_cluster_is_sent_to_a_frozen_copy_and_says_so(sim: Simulation) -> None:
    with LiveCluster(brokers=1) as cluster:
        cluster.create_topic("orders")
        cluster.produce("orders", b"k", b"v")
        log = cluster.world.nodes["broker-1"].disk.logs[TopicPartition("orders", 0)]  # type: ignore[attr-defined]
        cluster.wait(lambda: log.log_end_offset == 1, 10, "one record is written")
        lens = RecordLens(cluster, "orders")
        assert lens.send() == "NONE"
        assert lens.say.startswith("In a frozen copy of the cluster the leader took it")
        assert log.log_end_offset == 1
    mine = Producer({"bootstrap.servers": "kafka:9092"})
    mine.produce("orders", "for the simulation")
    assert mine.flush() == 0
    assert len(sim.records("orders")) == 5


def test_an_untouched_batch_sent_again_is_appended_again(sim: Simulation) -> None:
    lens = RecordLens(sim, "orders", 0, offset=2)
    assert "4 records share one header" in lens.say
    assert lens.send() == "NONE"
    assert "offset 4" in lens.say
    assert len(sim.records("orders")) == 8


def test_a_flipped_bit_is_refused_and_undone(sim: Simulation) -> None:
    lens = RecordLens(sim, "orders")
    before = lens.data
    lens.flip(80, bit=1)
    assert "CRC does not match" in lens.say
    assert lens.send() == "CORRUPT_MESSAGE"
    assert "CORRUPT_MESSAGE" in lens.say
    assert len(sim.records("orders")) == 4
    assert lens.undo().data == before


def test_what_the_crc_does_not_cover_may_change(sim: Simulation) -> None:
    lens = RecordLens(sim, "orders").set(12, 7)  # the leader epoch
    assert "still matches" in lens.say
    assert lens.send() == "NONE"


def test_a_base_offset_of_ones_own_is_refused(sim: Simulation) -> None:
    lens = RecordLens(sim, "orders").set(5, 0x0F)
    assert "still matches" in lens.say
    assert lens.send() == "INVALID_RECORD"  # `UnifiedLog.analyzeAndValidateRecords`
    assert "base offset must be 0" in lens.say
    later = RecordLens(sim, "orders").send()  # untouched: as its producer sent it
    assert later == "NONE"


def test_an_old_magic_is_refused_with_its_own_code(sim: Simulation) -> None:
    assert RecordLens(sim, "orders").set(16, 3).send() == "CORRUPT_MESSAGE"
    assert RecordLens(sim, "orders").set(16, 1).send() == "INVALID_RECORD"


def test_clicks_do_the_same(sim: Simulation) -> None:
    lens = RecordLens(sim, "orders")
    lens._handle({"action": "byte 80"})
    lens._handle({"action": "bit 1"})
    assert "CRC does not match" in lens.say
    lens._handle({"action": "record next"})
    assert lens._lens.part == 1
    lens._handle({"action": "send"})
    assert "CORRUPT_MESSAGE" in lens.say
    lens._handle({"action": "undo"})
    lens._handle({"width": 700})
    assert draw_lens(lens._lens).width == 700


def test_the_record_that_was_asked_for_is_shown(sim: Simulation) -> None:
    assert RecordLens(sim, "orders", 0, offset=3)._lens.part == 3


def test_what_is_not_there_is_named(sim: Simulation) -> None:
    with pytest.raises(LearnerError, match="from 0 to 3"):
        RecordLens(sim, "orders", 0, offset=4)
    with pytest.raises(LearnerError, match="there is no orders-7"):
        RecordLens(sim, "orders", 7)


@pytest.mark.parametrize("width", [660, 960, 1400])
def test_the_picture_is_whole_at_every_width(sim: Simulation, width: int) -> None:
    lens = RecordLens(sim, "orders")
    lens._handle({"width": width})
    lens._handle({"action": "byte 70"})
    scene = draw_lens(lens._lens)
    ET.fromstring(write_svg(scene))
    assert diff(NOTHING, scene.flat())
    assert repr(lens).count("\n") > 13


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_the_records_of_a_compressed_batch_are_counted_and_shown(codec: str) -> None:
    sim = Simulation(brokers=1, seed=3)
    sim.create_topic("orders")
    conf = {"bootstrap.servers": "kafka:9092", "linger.ms": 50, "compression.type": codec}
    producer = Producer(conf, sim=sim)
    for number in range(5):
        producer.produce("orders", f"value {number} " * 30, key=f"key-{number}")
    producer.flush()
    lens = RecordLens(sim, "orders", 0, offset=3)
    assert lens.say.startswith("5 records share one header of 61 bytes")
    assert lens._lens.part == 3
    words = [shape.words for shape in draw_lens(lens._lens).flat().values()]
    assert "4 of 5" in words
    assert "“key-3”" in words
    assert ("Records, compressed together" in words) == (codec != "none")
    lens._handle({"action": "record next"})
    assert "“key-4”" in [shape.words for shape in draw_lens(lens._lens).flat().values()]
    assert lens.send() == "NONE"
    damaged = RecordLens(sim, "orders", 0, offset=3).flip(100)
    assert draw_lens(damaged._lens).flat()
