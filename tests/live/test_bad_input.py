"""Bad input on a socket, row by row of the project's table; the good neighbour never notices."""

import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from kafkalab import LiveCluster
from kafkalab.errors import ErrorCode as E
from kafkalab.protocol.messages.api_versions import ApiVersionsRequest
from kafkalab.protocol.messages.classic_groups import JoinGroupRequest, JoinGroupRequestProtocol
from kafkalab.protocol.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from kafkalab.protocol.messages.group_admin import DescribeGroupsRequest
from kafkalab.protocol.messages.group_offsets import (
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopics,
)
from kafkalab.protocol.messages.metadata import MetadataRequest
from kafkalab.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from kafkalab.protocol.messages.topics import (
    CreatableTopic,
    CreatePartitionsRequest,
    CreatePartitionsTopic,
    CreateTopicsRequest,
)
from kafkalab.record import (
    Batch,
    Compression,
    Entry,
    Record,
    Records,
    build_batch,
    end_marker_batch,
)
from kafkalab.record.batch import HEADER_BYTES, encode_body
from kafkalab.record.compression import compress

from .wire import Wire

SIZE_MAX = 1_000_000


@pytest.fixture(scope="module")
def cluster() -> Iterator[LiveCluster]:
    config = {"socket.request.max.bytes": SIZE_MAX, "message.max.bytes": 100_000}
    with LiveCluster(brokers=1, config=config) as cluster:
        cluster.create_topic("orders", 1, 1)
        yield cluster


@pytest.fixture
def good(cluster: LiveCluster) -> Iterator[Wire]:
    """A connection that is answered before and after."""
    with Wire(cluster) as good:
        assert good.ask(ApiVersionsRequest(), 0).error_code == 0
        yield good
        assert good.ask(ApiVersionsRequest(), 0).error_code == 0


@pytest.fixture
def wire(cluster: LiveCluster, good: Wire) -> Iterator[Wire]:
    with Wire(cluster) as wire:
        yield wire


def header(key: int, version: int, body: bytes, client_id: bytes = b"\xff\xff") -> bytes:
    data = struct.pack(">hhi", key, version, 7) + client_id + body
    return struct.pack(">i", len(data)) + data


CLOSED = {
    "negative size": struct.pack(">i", -1),
    "size 0": struct.pack(">i", 0),
    "shorter than a header": struct.pack(">ih", 2, 18),
    "larger than socket.request.max.bytes": struct.pack(">i", SIZE_MAX + 1),
    "HTTP": b"GET / HTTP/1.1\r\nHost: kafka\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "unknown API": header(9999, 0, b""),
    "negative API": header(-1, 0, b""),
    "an API that is not offered": header(52, 0, b""),
    "unsupported version": header(3, 99, b""),
    "a version removed in 4.0": header(0, 2, b""),
    "no body": header(3, 4, b""),
    "truncated body": header(3, 4, b"\0\0\0\1\0\6ord"),
    "a count beyond the bytes left": header(3, 4, b"\x7f\xff\xff\xff\0\6orders\1"),
    "a negative count": header(3, 4, b"\xff\xff\xff\xfe\1"),
    "a length beyond the bytes left": header(3, 4, b"\0\0\0\1\x7f\xffor\1"),
    "null where it may not be": header(3, 4, b"\0\0\0\1\xff\xff\1"),
    "an endless varint": header(3, 12, b"\0" + b"\xff" * 12),
    "client id beyond the frame": header(3, 4, b"", client_id=b"\x7f\x00ab"),
}


@pytest.mark.parametrize("what", CLOSED)
def test_what_is_no_request_ends_its_connection_and_no_other(wire: Wire, what: str) -> None:
    wire.send(CLOSED[what])
    assert wire.is_closed()


def test_an_unknown_version_of_api_versions_is_answered_and_the_connection_stays(
    wire: Wire,
) -> None:
    request = bytearray(wire.request(ApiVersionsRequest(), 0))
    request[6:8] = (99).to_bytes(2, "big")
    wire.send(request)
    answer = wire.answer(18, 0)
    assert answer.error_code == E.UNSUPPORTED_VERSION
    assert 18 in {each.api_key for each in answer.api_keys}
    assert wire.ask(ApiVersionsRequest(), 0).error_code == 0


def test_invalid_utf_8_in_a_name_is_an_invalid_topic(wire: Wire) -> None:
    wire._asked = 7
    wire.send(header(3, 4, b"\0\0\0\1\0\2\xff\xfe\1"))
    (topic,) = wire.answer(3, 4).topics
    assert topic.error_code == E.INVALID_TOPIC_EXCEPTION


@pytest.mark.parametrize("version", [10, 11])
def test_a_topic_id_before_version_12_of_metadata(wire: Wire, version: int) -> None:
    from kafkalab.protocol.messages.metadata import MetadataRequestTopic

    asked = (MetadataRequestTopic(name=None, topic_id=bytes(15) + b"\1"),)
    (topic,) = wire.ask(MetadataRequest(topics=asked), version).topics
    assert (topic.error_code, topic.name) == (E.INVALID_REQUEST, "")


# --- produce

