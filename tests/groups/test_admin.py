"""Groups listed, described and deleted."""

import pytest
from coordinator_bench import Bench, assignment, join_request, subscription

from kafkalab.errors import ErrorCode
from kafkalab.protocol.messages import group_admin as ga

E = ErrorCode


@pytest.fixture
def bench() -> Bench:
    return Bench.make(partitions=3)


def listed(bench: Bench, **filters: tuple[str, ...]) -> dict[str, str]:
    answer = bench.ask(ga.ListGroupsRequest(**filters))
    assert answer.error_code == 0
    return {group.group_id: group.group_state for group in answer.groups}


def test_groups_are_listed_by_state_and_type(bench: Bench) -> None:
    bench.stable("one")
    bench.offset_commit("", -1, {0: 5}, group="solo")
    assert listed(bench) == {"g": "Stable", "solo": "Empty"}
    assert listed(bench, states_filter=("stable", "Dead")) == {"g": "Stable"}
    assert listed(bench, types_filter=("Classic",)) == {"g": "Stable", "solo": "Empty"}
    assert listed(bench, types_filter=("consumer",)) == {}
    bench.ask(ga.ListGroupsRequest(), version=0)


def test_a_group_is_listed_when_its_record_is_committed(bench: Bench) -> None:
    bench.commits = False
    bench.send(join_request("g", ""))
    assert listed(bench) == {}
    assert bench.ask(ga.DescribeGroupsRequest(groups=("g",))).groups[0].group_state == "Dead"
    bench.commit()
    assert listed(bench) == {"g": "Empty"}


def test_every_group_asked_for_is_described(bench: Bench) -> None:
    (member,) = bench.stable("one")
    request = ga.DescribeGroupsRequest(groups=("nobody", "g"), include_authorized_operations=True)
    nobody, group = bench.ask(request).groups
    assert (nobody.error_code, nobody.group_state) == (E.GROUP_ID_NOT_FOUND, "Dead")
    assert (group.group_state, group.protocol_type, group.protocol_data) == (
        "Stable",
        "consumer",
        "range",
    )
    assert group.authorized_operations == 3400
    (described,) = group.members
    assert (described.member_id, described.client_id) == (member, "one")
    assert described.member_assignment == assignment("orders", 0)
    assert described.member_metadata == subscription("orders")


@pytest.mark.parametrize("version", range(6))
def test_a_group_nobody_knows_is_dead_without_an_error_in_old_versions(
    bench: Bench, version: int
) -> None:
    (group,) = bench.ask(ga.DescribeGroupsRequest(groups=("nobody",)), version=version).groups
    assert (group.error_code, group.group_state) == (0, "Dead")


def test_only_a_group_coordinated_here_is_described(bench: Bench) -> None:
    for partition in range(3):
        bench.coordinator.on_resigned(partition, bench.now)
    (group,) = bench.ask(ga.DescribeGroupsRequest(groups=("g",))).groups
    assert group.error_code == E.NOT_COORDINATOR


def test_empty_groups_are_deleted_with_their_offsets(bench: Bench) -> None:
    bench.stable("one")
    bench.offset_commit("", -1, {0: 5}, group="solo")
    bench.commits = False
    ticket = bench.send(ga.DeleteGroupsRequest(groups_names=("solo", "g", "nobody")))
    assert ticket not in bench.answers
    bench.commit()
    results = {each.group_id: each.error_code for each in bench.answers[ticket].results}
    assert results == {"solo": 0, "g": E.NON_EMPTY_GROUP, "nobody": E.GROUP_ID_NOT_FOUND}
    assert listed(bench) == {"g": "Stable"}
    assert bench.offsets("solo") == [-1] * 4
    assert list(bench.fail_over().coordinator.groups) == ["g"]


def test_deleting_nothing_is_answered(bench: Bench) -> None:
    assert bench.ask(ga.DeleteGroupsRequest()).results == ()
