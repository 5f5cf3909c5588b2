"""What groups commit, what they are told, and what is forgotten."""

import pytest
from coordinator_bench import ORDERS_ID, Bench, commit_request, image_of, topic

from kafkalab.errors import ErrorCode
from kafkalab.groups import OFFSETS_TOPIC
from kafkalab.metadata import MetadataDelta
from kafkalab.protocol.messages import classic_groups as cg
from kafkalab.protocol.messages import group_admin as ga
from kafkalab.protocol.messages import group_offsets as go

E = ErrorCode
MINUTE = 60_000


@pytest.fixture
def bench() -> Bench:
    return Bench.make()


def errors(answer: go.OffsetCommitResponse) -> list[int]:
    return [partition.error_code for each in answer.topics for partition in each.partitions]


def test_an_offset_is_told_and_acknowledged_when_it_is_committed(bench: Bench) -> None:
    (member,) = bench.stable("one")
    bench.commits = False
    ticket = bench.offset_commit(member, 1, {0: 5, 1: 7})
    assert ticket not in bench.answers
    assert bench.offsets() == [-1, -1, -1, -1]
    assert "OffsetCommitted" not in bench.kinds()
    bench.commit()
    assert errors(bench.answers[ticket]) == [0, 0]
    assert bench.offsets() == [5, 7, -1, -1]
    assert ("OffsetCommitted", "g", "orders", 1, 7) in bench.events
    assert sorted(bench.view().offsets.values()) == [5, 7]


def test_who_wants_stable_offsets_waits_for_them(bench: Bench) -> None:
    bench.offset_commit("", -1, {0: 5})
    bench.commits = False
    bench.offset_commit("", -1, {0: 6})
    topics = (go.OffsetFetchRequestTopics(name="orders", partition_indexes=(0,)),)
    wanted = go.OffsetFetchRequestGroup(group_id="g", topics=topics)
    ticket = bench.send(go.OffsetFetchRequest(groups=(wanted,), require_stable=True))
    assert ticket not in bench.answers
    assert bench.offsets(partitions=1) == [5]
    bench.commit()
    assert bench.answers[ticket].groups[0].topics[0].partitions[0].committed_offset == 6


def test_only_this_generation_commits(bench: Bench) -> None:
    (member,) = bench.stable("one")
    for who, generation, error in (
        (member, 0, E.ILLEGAL_GENERATION),
        ("stranger", 1, E.UNKNOWN_MEMBER_ID),
        ("", -1, E.UNKNOWN_MEMBER_ID),
    ):
        ticket = bench.offset_commit(who, generation, {0: 9, 7: 9})
        assert errors(bench.answers[ticket]) == [error, E.UNKNOWN_TOPIC_OR_PARTITION]
    assert bench.offsets() == [-1, -1, -1, -1]


def test_a_member_may_commit_before_it_joins_again_but_not_before_it_syncs(bench: Bench) -> None:
    (first,) = bench.stable("one")
    bench.join(bench.member_id(client="two"), client="two")
    assert errors(bench.answers[bench.offset_commit(first, 1, {0: 5})]) == [0]
    bench.join(first)
    ticket = bench.offset_commit(first, 2, {0: 6})
    assert errors(bench.answers[ticket]) == [E.REBALANCE_IN_PROGRESS]


def test_a_commit_keeps_the_session_alive(bench: Bench) -> None:
    (member,) = bench.stable("one")
    for _ in range(3):
        bench.sleep(9000)
        bench.offset_commit(member, 1, {0: 5})
    assert bench.view().state == "Stable"


def test_a_consumer_without_a_group_commits_for_itself(bench: Bench) -> None:
    bench.offset_commit("", -1, {2: 11}, group="solo")
    assert bench.offsets("solo") == [-1, -1, 11, -1]
    assert bench.view("solo").state == "Empty"


def test_a_member_of_an_unknown_group_is_told_so_in_the_words_of_its_time(bench: Bench) -> None:
    for version, error in ((9, E.GROUP_ID_NOT_FOUND), (8, E.ILLEGAL_GENERATION)):
        ticket = bench.offset_commit("m", 3, {0: 5}, version=version)
        assert errors(bench.answers[ticket]) == [error]


