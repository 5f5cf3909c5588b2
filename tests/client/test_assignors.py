"""What every assignor promises, whoever the members are: properties, beside Kafka's own answers
(`tests/vectors`).
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from kafkalab.client.assignors import ASSIGNORS, Assignments, Subscriber, without_racks
from kafkalab.ids import TopicPartition

TOPICS = ("a", "b", "c")
_PARTITIONS = st.fixed_dictionaries({topic: st.integers(0, 7) for topic in TOPICS})
_WANTS = st.lists(st.sets(st.sampled_from(TOPICS), min_size=1), min_size=1, max_size=6)
_NAMES = st.sampled_from(sorted(ASSIGNORS))
STICKY = ("sticky", "cooperative-sticky")


def members_of(wants: list[set[str]]) -> list[Subscriber]:
    return [Subscriber(f"m{index}", tuple(sorted(want))) for index, want in enumerate(wants)]


def owned(given: Assignments) -> list[TopicPartition]:
    return [partition for partitions in given.values() for partition in partitions]


@settings(max_examples=300, deadline=None)
@given(_NAMES, _PARTITIONS, _WANTS)
def test_all_that_anybody_wants_has_one_owner(
    name: str, partitions: dict[str, int], wants: list[set[str]]
) -> None:
    members = members_of(wants)
    given = ASSIGNORS[name](without_racks(partitions), members)
    assert given.keys() == {member.member_id for member in members}
    wanted = {topic for want in wants for topic in want}
    everything = [TopicPartition(t, n) for t in sorted(wanted) for n in range(partitions[t])]
    assert sorted(owned(given)) == everything
    for member in members:
        assert all(one.topic in member.topics for one in given[member.member_id])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(("roundrobin", *STICKY)), _PARTITIONS, st.integers(1, 6))
def test_who_want_the_same_get_as_much(name: str, partitions: dict[str, int], count: int) -> None:
    members = members_of([set(TOPICS)] * count)
    sizes = [len(each) for each in ASSIGNORS[name](without_racks(partitions), members).values()]
    assert max(sizes) - min(sizes) <= 1


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(STICKY), _PARTITIONS, _WANTS)
def test_nothing_moves_without_need(
    name: str, partitions: dict[str, int], wants: list[set[str]]
) -> None:
    """Asked again, the sticky ones say the same."""
    topics, members = without_racks(partitions), members_of(wants)
    first = ASSIGNORS[name](topics, members)
    again = ASSIGNORS[name](topics, [_after(member, first, 1) for member in members])
    assert {key: sorted(value) for key, value in again.items()} == {
        key: sorted(value) for key, value in first.items()
    }


@settings(max_examples=200, deadline=None)
@given(_PARTITIONS, st.integers(2, 6))
def test_who_stays_keeps_what_it_has(partitions: dict[str, int], count: int) -> None:
    """One leaves: all others keep everything, and share what it had."""
    topics, members = without_racks(partitions), members_of([set(TOPICS)] * count)
    first = ASSIGNORS["sticky"](topics, members)
    stay = [_after(member, first, 1) for member in members[1:]]
    after = ASSIGNORS["sticky"](topics, stay)
    for member in stay:
        assert set(member.owned) <= set(after[member.member_id])


@settings(max_examples=200, deadline=None)
@given(_PARTITIONS, _WANTS, _WANTS)
def test_cooperative_members_never_get_what_another_has(
    partitions: dict[str, int], before: list[set[str]], after: list[set[str]]
) -> None:
    """KIP-429: what must move is nobody's first, and its next owner's in a later rebalance."""
    topics, assign = without_racks(partitions), ASSIGNORS["cooperative-sticky"]
    given_now = assign(topics, members_of(before))
    members = members_of(after)
    wanted = {topic for want in after for topic in want}
    for generation in range(1, 9):
        members = [_after(member, given_now, generation) for member in members]
        given_now = assign(topics, members)
        for member in members:
            for other in members:
                if other is not member:
                    assert not set(given_now[member.member_id]) & set(other.owned)
        if len(owned(given_now)) == sum(partitions[topic] for topic in wanted):
            return
    raise AssertionError("something moves for ever")


def _after(member: Subscriber, given: Assignments, generation: int) -> Subscriber:
    """The member once it has what it was given."""
    mine = tuple(given.get(member.member_id, ()))
    return member._replace(owned=mine, generation=generation)
