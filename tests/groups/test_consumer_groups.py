"""Consumer groups of KIP-848: one request, no barrier, and nobody gets what another still has."""

import pytest
from consumer_bench import Follower, beat, joining, settle
from coordinator_bench import AUDIT_ID, ORDERS_ID, Bench, commit_request, join_request

from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.protocol.messages import classic_groups as cg
from kafkalab.protocol.messages import consumer_groups as kg
from kafkalab.protocol.messages import group_admin as ga
from kafkalab.protocol.messages import group_offsets as go

E = ErrorCode


@pytest.fixture
def bench() -> Bench:
    return Bench.make()


def orders(*numbers: int) -> list[TopicPartition]:
    return [TopicPartition("orders", number) for number in numbers]


def test_one_member_gets_everything_with_its_first_heartbeat(bench: Bench) -> None:
    answer = bench.ask(joining("a"))
    assert (answer.error_code, answer.member_id, answer.member_epoch) == (0, "a", 2)
    assert answer.heartbeat_interval_ms == 5000
    (part,) = answer.assignment.topic_partitions
    assert (part.topic_id, sorted(part.partitions)) == (ORDERS_ID, [0, 1, 2, 3])
    view = bench.view()
    assert (view.state, view.generation, view.assignment_epoch) == ("Stable", 2, 2)
    assert view.type == "consumer"
    assert bench.states() == ["Stable"]


def test_a_partition_moves_only_when_its_owner_has_let_it_go(bench: Bench) -> None:
    first, second = Follower(bench, "a", slow=True), Follower(bench, "b")
    first.beat()
    bench.sleep(1000)
    second.beat()
    assert second.partitions == []
    assert second.epoch == 3  # in the new epoch, without what it waits for
    assert bench.view().state == "Reconciling"
    first.beat()  # is told to keep two, and still has four
    assert first.epoch == 2
    members = {each.member_id: each for each in bench.view().members}
    assert members["a"].state == "UNREVOKED_PARTITIONS"
    assert members["b"].state == "UNRELEASED_PARTITIONS"
    assert len(members["a"].revoking) == 2
    second.beat()
    assert second.partitions == []
    log = bench.writer.logs[TopicPartition("__consumer_offsets", 0)]
    end = log.log_end_offset
    second.beat()
    assert log.log_end_offset == end  # who waits changes nothing, and nothing is written of it
    first.lets_go()
    first.beat()
    assert first.epoch == 3
    second.beat()
    assert len(first.partitions) == len(second.partitions) == 2
    assert sorted(first.partitions + second.partitions) == orders(0, 1, 2, 3)
    assert bench.view().state == "Stable"
    asked = [event for event in bench.events if event[0] == "RevocationAsked"]
    assert len(asked) == 1


def test_the_same_heartbeat_twice_is_the_same_as_once(bench: Bench) -> None:
    first = bench.ask(joining("a"))
    again = bench.ask(joining("a"))
    assert again == first
    assert bench.view().generation == 2
    bench.sleep(1000)
    bench.ask(joining("b"))
    lost = beat("a", 2, owned={ORDERS_ID: (0, 1)})
    told = bench.ask(lost)  # it has given two up already
    assert told.member_epoch == 3
    retold = bench.ask(lost)  # the answer was lost: the same heartbeat of the epoch before
    assert (retold.error_code, retold.member_epoch) == (0, 3)
    assert bench.view().generation == 3


def test_a_member_of_another_epoch_is_fenced(bench: Bench) -> None:
    bench.ask(joining("a"))
    assert bench.ask(beat("a", 7)).error_code == E.FENCED_MEMBER_EPOCH
    assert bench.ask(beat("a", 1)).error_code == E.FENCED_MEMBER_EPOCH
    assert bench.ask(beat("z", 2)).error_code == E.UNKNOWN_MEMBER_ID
    assert bench.ask(beat("z", 2, group="other")).error_code == E.GROUP_ID_NOT_FOUND
    assert "greater" in bench.ask(beat("a", 7)).error_message
    assert bench.ask(beat("a", 2)).error_code == 0


