"""Members come, are given partitions, and go."""

import pytest
from coordinator_bench import Bench, assignment, join_request

from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.protocol.messages import classic_groups as cg

E = ErrorCode


@pytest.fixture
def bench() -> Bench:
    return Bench.make()


def test_a_first_member_waits_out_the_initial_delay_then_leads(bench: Bench) -> None:
    member = bench.member_id()
    assert member.startswith("app-") and len(member) == len("app-") + 36
    ticket = bench.join(member)
    bench.sleep(2999)
    assert ticket not in bench.answers
    bench.sleep(1)
    answer = bench.answers[ticket]
    assert (answer.error_code, answer.generation_id, answer.leader) == (0, 1, member)
    assert [each.member_id for each in answer.members] == [member]
    assert answer.protocol_name == "range"


def test_the_initial_delay_is_extended_while_members_come(bench: Bench) -> None:
    first, second = bench.member_id(), bench.member_id()
    one = bench.join(first)
    bench.sleep(2000)
    two = bench.join(second)
    bench.sleep(1000)
    assert one not in bench.answers
    bench.sleep(3000)
    assert len(bench.answers[one].members) == 2
    assert bench.answers[two].members == ()
    assert bench.answers[two].leader == first


def test_an_extended_delay_ends_with_the_rebalance_timeout(bench: Bench) -> None:
    tickets = []
    for _ in range(4):
        tickets.append(bench.join(bench.member_id(), rebalance_timeout_ms=7000))
        bench.sleep(2000)
    assert all(bench.answers[ticket].generation_id == 1 for ticket in tickets)


def test_an_assignment_reaches_the_members_when_it_is_committed(bench: Bench) -> None:
    first, second = bench.member_id(), bench.member_id()
    bench.join(first)
    bench.join(second)
    bench.sleep(6000)
    follower = bench.sync(second, 1)
    bench.commits = False
    given = {first: assignment("orders", 0, 1), second: assignment("orders", 2, 3)}
    leader = bench.sync(first, 1, given)
    assert leader not in bench.answers and follower not in bench.answers
    assert bench.view().state == "CompletingRebalance"
    bench.commit()
    assert bench.answers[leader].assignment == given[first]
    assert bench.answers[follower].assignment == given[second]
    assert bench.answers[follower].protocol_name == "range"
    assert bench.view().members[1].partitions == (
        TopicPartition("orders", 2),
        TopicPartition("orders", 3),
    )
    assert bench.kinds().count("PartitionsAssigned") == 2


def test_a_second_member_makes_the_group_rebalance(bench: Bench) -> None:
    (first,) = bench.stable("one")
    second = bench.member_id(client="two")
    two = bench.join(second, client="two")
    assert bench.heartbeat(first, 1) is E.REBALANCE_IN_PROGRESS
    one = bench.join(first)
    assert bench.answers[one].generation_id == bench.answers[two].generation_id == 2
    assert bench.answers[one].leader == first
    assert bench.states() == [
        "PreparingRebalance",
        "CompletingRebalance",
        "Stable",
        "PreparingRebalance",
        "CompletingRebalance",
    ]


def test_who_does_not_join_again_is_out_after_the_rebalance_timeout(bench: Bench) -> None:
    first, second = bench.stable("one", "two")
    again = bench.join(first)
    for _ in range(7):  # the other lives, but does not join
        bench.sleep(8000)
        assert bench.heartbeat(second, 1) is E.REBALANCE_IN_PROGRESS
    assert again not in bench.answers
    bench.sleep(4000)
    assert bench.answers[again].generation_id == 2
    assert bench.heartbeat(second, 1) is E.UNKNOWN_MEMBER_ID
    assert ("MemberLeft", "g", second, "did not join in time") in bench.events


def test_who_does_not_sync_is_out_after_the_rebalance_timeout(bench: Bench) -> None:
    first, second = bench.member_id(), bench.member_id()
    bench.join(first)
    bench.join(second)
    bench.sleep(6000)
    bench.sync(first, 1, {first: assignment("orders", 0)})
    for _ in range(12):
        assert bench.heartbeat(second, 1) is E.NONE
        assert bench.heartbeat(first, 1) is E.NONE
        bench.sleep(5000)
    assert bench.heartbeat(second, 1) is E.UNKNOWN_MEMBER_ID
    assert bench.heartbeat(first, 1) is E.REBALANCE_IN_PROGRESS