def test_metadata_has_a_limit(bench: Bench) -> None:
    ticket = bench.offset_commit("", -1, {0: 5}, metadata="x" * 4097)
    assert errors(bench.answers[ticket]) == [E.OFFSET_METADATA_TOO_LARGE]
    ticket = bench.offset_commit("", -1, {0: 5}, metadata="x" * 4096)
    assert errors(bench.answers[ticket]) == [0]


def test_unknown_topics_are_refused_without_asking_the_group(bench: Bench) -> None:
    ticket = bench.offset_commit("stranger", 7, {0: 5}, topic="nowhere")
    assert errors(bench.answers[ticket]) == [E.UNKNOWN_TOPIC_OR_PARTITION]


def test_topics_go_by_id_from_version_10(bench: Bench) -> None:
    request = commit_request("", -1, {0: 5}, topic="", topic_id=ORDERS_ID)
    answer = bench.ask(request, version=10)
    assert errors(answer) == [0] and answer.topics[0].topic_id == ORDERS_ID
    unknown = commit_request("", -1, {0: 5}, topic="", topic_id=b"?" * 16)
    assert errors(bench.ask(unknown, version=10)) == [E.UNKNOWN_TOPIC_ID]
    topics = tuple(
        go.OffsetFetchRequestTopics(topic_id=topic_id, partition_indexes=(0,))
        for topic_id in (ORDERS_ID, b"?" * 16)
    )
    for wanted, expected in ((topics, [(5, 0), (-1, E.UNKNOWN_TOPIC_ID)]), (None, [(5, 0)])):
        group = go.OffsetFetchRequestGroup(group_id="g", topics=wanted)
        told = bench.ask(go.OffsetFetchRequest(groups=(group,)), version=10).groups[0].topics
        partitions = [each.partitions[0] for each in told]
        assert [(each.committed_offset, each.error_code) for each in partitions] == expected
        assert told[0].topic_id == ORDERS_ID


@pytest.mark.parametrize("version", range(1, 8))
def test_old_versions_fetch_for_one_group(bench: Bench, version: int) -> None:
    bench.offset_commit("", -1, {0: 5, 3: 8}, metadata="m", version=max(version, 2))
    topics = (go.OffsetFetchRequestTopic(name="orders", partition_indexes=(3, 1)),)
    answer = bench.ask(go.OffsetFetchRequest(group_id="g", topics=topics), version=version)
    partitions = answer.topics[0].partitions
    assert [(each.committed_offset, each.metadata) for each in partitions] == [(8, "m"), (-1, "")]
    if version >= 2:
        everything = go.OffsetFetchRequest(group_id="g", topics=None)
        assert len(bench.ask(everything, version=version).topics[0].partitions) == 2


def test_an_unknown_group_has_no_offsets_and_that_is_no_error(bench: Bench) -> None:
    assert bench.offsets("nobody") == [-1, -1, -1, -1]


def test_many_groups_are_fetched_in_the_order_asked_for() -> None:
    bench = Bench.make(partitions=3)
    names = [f"group-{number}" for number in range(6)]
    for number, name in enumerate(names):
        bench.offset_commit("", -1, {0: number}, group=name)
    wanted = tuple(go.OffsetFetchRequestGroup(group_id=name, topics=None) for name in names)
    for is_stable in (False, True):
        request = go.OffsetFetchRequest(groups=wanted, require_stable=is_stable)
        groups = bench.ask(request).groups
        assert [each.group_id for each in groups] == names
        assert [each.topics[0].partitions[0].committed_offset for each in groups] == [*range(6)]


def test_a_failed_write_changes_nothing(bench: Bench) -> None:
    bench.offset_commit("", -1, {0: 5})
    for failure, told in (
        (E.NOT_ENOUGH_REPLICAS, E.COORDINATOR_NOT_AVAILABLE),
        (E.NOT_LEADER_OR_FOLLOWER, E.NOT_COORDINATOR),
        (E.MESSAGE_TOO_LARGE, E.UNKNOWN_SERVER_ERROR),
    ):
        bench.writer.failure = failure
        ticket = bench.offset_commit("", -1, {0: 6, 1: 6})
        assert errors(bench.answers[ticket]) == [told, told]
    bench.writer.failure = None
    assert bench.offsets() == [5, -1, -1, -1]