GOOD = build_batch([Record(b"k", b"v", (("h", b"x"),), 10), Record(None, None, (), 12)])


def data_of(batch: Batch, base_offset: int = 0) -> bytes:
    return b"".join(Records((Entry(base_offset, -1, batch),)).buffers())


def changed(**fields: Any) -> bytes:
    """GOOD with other header fields or another payload, and the CRC that fits."""
    names = ("attributes", "last_offset_delta", "base_timestamp", "max_timestamp", "producer_id",
             "producer_epoch", "base_sequence", "record_count")  # fmt: skip
    given = {name: getattr(GOOD, name) for name in names}
    return data_of(Batch(encode_body(**{"payload": GOOD.body[HEADER_BYTES:], **given, **fields})))


def patched(position: int, value: bytes) -> bytes:
    data = bytearray(data_of(GOOD))
    data[position : position + len(value)] = value
    return bytes(data)


def bomb() -> bytes:
    payload = compress(Compression.ZSTD, bytes(70 << 20))
    return changed(attributes=Compression.ZSTD, payload=payload)


MARKER = end_marker_batch(
    committed=True, producer_id=1, producer_epoch=0, coordinator_epoch=0, timestamp=5
)
REFUSED: dict[str, tuple[bytes | None, E]] = {
    "bad CRC": (patched(17, b"\0\0\0\0"), E.CORRUPT_MESSAGE),
    "batch length below the minimum": (patched(8, struct.pack(">i", 13)), E.CORRUPT_MESSAGE),
    "magic 3": (patched(16, b"\3"), E.CORRUPT_MESSAGE),
    "magic -1": (patched(16, b"\xff"), E.CORRUPT_MESSAGE),
    "magic 0": (patched(16, b"\0"), E.INVALID_RECORD),
    "magic 1": (patched(16, b"\1"), E.INVALID_RECORD),
    "null": (None, E.INVALID_RECORD),
    "no batch": (b"", E.INVALID_RECORD),
    "two batches": (data_of(GOOD) * 2, E.INVALID_RECORD),
    "base offset not 0": (data_of(GOOD, 1), E.INVALID_RECORD),
    "count not as declared": (changed(record_count=3, last_offset_delta=2), E.INVALID_RECORD),
    "a control batch": (data_of(MARKER), E.INVALID_RECORD),
    "wrong header count": (
        changed(payload=GOOD.body[HEADER_BYTES:].replace(b"\x02\x02h", b"\x04\x02h")),
        E.INVALID_RECORD,
    ),
    "too large": (data_of(build_batch([Record(None, bytes(200_000))])), E.MESSAGE_TOO_LARGE),
    "a decompression bomb": (bomb(), E.INVALID_RECORD),
}


def produce(*records: bytes | None, acks: int = 1, topic: str = "orders") -> ProduceRequest:
    partitions = tuple(
        PartitionProduceData(index=index, records=each) for index, each in enumerate(records)
    )
    topics = (TopicProduceData(name=topic, partition_data=partitions),)
    return ProduceRequest(acks=acks, timeout_ms=1000, topic_data=topics)


@pytest.mark.parametrize("what", REFUSED)
def test_a_bad_batch_is_refused_alone(cluster: LiveCluster, wire: Wire, what: str) -> None:
    data, error = REFUSED[what]
    name = f"bad-{list(REFUSED).index(what)}"
    cluster.create_topic(name, 2, 1)
    (topic,) = wire.ask(produce(data, data_of(GOOD), topic=name), 9).responses
    assert [each.error_code for each in topic.partition_responses] == [error, 0]
    assert topic.partition_responses[1].base_offset == 0


def test_acks_that_do_not_exist(wire: Wire) -> None:
    (topic,) = wire.ask(produce(data_of(GOOD), acks=2), 9).responses
    assert topic.partition_responses[0].error_code == E.INVALID_REQUIRED_ACKS


def test_acks_0_has_no_answer_and_an_error_ends_the_connection(wire: Wire) -> None:
    wire.send(wire.request(produce(data_of(GOOD), acks=0), 9))
    assert wire.ask(ApiVersionsRequest(), 0).error_code == 0
    wire.send(wire.request(produce(patched(17, b"\0\0\0\0"), acks=0), 9))
    assert wire.is_closed()


# --- fetch


def fetch(offset: int, session_id: int = 0, session_epoch: int = -1) -> FetchRequest:
    partition = FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=1000)
    return FetchRequest(
        max_wait_ms=0,
        min_bytes=0,
        session_id=session_id,
        session_epoch=session_epoch,
        topics=(FetchTopic(topic="orders", partitions=(partition,)),),
        forgotten_topics_data=(),
        rack_id="",
        isolation_level=0,
    )


@pytest.mark.parametrize("offset", [-5, 1 << 40])
def test_an_offset_outside_the_log(wire: Wire, offset: int) -> None:
    (topic,) = wire.ask(fetch(offset), 12).responses
    assert topic.partitions[0].error_code == E.OFFSET_OUT_OF_RANGE