def test_the_last_to_leave_makes_the_group_empty(bench: Bench) -> None:
    (member,) = bench.stable("one")
    identity = cg.MemberIdentity(member_id=member, reason="done")
    answer = bench.ask(cg.LeaveGroupRequest(group_id="g", members=(identity,)))
    assert [each.error_code for each in answer.members] == [0]
    assert (bench.view().state, bench.view().generation) == ("Empty", 2)
    assert ("MemberLeft", "g", member, "done") in bench.events
    assert bench.heartbeat(member, 2) is E.UNKNOWN_MEMBER_ID


def test_a_batch_of_leaves_names_each_error(bench: Bench) -> None:
    first, second = bench.stable("one", "two")
    identities = tuple(cg.MemberIdentity(member_id=who) for who in (second, "stranger"))
    answer = bench.ask(cg.LeaveGroupRequest(group_id="g", members=identities))
    assert [each.error_code for each in answer.members] == [0, E.UNKNOWN_MEMBER_ID]
    assert bench.heartbeat(first, 1) is E.REBALANCE_IN_PROGRESS


def test_a_silent_member_is_out_after_its_session_timeout(bench: Bench) -> None:
    first, _ = bench.stable("one", "two")
    bench.sleep(9000)
    assert bench.heartbeat(first, 1) is E.NONE
    bench.sleep(1000)
    assert bench.heartbeat(first, 1) is E.REBALANCE_IN_PROGRESS
    assert [member.member_id for member in bench.view().members] == [first]
    again = bench.join(first)
    assert bench.answers[again].generation_id == 2


def test_those_who_waited_for_a_leader_that_died_outlive_it(bench: Bench) -> None:
    """All sessions end at one instant; the leader's end gives the others, who wait, new ones."""
    leader, *others = (bench.member_id() for _ in range(3))
    for member in (leader, *others):
        bench.join(member)
    bench.sleep(6000)
    waiting = [bench.sync(member, 1) for member in others]
    bench.sleep(10_000)
    assert [bench.answers[ticket].error_code for ticket in waiting] == [E.REBALANCE_IN_PROGRESS] * 2
    assert [each.member_id for each in bench.view().members] == others
    joined = [bench.join(member) for member in others]
    assert [bench.answers[ticket].generation_id for ticket in joined] == [2, 2]


def test_all_silent_members_leave_an_empty_group(bench: Bench) -> None:
    bench.stable("one", "two")
    bench.sleep(100_000)
    assert (bench.view().state, bench.view().members) == ("Empty", ())


def test_another_generation_is_fenced(bench: Bench) -> None:
    (member,) = bench.stable("one")
    assert bench.heartbeat(member, 0) is E.ILLEGAL_GENERATION
    assert bench.answers[bench.sync(member, 2)].error_code == E.ILLEGAL_GENERATION
    assert bench.heartbeat("stranger", 1) is E.UNKNOWN_MEMBER_ID
    assert bench.answers[bench.sync("stranger", 1)].error_code == E.UNKNOWN_MEMBER_ID


def test_a_rebalance_ends_the_wait_for_an_assignment(bench: Bench) -> None:
    first, second = bench.member_id(), bench.member_id()
    bench.join(first)
    bench.join(second)
    bench.sleep(6000)
    waiting = bench.sync(second, 1)
    identity = cg.MemberIdentity(member_id=first)
    bench.ask(cg.LeaveGroupRequest(group_id="g", members=(identity,)))
    assert bench.answers[waiting].error_code == E.REBALANCE_IN_PROGRESS
    again = bench.join(second)
    assert bench.answers[again].leader == second


def test_asking_again_changes_nothing_for_a_follower(bench: Bench) -> None:
    first, second = bench.stable("one", "two")
    answer = bench.answers[bench.join(second)]
    assert (answer.generation_id, answer.leader, answer.members) == (1, first, ())
    assert bench.view().state == "Stable"


def test_a_changed_subscription_makes_the_group_rebalance(bench: Bench) -> None:
    _, second = bench.stable("one", "two")
    bench.join(second, topics=("orders", "audit"))
    assert bench.view().state == "PreparingRebalance"


