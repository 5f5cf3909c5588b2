"""Consumers' fetches: long polls, limits, isolation, sessions."""

from typing import Any

from replica_cluster import ORDERS, Cluster, a_batch, topic_id

from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.log import UNCHECKED
from kafkalab.protocol.messages.fetch import (
    FetchPartition,
    FetchRequest,
    FetchResponse,
    FetchTopic,
    ForgottenTopic,
)
from kafkalab.record import Record, Records, build_batch, end_marker_batch


def offsets(records: Any) -> list[int]:
    assert isinstance(records, Records)
    return [record.offset for record in records.records()]


def alone(**config: object) -> Cluster:
    cluster = Cluster(1, **config)
    cluster.topic(replicas=(1,))
    return cluster


def test_a_fetch_without_news_is_answered_when_its_time_is_up() -> None:
    cluster = alone()
    number = cluster.fetch(0, max_wait_ms=500)
    cluster.run(499)
    assert number not in cluster.answers
    cluster.run(1)
    assert offsets(cluster.fetched(number).records) == []


def test_a_parked_fetch_is_woken_by_the_high_watermark_not_by_the_append() -> None:
    cluster = Cluster()
    cluster.topic()
    cluster.run(10)
    number = cluster.fetch(0)
    cluster.crash(2)
    cluster.produce(a_batch("a"))
    cluster.run(20)
    assert number not in cluster.answers
    cluster.change(isr=(1, 3))
    cluster.fence(2)
    assert offsets(cluster.fetched(number).records) == [0]


def test_a_parked_fetch_waits_for_min_bytes() -> None:
    cluster = alone()
    size = a_batch("a").size_in_bytes
    number = cluster.fetch(0, min_bytes=2 * size)
    cluster.produce(a_batch("a"))
    assert number not in cluster.answers
    cluster.produce(a_batch("b"))
    assert offsets(cluster.fetched(number).records) == [0, 1]


def test_the_first_batch_is_sent_whatever_its_size() -> None:
    cluster = alone()
    for value in "abc":
        cluster.produce(a_batch(value * 100))
    assert offsets(cluster.fetched(cluster.fetch(0, max_bytes=1)).records) == [0]
    two = 2 * a_batch("a" * 100).size_in_bytes
    assert offsets(cluster.fetched(cluster.fetch(1, max_bytes=two)).records) == [1, 2]


def test_a_parked_fetch_ends_when_the_leader_changes() -> None:
    cluster = Cluster()
    cluster.topic()
    number = cluster.fetch(0)
    cluster.change(leader=2)
    assert cluster.fetched(number).error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_read_committed_stops_at_the_open_transaction_and_names_the_aborted() -> None:
    cluster = alone()
    log = cluster.replica(1).log
    partition = cluster.replica(1)
    batch = a_transaction("a", 7)
    partition.append(batch, 0, guard=UNCHECKED)
    cluster.produce(a_batch("b"))
    assert offsets(cluster.fetched(cluster.fetch(0)).records) == [0, 1]
    number = cluster.fetch(0, read_committed=True)
    assert log.last_stable_offset == 0
    marker = end_marker_batch(
        committed=False, producer_id=7, producer_epoch=0, coordinator_epoch=0, timestamp=0
    )
    partition.append(marker, 0)
    cluster.produce(a_batch("c"))
    data = cluster.fetched(number)
    assert [(one.producer_id, one.first_offset) for one in data.aborted_transactions or ()] == [
        (7, 0)
    ]
    assert offsets(data.records)[:3] == [0, 1, 2]


def a_transaction(value: str, producer_id: int) -> Any:
    return build_batch(
        [Record(key=None, value=value.encode(), timestamp=0)],
        producer_id=producer_id,
        producer_epoch=0,
        base_sequence=0,
        is_transactional=True,
    )


# --- sessions -----------------------------------------------------------------------------------
class Fetcher:
    """A consumer with a session."""

    def __init__(self, cluster: Cluster, max_wait_ms: int = 0) -> None:
        self.cluster = cluster
        self.max_wait_ms = max_wait_ms
        self.id = self.epoch = 0

    def ask(self, *wanted: tuple[int, int], forget: tuple[int, ...] = ()) -> int:
        """Name partitions of orders and their offsets."""
        id = topic_id("orders")
        parts = tuple(
            [
                FetchPartition(partition=number, fetch_offset=offset, partition_max_bytes=1 << 20)
                for number, offset in wanted
            ]
        )
        gone = (ForgottenTopic(topic_id=id, partitions=forget),) if forget else ()
        request = FetchRequest(
            max_wait_ms=self.max_wait_ms,
            min_bytes=1,
            session_id=self.id,
            session_epoch=self.epoch,
            topics=(FetchTopic(topic_id=id, partitions=parts),) if parts else (),
            forgotten_topics_data=gone,
        )
        return self.cluster.ask(1, "fetch", request, 16)

    def take(self, number: int) -> dict[int, list[int]]:
        response = self.cluster.answers[number]
        assert isinstance(response, FetchResponse)
        assert response.error_code == 0
        self.id, self.epoch = response.session_id, self.epoch + 1
        return {
            data.partition_index: offsets(data.records)
            for topic in response.responses
            for data in topic.partitions
        }

    def __call__(self, *wanted: tuple[int, int], forget: tuple[int, ...] = ()) -> dict[int, Any]:
        return self.take(self.ask(*wanted, forget=forget))