def test_a_fenced_member_may_join_again_and_gets_the_same(bench: Bench) -> None:
    settle(Follower(bench, "a"))
    answer = bench.ask(joining("a"))
    assert (answer.error_code, answer.member_epoch) == (0, 2)
    assert sorted(answer.assignment.topic_partitions[0].partitions) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (beat("", 0), E.INVALID_REQUEST),
        (beat("a", 0, group=""), E.INVALID_REQUEST),
        (beat("a", 0), E.INVALID_REQUEST),
        (beat("a", 0, owned={ORDERS_ID: (1,)}, rebalance_timeout_ms=1), E.INVALID_REQUEST),
        (beat("a", -2), E.INVALID_REQUEST),
        (beat("a", -3), E.INVALID_REQUEST),
        (joining("a", rack_id=" "), E.INVALID_REQUEST),
        (joining("a", server_assignor="best"), E.UNSUPPORTED_ASSIGNOR),
        (joining("a", subscribed_topic_regex="("), E.INVALID_REGULAR_EXPRESSION),
        (joining("a", subscribed_topic_regex="(?=a)"), E.INVALID_REGULAR_EXPRESSION),
        (joining("a", subscribed_topic_regex=r"(a)\1"), E.INVALID_REGULAR_EXPRESSION),
    ],
)
def test_what_no_member_may_say(
    bench: Bench, request_: kg.ConsumerGroupHeartbeatRequest, error: ErrorCode
) -> None:
    answer = bench.ask(request_)
    assert answer.error_code == error
    assert answer.error_message
    assert not bench.coordinator.groups


def test_up_to_version_0_the_coordinator_gives_the_id(bench: Bench) -> None:
    answer = bench.ask(joining(""), version=0)
    assert len(answer.member_id) == 22
    assert bench.ask(beat(answer.member_id, answer.member_epoch), version=0).error_code == 0


def test_silence_and_leaving_give_partitions_to_the_others(bench: Bench) -> None:
    a, b, c = (Follower(bench, name) for name in "abc")
    settle(a, b, c)
    assert a.leave().member_epoch == -1
    settle(b, c)
    assert sorted(b.partitions + c.partitions) == orders(0, 1, 2, 3)
    for _ in range(12):  # b is silent
        c.beat()
        bench.sleep(5000)
    assert c.partitions == orders(0, 1, 2, 3)
    assert [each[3] for each in bench.events if each[0] == "MemberLeft"] == [
        "it has left",
        "its session has timed out",
    ]
    c.leave()
    assert bench.view().state == "Empty"


def test_who_does_not_give_up_in_time_is_put_out(bench: Bench) -> None:
    first = Follower(bench, "a", {"rebalance_timeout_ms": 10_000}, slow=True)
    second = Follower(bench, "b")
    first.beat()
    bench.sleep(1000)
    for _ in range(4):
        second.beat()
        first.beat()
        bench.sleep(4000)
    assert first.beat() is E.UNKNOWN_MEMBER_ID
    second.beat()
    assert second.partitions == orders(0, 1, 2, 3)


def test_targets_are_computed_once_a_second(bench: Bench) -> None:
    followers = [Follower(bench, name) for name in "abcd"]
    for follower in followers:
        follower.beat()
    view = bench.view()
    assert (view.generation, view.assignment_epoch, view.state) == (5, 2, "Assigning")
    bench.sleep(1000)
    settle(*followers)
    view = bench.view()
    assert (view.generation, view.assignment_epoch, view.state) == (5, 5, "Stable")
    assert [len(each.partitions) for each in followers] == [1, 1, 1, 1]


def test_range_if_most_members_ask_for_it(bench: Bench) -> None:
    bench.add_topic("audit", AUDIT_ID, 4)
    more = {"server_assignor": "range", "subscribed_topic_names": ("orders", "audit")}
    a, b = Follower(bench, "a", more), Follower(bench, "b", more)
    settle(a, b)
    assert bench.view().protocol == "range"
    assert [each.partition for each in a.partitions] == [0, 1, 0, 1]
    assert [each.partition for each in b.partitions] == [2, 3, 2, 3]


def test_new_partitions_and_deleted_topics_make_a_new_target(bench: Bench) -> None:
    a = Follower(bench, "a", {"subscribed_topic_names": ("orders", "audit")})
    settle(a)
    assert a.partitions == [TopicPartition("audit", 0), *orders(0, 1, 2, 3)]
    bench.add_topic("orders", ORDERS_ID, 6)
    settle(a, rounds=2)
    assert a.partitions[1:] == orders(0, 1, 2, 3, 4, 5)
    bench.delete_topic("audit")
    settle(a, rounds=2)
    assert a.owned == {ORDERS_ID: (0, 1, 2, 3, 4, 5)}
    assert bench.view().state == "Stable"