def test_offsets_of_topics_nobody_reads_can_be_deleted(bench: Bench) -> None:
    (member,) = bench.stable("one")
    bench.offset_commit(member, 1, {0: 5})
    bench.offset_commit(member, 1, {0: 6}, topic="audit")
    topics = tuple(
        go.OffsetDeleteRequestTopic(
            name=name, partitions=(go.OffsetDeleteRequestPartition(partition_index=0),)
        )
        for name in ("orders", "audit", "nowhere")
    )
    answer = bench.ask(go.OffsetDeleteRequest(group_id="g", topics=topics))
    assert [each.partitions[0].error_code for each in answer.topics] == [
        E.GROUP_SUBSCRIBED_TO_TOPIC,
        E.NONE,
        E.UNKNOWN_TOPIC_OR_PARTITION,
    ]
    assert bench.offsets(name="audit", partitions=1) == [-1]
    assert bench.offsets(partitions=1) == [5]
    unknown = bench.ask(go.OffsetDeleteRequest(group_id="nobody", topics=topics))
    assert unknown.error_code == E.GROUP_ID_NOT_FOUND


def test_a_deleted_topic_takes_its_offsets_along(bench: Bench) -> None:
    bench.offset_commit("", -1, {0: 5, 1: 6})
    bench.offset_commit("", -1, {0: 7}, topic="audit")
    bench.delete_topic("orders")
    assert list(bench.view().offsets.values()) == [7]
    assert list(bench.fail_over().view().offsets.values()) == [7]


def test_a_topic_of_the_same_name_starts_without_offsets(bench: Bench) -> None:
    bench.offset_commit("", -1, {0: 5})
    bench.image = image_of(topic(OFFSETS_TOPIC, b"c" * 16, 1), topic("orders", b"n" * 16, 4))
    bench.coordinator.on_metadata(bench.image, MetadataDelta(bench.image), bench.now)
    topics = (go.OffsetFetchRequestTopics(topic_id=b"n" * 16, partition_indexes=(0,)),)
    group = go.OffsetFetchRequestGroup(group_id="g", topics=topics)
    answer = bench.ask(go.OffsetFetchRequest(groups=(group,)), version=10)
    assert answer.groups[0].topics[0].partitions[0].committed_offset == -1


def expiring(**settings: object) -> Bench:
    return Bench.make(
        offsets_retention_minutes=10, offsets_retention_check_interval_ms=MINUTE, **settings
    )


def test_offsets_of_a_simple_group_expire_after_the_last_commit() -> None:
    bench = expiring()
    bench.offset_commit("", -1, {0: 5})
    bench.sleep(6 * MINUTE)
    bench.offset_commit("", -1, {1: 6})
    bench.sleep(5 * MINUTE)
    assert bench.offsets() == [-1, 6, -1, -1]
    bench.sleep(6 * MINUTE)
    assert "g" not in bench.coordinator.groups
    assert not bench.fail_over().coordinator.groups


def test_offsets_of_a_group_expire_after_it_became_empty() -> None:
    bench = expiring()
    (member,) = bench.stable("one")
    bench.offset_commit(member, 1, {0: 5})
    for _ in range(12 * 8):
        bench.sleep(MINUTE // 8)
        assert bench.heartbeat(member, 1) is E.NONE
    assert bench.offsets() == [5, -1, -1, -1]
    identity = cg.MemberIdentity(member_id=member)
    bench.ask(cg.LeaveGroupRequest(group_id="g", members=(identity,)))
    bench.sleep(9 * MINUTE)
    assert bench.offsets() == [5, -1, -1, -1]
    bench.sleep(2 * MINUTE)
    assert bench.offsets() == [-1, -1, -1, -1]
    assert bench.states()[-1] == "Dead"
    assert bench.ask(ga.ListGroupsRequest()).groups == ()


def test_an_old_client_may_say_how_long_an_offset_is_kept() -> None:
    bench = expiring()
    request = commit_request("", -1, {0: 5})
    kept = go.OffsetCommitRequest(
        group_id="g",
        generation_id_or_member_epoch=-1,
        retention_time_ms=2 * MINUTE,
        topics=request.topics,
    )
    bench.ask(kept, version=4)
    bench.sleep(MINUTE)
    assert bench.fail_over().offsets(partitions=1) == [5]
    bench.sleep(2 * MINUTE)
    assert bench.offsets(partitions=1) == [-1]