def with_partitions(count: int, **config: object) -> Cluster:
    cluster = Cluster(1, **config)
    cluster.topic(replicas=(1,), partitions=count)
    return cluster


def test_a_session_answers_with_what_has_news_and_nothing_else() -> None:
    cluster = with_partitions(3)
    fetch = Fetcher(cluster)
    assert fetch((0, 0), (1, 0), (2, 0)) == {0: [], 1: [], 2: []}
    assert fetch.id != 0
    assert fetch() == {}
    cluster.produce(key=TopicPartition("orders", 1))
    assert fetch() == {1: [0]}
    assert fetch() == {1: [0]}, "until the fetcher says that it has it"
    assert fetch((1, 1)) == {}
    assert fetch(forget=(1,)) == {}
    cluster.produce(key=TopicPartition("orders", 1))
    cluster.produce(key=TopicPartition("orders", 2))
    assert fetch() == {2: [0]}


def test_a_parked_session_is_woken_by_any_of_its_partitions() -> None:
    cluster = with_partitions(2)
    fetch = Fetcher(cluster, max_wait_ms=500)
    number = fetch.ask((0, 0), (1, 0))
    cluster.run(500)
    fetch.take(number)
    number = fetch.ask()
    cluster.run(10)
    cluster.produce(key=TopicPartition("orders", 1))
    assert fetch.take(number) == {1: [0]}


def test_idle_partitions_are_not_read() -> None:
    """A thousand partitions in the session, one with news: one read."""
    cluster = with_partitions(1000)
    fetch = Fetcher(cluster)
    fetch(*[(number, 0) for number in range(1000)])
    fetches = cluster.brokers[1].manager._fetches
    (session,) = fetches.sessions.by_number.values()
    assert not session.dirty
    cluster.produce(key=TopicPartition("orders", 77))
    assert list(session.dirty) == [TopicPartition("orders", 77)]
    assert fetch((77, 0)) == {77: [0]}


def test_wrong_sessions_are_refused() -> None:
    cluster = with_partitions(1)
    fetch = Fetcher(cluster)
    fetch((0, 0))
    fetch.epoch += 1
    assert error(cluster, fetch.ask()) == ErrorCode.INVALID_FETCH_SESSION_EPOCH
    fetch.id += 1
    assert error(cluster, fetch.ask()) == ErrorCode.FETCH_SESSION_ID_NOT_FOUND


def error(cluster: Cluster, number: int) -> int:
    response = cluster.answers[number]
    assert isinstance(response, FetchResponse)
    return response.error_code


def test_without_room_in_the_cache_there_is_no_session() -> None:
    cluster = with_partitions(1, max_incremental_fetch_session_cache_slots=1)
    first, second = Fetcher(cluster), Fetcher(cluster)
    first((0, 0))
    second((0, 0))
    assert first.id != 0
    assert second.id == 0
    cluster.run(121_000)
    second.epoch = 0
    second((0, 0))
    assert second.id != 0, "the first has been idle for two minutes"
    assert error(cluster, first.ask()) == ErrorCode.FETCH_SESSION_ID_NOT_FOUND


def test_an_unknown_topic_id_is_found_once_the_metadata_has_it() -> None:
    cluster = Cluster(1)
    fetch = Fetcher(cluster)
    number = fetch.ask((0, 0))
    response = cluster.answers[number]
    assert response.responses[0].partitions[0].error_code == ErrorCode.UNKNOWN_TOPIC_ID
    fetch.take(number)
    cluster.topic(replicas=(1,))
    cluster.produce()
    assert fetch() == {0: [0]}
    assert cluster.fetched(cluster.fetch(0, key=ORDERS)).high_watermark == 1


def test_a_partition_named_again_once_its_topic_is_known_is_answered_once() -> None:
    cluster = Cluster(1)
    fetch = Fetcher(cluster)
    fetch.take(fetch.ask((0, 0)))
    cluster.topic(replicas=(1,))
    cluster.produce()
    (topic,) = cluster.answers[fetch.ask((0, 0))].responses
    assert [offsets(partition.records) for partition in topic.partitions] == [[0]]
