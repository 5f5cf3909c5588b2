"""Members with a `group.instance.id` come back without a rebalance (KIP-345)."""

import pytest
from coordinator_bench import Bench, assignment, join_request

from kafkalab.errors import ErrorCode
from kafkalab.protocol.messages import classic_groups as cg

E = ErrorCode


@pytest.fixture
def bench() -> Bench:
    return Bench.make()


def stable_static(bench: Bench) -> str:
    ticket = bench.send(join_request("g", "", group_instance_id="till-1"))
    bench.sleep(3000)
    member = str(bench.answers[ticket].member_id)
    bench.sync(member, 1, {member: assignment("orders", 0)})
    assert bench.view().state == "Stable"
    return member


def test_a_static_member_is_named_after_its_instance_and_joins_in_one_step(bench: Bench) -> None:
    assert stable_static(bench).startswith("till-1-")


def test_it_comes_back_to_its_partitions_without_a_rebalance(bench: Bench) -> None:
    old = stable_static(bench)
    bench.sleep(5000)
    answer = bench.ask(join_request("g", "", group_instance_id="till-1"))
    new = answer.member_id
    assert new != old
    assert (answer.generation_id, answer.leader, answer.skip_assignment) == (1, new, True)
    assert bench.view().state == "Stable"
    synced = bench.answers[bench.sync(new, 1)]
    assert synced.assignment == assignment("orders", 0)
    assert bench.heartbeat(new, 1, "till-1") is E.NONE
    assert bench.heartbeat(old, 1, "till-1") is E.FENCED_INSTANCE_ID


def test_old_clients_are_told_of_the_old_leader_so_that_they_assign_nothing(bench: Bench) -> None:
    old = stable_static(bench)
    answer = bench.ask(join_request("g", "", group_instance_id="till-1"), version=8)
    assert (answer.leader, answer.members) == (old, ())


def test_its_new_id_is_told_when_it_is_committed_and_outlives_a_failover(bench: Bench) -> None:
    stable_static(bench)
    bench.commits = False
    ticket = bench.send(join_request("g", "", group_instance_id="till-1"))
    assert ticket not in bench.answers
    bench.commit()
    new = bench.answers[ticket].member_id
    other = bench.fail_over()
    assert other.heartbeat(new, 1, "till-1") is E.NONE


def test_an_id_that_cannot_be_written_is_taken_back(bench: Bench) -> None:
    old = stable_static(bench)
    bench.writer.failure = E.NOT_LEADER_OR_FOLLOWER
    answer = bench.ask(join_request("g", "", group_instance_id="till-1"))
    assert answer.error_code == E.NOT_COORDINATOR
    assert bench.heartbeat(old, 1, "till-1") is E.NONE


def test_another_protocol_makes_the_group_rebalance(bench: Bench) -> None:
    stable_static(bench)
    protocols = ("sticky", "range")
    answer = bench.ask(join_request("g", "", group_instance_id="till-1", protocols=protocols))
    assert (answer.generation_id, answer.protocol_name) == (2, "sticky")


def test_a_parked_twin_is_fenced(bench: Bench) -> None:
    first = bench.send(join_request("g", "", group_instance_id="till-1"))
    second = bench.send(join_request("g", "", group_instance_id="till-1"))
    assert bench.answers[first].error_code == E.FENCED_INSTANCE_ID
    bench.sleep(6000)
    assert bench.answers[second].generation_id == 1
    assert len(bench.view().members) == 1


def test_an_administrator_removes_it_by_its_instance(bench: Bench) -> None:
    stable_static(bench)
    identity = cg.MemberIdentity(member_id="", group_instance_id="till-1")
    answer = bench.ask(cg.LeaveGroupRequest(group_id="g", members=(identity,)))
    assert answer.members[0].error_code == 0
    assert bench.view().state == "Empty"


def test_a_late_static_member_keeps_its_place_in_the_next_generation(bench: Bench) -> None:
    late = {"session_timeout_ms": 100_000, "rebalance_timeout_ms": 20_000}
    ticket = bench.send(join_request("g", "", group_instance_id="till-1", **late))
    bench.sleep(3000)
    static = bench.answers[ticket].member_id
    bench.sync(static, 1, {static: assignment("orders", 0)})
    other = bench.join(bench.member_id(client="two"), client="two", **late)
    bench.sleep(19_999)
    assert other not in bench.answers
    bench.sleep(1)
    answer = bench.answers[other]
    assert [member.group_instance_id for member in answer.members] == ["till-1", None]
    assert answer.leader == answer.member_id != static


def test_if_nobody_joins_again_the_static_members_are_waited_for(bench: Bench) -> None:
    late = {"session_timeout_ms": 100_000, "rebalance_timeout_ms": 20_000}
    for name in ("till-1", "till-2"):
        bench.send(join_request("g", "", group_instance_id=name, **late))
    bench.sleep(6000)
    first, second = (member.member_id for member in bench.view().members)
    bench.sync(second, 1)
    bench.sync(first, 1, {first: assignment("orders", 0)})
    identity = cg.MemberIdentity(member_id=first)
    bench.ask(cg.LeaveGroupRequest(group_id="g", members=(identity,)))
    bench.sleep(20_000)
    assert (bench.view().state, len(bench.view().members)) == ("PreparingRebalance", 1)
    answer = bench.ask(join_request("g", second, group_instance_id="till-2", **late))
    assert (answer.generation_id, answer.leader) == (2, second)
