"""The request lens: real bytes of real messages, changed, sent, answered by the server itself."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from kafkalab import LiveCluster, Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames.spacetime import spacetime_frame
from kafkalab.protocol.connection import read_request, request_frame
from kafkalab.protocol.messages.api_versions import ApiVersionsRequest
from kafkalab.protocol.messages.metadata import MetadataRequest
from kafkalab.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from kafkalab.record.anatomy import dissect
from kafkalab.record.record import varint
from kafkalab.sim.telling import tell
from lab import RequestLens
from lab.scenes.diff import NOTHING, diff
from lab.scenes.request_lens import alike
from lab.scenes.svg import write_svg
from lab.scenes.varint_words import varint_words


@pytest.fixture
def sim() -> Simulation:
    sim = Simulation(brokers=3, seed=3)
    sim.create_topic("orders", replication_factor=3)
    producer = Producer({"bootstrap.servers": "kafka:9092", "linger.ms": 50}, sim=sim)
    for number in range(4):
        producer.produce("orders", f'{{"n":{number}}}', key="k", headers=[("trace", b"7")])
    producer.flush()
    return sim


def words(lens: RequestLens) -> list[str]:
    return [shape.words or "" for shape in lens._desk.scene().flat().values()]


def test_the_last_request_of_a_kind_is_shown_as_it_was_sent(sim: Simulation) -> None:
    lens = RequestLens(sim, "Produce")
    received = read_request(memoryview(lens.data)[4:])
    assert (received.api_key, received.client_id) == (0, "producer-1")
    assert received.message == lens.message
    assert lens.message.acks == -1
    assert {"request_api_key", "acks", "topic_data[0]", "partition_data[0]"} <= set(words(lens))
    assert "Open the batch" in words(lens)
    answer = RequestLens(sim, "produce answer")
    assert answer.message.responses[0].partition_responses[0].base_offset == 0
    with pytest.raises(LearnerError, match="an answer goes to a client"):
        answer.send()


def test_an_untouched_request_is_answered_as_before(sim: Simulation) -> None:
    lens = RequestLens(sim, "Produce")
    assert lens.send() == "NONE"
    assert lens.answer.responses[0].partition_responses[0].base_offset == 4
    assert len(sim.records("orders")) == 8
    assert "base_offset" in words(lens.show_answer())
    assert "acks" in words(lens.back())


def test_a_message_in_flight_is_shown_and_held_there(sim: Simulation) -> None:
    sim.network.hold("producer-1", 1)
    producer = Producer({"bootstrap.servers": "kafka:9092"}, sim=sim)
    producer.produce("orders", b"v")
    sim.run(0.1)
    flight = sim.network.in_flight[0]
    lens = RequestLens(sim, flight)
    assert "under way" in repr(lens)
    assert RequestLens(sim, flight.message.words).data == lens.data


def test_a_field_is_changed_by_its_name_and_lengths_follow(sim: Simulation) -> None:
    lens = RequestLens(sim, "Produce").in_version(9).change("topic_data[0].name", "elsewhere")
    assert lens.message.topic_data[0].name == "elsewhere"
    assert int.from_bytes(lens.data[:4]) == len(lens.data) - 4
    assert lens.send() == "UNKNOWN_TOPIC_OR_PARTITION"
    lens.change("client_id", None).change("correlation_id", 99)
    assert read_request(memoryview(lens.data)[4:])[2:4] == (99, None)
    lens.undo()
    assert (
        lens.message.topic_data[0].topic_id
        == sim.world.nodes["broker-1"].image.topics["orders"].topic_id
    )  # type: ignore[attr-defined]


def test_it_goes_out_with_the_header_that_its_bytes_have(sim: Simulation, tmp_path: Path) -> None:
    lens = RequestLens(sim, "Produce").change("client_id", "me").change("correlation_id", -7)
    assert "would send it" in " ".join(words(lens))
    assert lens.send() == "NONE"
    shown = " ".join(words(lens))
    leader = sim.leader("orders", 0)
    assert f"Sent from operator to broker-{leader}, connection" in shown
    assert "as client “me”, correlation id -7" in shown
    delivered = [e.event for e in sim.trace.recent() if e.kind == "Delivered"]
    sent, answered = (e for e in delivered if e[1] != "close" and e[3] == "operator" and e[6] < 0)
    assert sent[1:3] == ("request", "PRODUCE") and sent[6] == answered[6] == -7
    assert RequestLens(sim, f"request {' '.join(map(str, sent[3:]))}").data == lens.data
    assert read_request(memoryview(lens.data)[4:])[2:4] == (-7, "me")
    assert int.from_bytes(lens.show_answer().data[4:8], signed=True) == -7
    frame = spacetime_frame(sim)
    assert "operator" in frame["lanes"], "what a learner sent is in the picture"
    before = len([m for m in frame["messages"] if "operator" in m["name"]])
    sim.create_topic("more")  # over a connection of its own again, and in no picture
    frame = spacetime_frame(sim, since=0)
    assert len([m for m in frame["messages"] if "operator" in m["name"]]) == before == 2
    assert "as client me" in tell(sim.trace.of("ActionTaken", node="operator")[-2])
    assert sim.at(sim.now / 1000).trace.digest() == sim.trace.digest()
    sim.save(tmp_path / "run.json")
    assert Simulation.load(tmp_path / "run.json").trace.digest() == sim.trace.digest()


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("akcs", 1, "there are transactional_id, acks"),
        ("acks", "all", "does not fit"),
        ("topic_data[7].name", "x", "there are 1 there"),
        ("request_api_version", 1 << 20, "16 bits"),
    ],
)
def test_what_cannot_be_changed_so_is_told(
    sim: Simulation, path: str, value: object, said: str
) -> None:
    lens = RequestLens(sim, "Produce")
    before = lens.data
    with pytest.raises(LearnerError, match=said):
        lens.change(path, value)
    assert lens.data == before


def test_bad_bytes_end_the_connection_as_at_a_live_door(sim: Simulation) -> None:
    lens = RequestLens(sim, "Produce").change("request_api_version", 99)
    assert "would close the connection: ProduceRequest has no version 99" in lens.say
    assert lens.send() == "CLOSED"
    assert "closed the connection" in lens.say
    lens.undo().change("request_api_key", 999)
    assert lens.send() == "CLOSED"
    assert "nobody knows API key 999" in lens.say
    lens.undo().set(0, 0x7F)
    assert "at most 104857600 are taken" in lens.say
    assert lens.send() == "CLOSED"
    lens.undo().set(2, 2)
    assert lens.send() == "WAITING"
    assert "bytes to come: 512" in lens.say
    assert lens.undo().flip(26, 0).message.acks == -257
    assert lens.send() == "INVALID_REQUIRED_ACKS"
    assert len(sim.records("orders")) == 4
    assert lens.undo().send() == "NONE"


def test_a_controller_refuses_what_it_does_not_offer(sim: Simulation) -> None:
    assert RequestLens(sim, MetadataRequest(topics=None), to=101).send() == "CLOSED"
    assert RequestLens(sim, MetadataRequest(topics=None)).send() == "NONE"


def test_a_newer_api_versions_is_answered_at_version_0(sim: Simulation) -> None:
    request = ApiVersionsRequest(client_software_name="a", client_software_version="1")
    lens = RequestLens(sim, request).change("request_api_version", 9)
    assert lens.send() == "UNSUPPORTED_VERSION"
    assert len(lens.answer.api_keys) > 20
    assert "version 0 · broker-1 to the operator" in " ".join(words(lens.show_answer()))


def test_acks_0_has_no_answer_but_is_written(sim: Simulation) -> None:
    lens = RequestLens(sim, "Produce").change("acks", 0)
    assert lens.send() == "SILENT"
    assert "acks=0" in lens.say
    sim.run(1)
    assert len(sim.records("orders")) == 8
    assert lens.undo().send() == "NONE"


def test_a_batch_within_opens_in_the_record_lens_and_is_changed_there(sim: Simulation) -> None:
    lens = RequestLens(sim, "Produce").open()
    assert "baseOffset" in words(lens)
    lens._handle({"action": "byte 80"})
    lens._handle({"action": "bit 1"})
    assert "CRC does not match" in lens.say
    lens._handle({"action": "record next"})
    assert "Record 1" in words(lens)
    lens._handle({"action": "send"})
    assert "CORRUPT_MESSAGE" in lens.say
    lens._handle({"action": "back"})
    assert "acks" in words(lens)
    assert not dissect(lens.message.topic_data[0].partition_data[0].records.tobytes()).is_intact
    with pytest.raises(LearnerError, match="no batch 1"):
        lens.open(1)


def test_what_is_sent_is_part_of_the_run_and_of_its_replay(sim: Simulation) -> None:
    RequestLens(sim, "Produce").send()
    sim.run(1)
    again = sim.at(sim.now / 1000)
    assert again.world.trace.digest() == sim.world.trace.digest()
    past = sim.at(0.05)
    assert RequestLens(past, "Produce").send() == "NONE"
    assert len(sim.records("orders")) == 8


def test_bytes_of_ones_own_are_taken_too(sim: Simulation) -> None:
    topic = TopicProduceData(
        name="orders", partition_data=(PartitionProduceData(index=0, records=b""),)
    )
    request = ProduceRequest(acks=1, timeout_ms=9, topic_data=(topic,))
    frame = b"".join(request_frame(request, 7, 5, "me"))
    leader = sim.leader("orders", 0)
    by_hand = RequestLens(sim, request, version=7, client_id="me")
    assert f"for broker-{leader}" in repr(by_hand)
    assert by_hand.change("correlation_id", 5).data == frame
    assert RequestLens(sim, frame, to=leader).message == by_hand.message
    with pytest.raises(LearnerError, match="versions 3 to 13"):
        RequestLens(sim, request, version=99)
    nonsense = RequestLens(sim, b"GET / HTTP/1.1\r\n\r\n")
    assert nonsense.send() == "CLOSED"
    assert diff(NOTHING, nonsense._desk.scene().flat())


def test_what_is_no_message_is_told(sim: Simulation) -> None:
    with pytest.raises(LearnerError, match=r"there are .*Produce"):
        RequestLens(sim, "Prodcue")
    with pytest.raises(LearnerError, match="which message"):
        RequestLens(sim, 10**9)
    sim.broker(2).crash()
    with pytest.raises(LearnerError, match="broker-2 is down"):
        RequestLens(sim, "Produce").send(to=2)


def test_of_a_live_cluster_a_frozen_copy_answers() -> None:
    with LiveCluster(brokers=1) as cluster:
        cluster.create_topic("orders")
        lens = RequestLens(cluster, MetadataRequest(topics=None))
        assert lens.send() == "NONE"
        assert [each.name for each in lens.answer.topics] == ["orders"]


def test_changed_bytes_are_marked_where_they_changed() -> None:
    before, after = b"\0\0\0\x0aabcdefghij", b"\0\0\0\x0cabcXYZefghij"
    beside = alike(after, before)
    differs = [n for n in range(len(after)) if beside[n] != after[n]]
    assert len(beside) == len(after)
    assert differs == [3, 7, 8, 9]


@pytest.mark.parametrize("width", [660, 960, 1400])
@pytest.mark.parametrize("which", ["Metadata answer", "Produce", "ApiVersions answer"])
def test_the_picture_is_whole_at_every_width(sim: Simulation, which: str, width: int) -> None:
    lens = RequestLens(sim, which)
    lens._handle({"width": width})
    lens._handle({"action": "byte next"})
    for _ in range(6):
        scene = lens._desk.scene()
        ET.fromstring(write_svg(scene))
        assert diff(NOTHING, scene.flat())
        lens._handle({"action": "page next"})
    assert repr(lens).count("\n") > 6


@pytest.mark.parametrize("value", [0, 1, -1, 6, -64, 63, 64, 150, -300, 1 << 20])
def test_a_varint_is_told_as_the_codec_reads_it(value: int) -> None:
    bits, told = varint_words(varint(value), "zigzag")
    assert bits.count(" = ") == 2
    assert told.endswith(f" = {str(value).replace('-', '−')}.")
    assert not varint_words(b"\x80", "plain"), "cut short"


def test_the_lens_tells_how_the_chosen_varint_reads(sim: Simulation) -> None:
    lens = RequestLens(sim, "Produce")
    size = next(f for f in lens._desk.lens.anatomy.fields if f.name == "records length")
    lens._handle({"action": f"byte {size.offset}"})
    assert f"− 1 = {size.value}." in " ".join(words(lens))
    lens._handle({"action": "byte 0"})
    assert "varint:" not in " ".join(words(lens))
    record = lens.open()._desk._batch_lens().anatomy.fields[13]
    lens._handle({"action": f"byte {record.offset}"})
    assert f"/ 2 = {record.value}." in " ".join(words(lens))