def test_a_topic_that_does_not_exist_yet(bench: Bench) -> None:
    a = Follower(bench, "a", {"subscribed_topic_names": ("later",)})
    settle(a, rounds=1)
    assert a.owned == {}
    bench.add_topic("later", b"l" * 16, 2)
    settle(a, rounds=1)
    assert len(a.partitions) == 2


def test_patterns_are_resolved_by_the_coordinator(bench: Bench) -> None:
    a = Follower(bench, "a", {"subscribed_topic_regex": "ord.*"})
    a.beat()
    assert a.partitions == []  # not matched yet
    bench.sleep(5000)
    a.beat()
    assert a.partitions == orders(0, 1, 2, 3)
    bench.add_topic("ordinary", b"n" * 16, 1)
    bench.sleep(10_001)
    a.beat()
    bench.sleep(5000)
    a.beat()
    assert a.partitions == [*orders(0, 1, 2, 3), TopicPartition("ordinary", 0)]
    assert "__consumer_offsets" not in {each.topic for each in a.partitions}
    a.beat(subscribed_topic_regex="", subscribed_topic_names=("audit",))
    settle(a, rounds=2)
    assert a.partitions == [TopicPartition("audit", 0)]


def test_a_static_member_comes_back_to_its_partitions(bench: Bench) -> None:
    a = Follower(bench, "a", {"instance_id": "one"})
    b = Follower(bench, "b", {"instance_id": "two"})
    settle(a, b)
    epoch, had = bench.view().generation, a.partitions
    assert Follower(bench, "c", {"instance_id": "one"}).beat() is E.UNRELEASED_INSTANCE_ID
    assert a.leave(-2).member_epoch == -2
    bench.sleep(10_000)
    b.beat()
    assert bench.view().generation == epoch
    again = Follower(bench, "c", {"instance_id": "one"})
    again.beat()
    assert again.partitions == had
    assert bench.view().generation == epoch
    fenced = beat("a", epoch, instance_id="one")
    assert bench.ask(fenced).error_code == E.FENCED_INSTANCE_ID
    assert len(bench.view().members) == 2


def test_a_static_member_that_stays_away_loses_its_place(bench: Bench) -> None:
    a, b = Follower(bench, "a", {"instance_id": "one"}), Follower(bench, "b")
    settle(a, b)
    a.leave(-2)
    settle(b, rounds=10)
    assert b.partitions == orders(0, 1, 2, 3)


def test_commits_carry_the_member_epoch(bench: Bench) -> None:
    a, b = Follower(bench, "a"), Follower(bench, "b")
    settle(a)

    def commit(member: str, epoch: int, partition: int, version: int = 9) -> ErrorCode:
        request = commit_request(member, epoch, {partition: 7})
        answer = bench.ask(request, version)
        return ErrorCode(answer.topics[0].partitions[0].error_code)

    old = a.epoch
    assert commit("a", old, 0) is E.NONE
    settle(a, b)
    kept, gone = a.owned[ORDERS_ID][0], b.owned[ORDERS_ID][0]
    assert commit("a", old, kept) is E.NONE  # it has had it all the time
    assert commit("a", old, gone) is E.STALE_MEMBER_EPOCH
    assert commit("a", 99, kept) is E.STALE_MEMBER_EPOCH
    assert commit("z", a.epoch, kept) is E.UNKNOWN_MEMBER_ID
    assert commit("", -1, kept) is E.UNKNOWN_MEMBER_ID
    assert commit("a", a.epoch, kept, version=8) is E.UNSUPPORTED_VERSION
    a.leave()
    b.leave()
    assert commit("", -1, 3) is E.NONE


def test_offsets_are_told_to_members_of_now(bench: Bench) -> None:
    a = Follower(bench, "a")
    settle(a)

    def fetch(member: str | None, epoch: int) -> ErrorCode:
        topics = (go.OffsetFetchRequestTopics(name="orders", partition_indexes=(0,)),)
        wanted = go.OffsetFetchRequestGroup(
            group_id="g", member_id=member, member_epoch=epoch, topics=topics
        )
        return ErrorCode(bench.ask(go.OffsetFetchRequest(groups=(wanted,))).groups[0].error_code)

    assert fetch("a", a.epoch) is E.NONE
    assert fetch(None, -1) is E.NONE
    assert fetch("a", a.epoch - 1) is E.STALE_MEMBER_EPOCH
    assert fetch("z", 1) is E.UNKNOWN_MEMBER_ID