def test_a_wrong_epoch_of_a_session(wire: Wire) -> None:
    begun = wire.ask(fetch(0, session_epoch=0), 12)
    assert begun.session_id > 0
    wrong = wire.ask(fetch(0, begun.session_id, session_epoch=9), 12)
    assert wrong.error_code == E.INVALID_FETCH_SESSION_EPOCH
    gone = wire.ask(fetch(0, begun.session_id ^ 1, session_epoch=1), 12)
    assert gone.error_code == E.FETCH_SESSION_ID_NOT_FOUND


# --- topics and groups

NAMES = ("", ".", "..", "n" * 250, "o rders", "orders/1", "ördrs")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_no_topic_may_have(wire: Wire, name: str) -> None:
    topic = CreatableTopic(
        name=name, num_partitions=1, replication_factor=1, assignments=(), configs=()
    )
    (result,) = wire.ask(CreateTopicsRequest(topics=(topic,)), 7).topics
    assert result.error_code == E.INVALID_TOPIC_EXCEPTION


def test_the_longest_name_a_topic_may_have(wire: Wire) -> None:
    topic = CreatableTopic(
        name="n" * 249, num_partitions=1, replication_factor=1, assignments=(), configs=()
    )
    (result,) = wire.ask(CreateTopicsRequest(topics=(topic,)), 7).topics
    assert result.error_code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is there on Linux alone")
def test_nobody_is_listened_to_but_on_127_0_0_1(cluster: LiveCluster) -> None:
    """The other addresses of the loopback device stand for the machine's own."""
    host, port = cluster.bootstrap_servers.split(":")
    assert host == "127.0.0.1"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", int(port)), timeout=5)


def test_names_that_would_collide(wire: Wire) -> None:
    def create(name: str) -> int:
        topic = CreatableTopic(
            name=name, num_partitions=1, replication_factor=1, assignments=(), configs=()
        )
        (result,) = wire.ask(CreateTopicsRequest(topics=(topic,)), 7).topics
        return int(result.error_code)

    assert create("a.b") == 0
    assert create("a_b") == E.INVALID_TOPIC_EXCEPTION


def test_more_partitions_than_one_request_may_make(wire: Wire) -> None:
    topic = CreatePartitionsTopic(name="orders", count=0x7FFFFFFF, assignments=None)
    request = CreatePartitionsRequest(topics=(topic,), timeout_ms=1000, validate_only=False)
    (result,) = wire.ask(request, 3).results
    assert result.error_code == E.POLICY_VIOLATION


@pytest.mark.parametrize(
    ("group", "session_ms", "error"),
    [
        ("", 10_000, E.INVALID_GROUP_ID),
        ("g", 1, E.INVALID_SESSION_TIMEOUT),
        ("g", 100_000_000, E.INVALID_SESSION_TIMEOUT),
    ],
)
def test_a_group_that_cannot_be_joined(wire: Wire, group: str, session_ms: int, error: E) -> None:
    until_loaded(wire)
    request = JoinGroupRequest(
        group_id=group,
        session_timeout_ms=session_ms,
        rebalance_timeout_ms=1000,
        member_id="",
        protocol_type="consumer",
        protocols=(JoinGroupRequestProtocol(name="range", metadata=b""),),
    )
    assert wire.ask(request, 5).error_code == error


def until_loaded(wire: Wire) -> None:
    """A coordinator is there once somebody has asked for one."""
    from kafkalab.protocol.messages.classic_groups import FindCoordinatorRequest

    for _ in range(200):
        (found,) = wire.ask(FindCoordinatorRequest(coordinator_keys=("g",)), 4).coordinators
        if found.error_code == 0:
            (group,) = wire.ask(DescribeGroupsRequest(groups=("g",)), 5).groups
            if group.error_code == 0:
                return
    raise AssertionError("no coordinator")


def test_a_group_that_does_not_exist(wire: Wire) -> None:
    until_loaded(wire)
    topics = (OffsetFetchRequestTopics(name="orders", partition_indexes=(0, 1)),)
    groups = tuple(OffsetFetchRequestGroup(group_id=name, topics=topics) for name in ("x", "y"))
    answer = wire.ask(OffsetFetchRequest(groups=groups), 8)
    assert [group.group_id for group in answer.groups] == ["x", "y"]
    for group in answer.groups:
        assert group.error_code == 0
        (topic,) = group.topics
        told = [(each.committed_offset, each.error_code) for each in topic.partitions]
        assert told == [(-1, 0), (-1, 0)]


def test_describe_answers_for_every_group(wire: Wire) -> None:
    until_loaded(wire)
    answer = wire.ask(DescribeGroupsRequest(groups=("x", "", "y")), 5)
    assert [group.group_id for group in answer.groups] == ["x", "", "y"]


def test_metadata_of_a_name_no_topic_may_have(wire: Wire) -> None:
    from kafkalab.protocol.messages.metadata import MetadataRequestTopic

    asked = tuple(MetadataRequestTopic(name=name) for name in ("..", "orders"))
    answer = wire.ask(MetadataRequest(topics=asked, allow_auto_topic_creation=True), 9)
    codes = {topic.name: topic.error_code for topic in answer.topics}
    assert codes == {"..": E.INVALID_TOPIC_EXCEPTION, "orders": 0}