def test_members_must_agree_on_a_protocol(bench: Bench) -> None:
    bench.stable("one")
    refused = bench.ask(join_request("g", "", protocols=("sticky",)))
    assert refused.error_code == E.INCONSISTENT_GROUP_PROTOCOL
    refused = bench.ask(join_request("g", "", protocol_type="connect"))
    assert refused.error_code == E.INCONSISTENT_GROUP_PROTOCOL
    refused = bench.ask(join_request("new", "", protocols=()))
    assert refused.error_code == E.INCONSISTENT_GROUP_PROTOCOL
    assert "new" not in bench.coordinator.groups


def test_a_full_group_takes_no_more() -> None:
    bench = Bench.make(group_max_size=1)
    bench.stable("one")
    assert bench.ask(join_request("g", "")).error_code == E.GROUP_MAX_SIZE_REACHED


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (join_request("", ""), E.INVALID_GROUP_ID),
        (join_request("g", "", session_timeout_ms=5), E.INVALID_SESSION_TIMEOUT),
        (join_request("g", "somebody"), E.UNKNOWN_MEMBER_ID),
        (cg.SyncGroupRequest(group_id=""), E.INVALID_GROUP_ID),
        (cg.SyncGroupRequest(group_id="g"), E.UNKNOWN_MEMBER_ID),
        (cg.HeartbeatRequest(group_id=""), E.INVALID_GROUP_ID),
        (cg.HeartbeatRequest(group_id="g"), E.UNKNOWN_MEMBER_ID),
        (cg.LeaveGroupRequest(group_id=""), E.INVALID_GROUP_ID),
    ],
)
def test_what_makes_no_sense_is_refused(bench: Bench, request_: object, error: E) -> None:
    assert bench.ask(request_).error_code == error


def test_an_expected_member_that_never_comes_is_forgotten(bench: Bench) -> None:
    bench.stable("one")
    pending = bench.member_id()
    bench.heartbeat(bench.view().members[0].member_id, 1)
    bench.sleep(9999)
    bench.heartbeat(bench.view().members[0].member_id, 1)
    bench.sleep(1)
    assert bench.answers[bench.join(pending)].error_code == E.UNKNOWN_MEMBER_ID


def test_old_versions_join_in_one_step_and_leave_one_by_one(bench: Bench) -> None:
    ticket = bench.send(join_request("g", "", rebalance_timeout_ms=-1), version=0)
    bench.sleep(10_000)
    answer = bench.answers[ticket]
    assert answer.generation_id == 1
    bench.ask(
        cg.SyncGroupRequest(group_id="g", generation_id=1, member_id=answer.member_id), version=0
    )
    leave = cg.LeaveGroupRequest(group_id="g", member_id=answer.member_id)
    assert bench.ask(leave, version=0).error_code == 0
    assert bench.ask(leave, version=2).error_code == E.UNKNOWN_MEMBER_ID


def test_a_group_whose_record_cannot_be_written_does_not_exist(bench: Bench) -> None:
    bench.writer.failure = E.NOT_ENOUGH_REPLICAS
    ticket = bench.send(join_request("g", ""), version=3)
    assert bench.answers[ticket].error_code == E.COORDINATOR_NOT_AVAILABLE
    assert "g" not in bench.coordinator.groups
    bench.writer.failure = None
    bench.stable("one")


def test_an_assignment_that_cannot_be_written_makes_the_group_rebalance(bench: Bench) -> None:
    member = bench.member_id()
    bench.join(member)
    bench.sleep(3000)
    bench.writer.failure = E.NOT_ENOUGH_REPLICAS
    ticket = bench.sync(member, 1, {member: assignment("orders", 0)})
    assert bench.answers[ticket].error_code == E.COORDINATOR_NOT_AVAILABLE
    assert bench.heartbeat(member, 1) is E.REBALANCE_IN_PROGRESS
    assert bench.view().members[0].partitions == ()


def test_an_assignment_that_is_never_committed_is_given_up(bench: Bench) -> None:
    member = bench.member_id()
    bench.join(member)
    bench.sleep(3000)
    bench.commits = False
    ticket = bench.sync(member, 1, {member: assignment("orders", 0)})
    bench.sleep(5000)
    assert bench.answers[ticket].error_code == E.COORDINATOR_NOT_AVAILABLE
    assert bench.view().state == "PreparingRebalance"