def test_an_empty_group_may_change_its_kind(bench: Bench) -> None:
    bench.stable("one")
    assert bench.ask(joining("a")).error_code == E.GROUP_ID_NOT_FOUND
    bench.offset_commit(bench.view().members[0].member_id, 1, {0: 5})
    member = cg.MemberIdentity(member_id=bench.view().members[0].member_id)
    bench.ask(cg.LeaveGroupRequest(group_id="g", members=(member,)))
    assert bench.ask(joining("a")).error_code == 0
    assert bench.view().type == "consumer"
    assert bench.offsets()[0] == 5
    refused = bench.ask(join_request("g", ""))
    assert refused.error_code == E.INCONSISTENT_GROUP_PROTOCOL
    bench.ask(beat("a", -1))
    bench.join(bench.member_id())
    bench.sleep(3000)
    assert bench.view().type == "classic"
    assert bench.offsets()[0] == 5
    assert bench.fail_over().view().type == "classic"


def test_groups_are_listed_described_and_deleted(bench: Bench) -> None:
    bench.stable("one")
    settle(Follower(bench, "a", {"group": "k"}), rounds=1)
    listed = bench.ask(ga.ListGroupsRequest(types_filter=("consumer",))).groups
    assert [(each.group_id, each.group_state) for each in listed] == [("k", "Stable")]
    assert len(bench.ask(ga.ListGroupsRequest()).groups) == 2
    described = bench.ask(kg.ConsumerGroupDescribeRequest(group_ids=("k", "g", "")))
    consumer, classic, nothing = described.groups
    assert (consumer.group_state, consumer.assignor_name) == ("Stable", "uniform")
    (member,) = consumer.members
    assert member.assignment.topic_partitions[0].topic_name == "orders"
    assert member.assignment == member.target_assignment
    assert member.member_type == 1
    assert classic.error_code == E.GROUP_ID_NOT_FOUND
    assert nothing.error_code == E.INVALID_GROUP_ID
    assert _delete(bench, "k") is E.NON_EMPTY_GROUP
    bench.ask(beat("a", -1, group="k"))
    assert _delete(bench, "k") is E.NONE
    assert "k" not in bench.coordinator.groups


def _delete(bench: Bench, group: str) -> ErrorCode:
    answer = bench.ask(ga.DeleteGroupsRequest(groups_names=(group,)))
    return ErrorCode(answer.results[0].error_code)


def test_an_administrator_removes_members(bench: Bench) -> None:
    a, b = Follower(bench, "a", {"instance_id": "one"}), Follower(bench, "b")
    settle(a, b)
    who = cg.MemberIdentity(member_id="", group_instance_id="one")
    nobody = cg.MemberIdentity(member_id="z")
    answer = bench.ask(cg.LeaveGroupRequest(group_id="g", members=(who, nobody)))
    assert [each.error_code for each in answer.members] == [0, E.UNKNOWN_MEMBER_ID]
    settle(b)
    assert b.partitions == orders(0, 1, 2, 3)


def test_a_full_group() -> None:
    small = Bench.make(group_consumer_max_size=1)
    small.ask(joining("a"))
    assert small.ask(joining("b")).error_code == E.GROUP_MAX_SIZE_REACHED
    assert small.ask(joining("a")).error_code == 0


def test_offsets_and_groups_nobody_needs_go() -> None:
    short = Bench.make(offsets_retention_minutes=10)
    a = Follower(short, "a")
    settle(a, rounds=1)
    short.offset_commit("a", a.epoch, {0: 5})
    short.offset_commit("a", a.epoch, {0: 5}, topic="audit")
    for _ in range(250):
        a.beat()
        short.sleep(5000)
    assert short.offsets()[0] == 5
    assert short.offsets(name="audit", partitions=1) == [-1]
    a.leave()
    short.sleep(1_300_000)
    assert "g" not in short.coordinator.groups
    assert "g" not in short.fail_over().coordinator.groups
