"""Each rule of the history checker, against one history that breaks it and one that does not."""

from collections.abc import Callable

import pytest

from kafkalab.ids import TopicPartition
from kafkalab.sim.checker import RULES, check
from kafkalab.sim.client_history import ClientHistory, Sender
from kafkalab.sim.written_as import WrittenAs


def history(*, acks: int = -1, is_idempotent: bool = True) -> ClientHistory:
    """A producer p, members m and n of a group g, an auditor a; one topic, one partition."""
    clock = iter(range(1_000_000))
    made = ClientHistory(lambda: next(clock))
    made.senders["p"] = Sender(acks, is_idempotent)
    made.members.update(m="g", n="g")
    made.auditors["a"] = None
    return made


def wrote(made: ClientHistory, *values: str, at: int = 0) -> None:
    for offset, value in enumerate(values, at):
        made.note("p", "sent", "t", value=value.encode())
        made.note("p", "acked", "t", 0, offset, value.encode())


def read(made: ClientHistory, client: str, *found: tuple[int, str]) -> None:
    for offset, value in found:
        made.note(client, "polled", "t", 0, offset, value.encode())


def good() -> ClientHistory:
    made = history()
    wrote(made, "x", "y", "z")
    made.note("m", "assigned", "t", 0)
    read(made, "m", (0, "x"), (1, "y"))
    made.note("m", "lost", "t", 0)
    read(made, "n", (1, "y"), (2, "z"))  # again, after a rebalance: at least once
    read(made, "a", (0, "x"), (1, "y"), (2, "z"))
    return made


def lost_write() -> ClientHistory:
    made = history()
    wrote(made, "x", "y", "z")
    read(made, "m", (0, "x"), (2, "z"))
    return made


def unseen() -> ClientHistory:
    made = history()
    wrote(made, "x", "y")
    read(made, "a", (0, "x"))
    return made


def duplicate() -> ClientHistory:
    made = history()
    wrote(made, "x")
    read(made, "a", (0, "x"), (1, "x"))
    return made


def inconsistent_offsets() -> ClientHistory:
    made = history()
    wrote(made, "x", "y")
    read(made, "a", (0, "x"), (1, "y"))
    read(made, "m", (0, "y"))
    return made


def acknowledged_elsewhere() -> ClientHistory:
    made = history()
    wrote(made, "x", at=7)
    read(made, "a", (0, "x"))
    return made


def never_sent() -> ClientHistory:
    made = history()
    read(made, "a", (0, "x"))
    return made


def nonmonotonic_poll() -> ClientHistory:
    made = history()
    wrote(made, "x", "y")
    read(made, "a", (0, "x"), (1, "y"), (0, "x"))
    return made


def skipping_poll() -> ClientHistory:
    made = history()
    wrote(made, "x", "y", "z")
    read(made, "a", (0, "x"), (1, "y"), (2, "z"))
    read(made, "m", (0, "x"), (2, "z"))
    return made


def nonmonotonic_send() -> ClientHistory:
    made = history()
    made.note("p", "sent", "t", value=b"x")
    made.note("p", "sent", "t", value=b"y")
    read(made, "a", (0, "y"), (1, "x"))
    return made


def skipped_by_the_group() -> ClientHistory:
    made = history()
    wrote(made, "x", "y", "z")
    read(made, "a", (0, "x"), (1, "y"), (2, "z"))
    read(made, "m", (0, "x"))
    made.note("m", "revoked", "t", 0)
    read(made, "n", (2, "z"))
    return made


def lost_commit() -> ClientHistory:
    made = history()
    made.careful_groups["g"] = None
    wrote(made, "x", "y", "z")
    made.note("m", "assigned", "t", 0)
    read(made, "m", (0, "x"))
    made.note("m", "committing", "t", 0, 1)
    made.note("m", "committed", "t", 0, 1)
    made.note("n", "assigned", "t", 0)
    read(made, "n", (0, "x"))
    return made


def forgotten_at_the_end() -> ClientHistory:
    made = history()
    made.careful_groups["g"] = None
    made.note("m", "committing", "t", 0, 1)
    made.note("m", "committed", "t", 0, 1)
    made.note("g", "group_has", "t", 0, -1001)
    return made


def a_transaction(made: ClientHistory, *values: str, ends: tuple[str, ...]) -> None:
    """Begun, written at offsets from 0 on, and what came of it."""
    made.senders["p"] = Sender(-1, is_idempotent=True, is_transactional=True)
    for offset, value in enumerate(values):
        made.note("p", "sent", "t", value=value.encode(), transaction="p#1")
        made.note("p", "acked", "t", 0, offset, value.encode(), transaction="p#1")
    for what in ends:
        made.note("p", what, transaction="p#1")


COMMITTED = ("txn_commit_asked", "txn_committed")


def aborted_read() -> ClientHistory:
    made = history()
    a_transaction(made, "x", ends=("txn_aborted",))
    read(made, "m", (0, "x"))
    return made


def precommitted_read() -> ClientHistory:
    made = history()
    a_transaction(made, "x", ends=())
    read(made, "m", (0, "x"))
    made.note("p", "txn_commit_asked", transaction="p#1")
    return made


def processed_twice() -> ClientHistory:
    made = history()
    a_transaction(made, "w/1:s-0@4", "w/2:s-0@4", ends=COMMITTED)
    read(made, "a", (0, "w/1:s-0@4"), (1, "w/2:s-0@4"))
    return made


def passed_over() -> ClientHistory:
    made = history()
    a_transaction(made, "w/1:s-0@1", ends=COMMITTED)
    made.note("p", "sent", "s", value=b"v")
    made.note("a", "polled", "s", 0, 0, b"v")
    read(made, "a", (0, "w/1:s-0@1"))
    return made


BROKEN: dict[str, tuple[Callable[[], ClientHistory], ...]] = {
    "lost write": (lost_write,),
    "unseen": (unseen,),
    "duplicate": (duplicate,),
    "inconsistent offsets": (inconsistent_offsets, acknowledged_elsewhere),
    "never sent": (never_sent,),
    "nonmonotonic poll": (nonmonotonic_poll,),
    "skipping poll": (skipping_poll,),
    "nonmonotonic send": (nonmonotonic_send,),
    "skipped by the group": (skipped_by_the_group,),
    "lost commit": (lost_commit, forgotten_at_the_end),
    "aborted read": (aborted_read,),
    "precommitted read": (precommitted_read,),
    "processed twice": (processed_twice,),
    "passed over": (passed_over,),
}


def test_every_rule_has_a_history_that_breaks_it() -> None:
    assert list(BROKEN) == list(RULES)


def test_a_good_history_has_nothing_against_it() -> None:
    assert [str(anomaly) for anomaly in check(good())] == []


@pytest.mark.parametrize(
    ("rule", "make"), [(rule, make) for rule, makes in BROKEN.items() for make in makes]
)
def test_a_rule_finds_what_it_is_for(rule: str, make: Callable[[], ClientHistory]) -> None:
    assert rule in [anomaly.rule for anomaly in check(make())]


def test_what_was_not_promised_is_not_asked_for() -> None:
    with_one_ack = history(acks=1, is_idempotent=False)
    wrote(with_one_ack, "x", "y")
    read(with_one_ack, "a", (0, "y"))
    assert list(check(with_one_ack)) == []
    unclean = unseen()
    unclean.unreliable["t"] = None
    assert list(check(unclean)) == []


def test_an_idempotent_producer_that_gave_a_record_up_may_repeat_others() -> None:
    made = duplicate()
    made.note("p", "failed", "t", 0, value=b"z", error="_MSG_TIMED_OUT")
    assert list(check(made)) == []


def test_values_of_transactions_that_were_not_committed_may_be_missing() -> None:
    made = history()
    a_transaction(made, "x", "y", ends=("txn_aborted",))
    assert list(check(made)) == [], "nobody need see them"
    made.uncommitted["m"] = None
    read(made, "m", (0, "x"), (1, "y"))
    assert list(check(made)) == [], "who reads uncommitted values may"
    committed = history()
    a_transaction(committed, "x", "y", ends=COMMITTED)
    read(committed, "a", (0, "x"))
    assert [each.rule for each in check(committed)] == ["unseen"]


def test_a_commit_whose_answer_was_lost_may_come_late() -> None:
    made = history()
    made.careful_groups["g"] = None
    made.note("m", "committing", "t", 0, 1)
    made.note("m", "not_committed", "t", 0, 1, error="_TIMED_OUT")
    made.note("m", "committing", "t", 0, 2)
    made.note("m", "committed", "t", 0, 2)
    made.note("g", "group_has", "t", 0, 1)
    assert list(check(made)) == []


def test_of_a_compacted_topic_the_last_of_each_key_must_stay() -> None:
    made = history()
    made.compacted["t"] = None
    for offset, (value, key) in enumerate([("x", "k"), ("y", "other"), ("z", "k")]):
        made.note("p", "sent", "t", value=value.encode(), key=key)
        made.note("p", "acked", "t", 0, offset, value.encode())
    read(made, "a", (1, "y"), (2, "z"))
    assert list(check(made)) == []
    made.ops[-2] = made.ops[-1]  # nor was the only value of the other key there
    assert "lost write" in [each.rule for each in check(made)]


def test_a_broker_that_lost_records_makes_an_idempotent_producer_begin_anew() -> None:
    """It begins a new epoch on all partitions, and what was in doubt on another comes twice."""
    made = duplicate()
    made.note("p", "sent", "lossy", value=b"elsewhere")
    assert [each.rule for each in check(made)] == ["duplicate"]
    made.unreliable["lossy"] = None
    assert list(check(made)) == []


def test_of_a_value_sent_twice_compaction_may_have_left_the_first() -> None:
    made = history(is_idempotent=False)
    made.note("p", "sent", "t", value=b"x", key="k")
    read(made, "m", (0, "x"))
    made.note("p", "acked", "t", 0, 1, b"x")
    assert "inconsistent offsets" in [each.rule for each in check(made)]
    made.compacted["t"] = None
    made.note("p", "sent", "t", value=b"y", key="k")
    made.note("p", "acked", "t", 0, 2, b"y")
    read(made, "a", (2, "y"))
    assert list(check(made)) == []


def in_epochs(made: ClientHistory, *epochs: int) -> ClientHistory:
    """Its records were written in these, offset by offset, by a producer that may begin anew."""
    made.note("p", "sent", "lossy", value=b"elsewhere")
    made.unreliable["lossy"] = None
    for offset, epoch in enumerate(epochs):
        made.written_as[TopicPartition("t", 0), offset] = WrittenAs(7, epoch)
    return made


def test_a_value_may_come_once_in_each_epoch_of_its_producer() -> None:
    def twice(acked_at: int) -> ClientHistory:
        made = history()
        made.note("p", "sent", "t", value=b"x")
        made.note("p", "acked", "t", 0, acked_at, b"x")
        read(made, "a", (0, "x"), (1, "x"))
        return made

    assert list(check(in_epochs(twice(1), 0, 1))) == []
    assert [each.rule for each in check(in_epochs(twice(1), 1, 1))] == ["duplicate"]
    # What was acknowledged in one epoch is not sent again in the next.
    assert [each.rule for each in check(in_epochs(twice(0), 0, 1))] == ["duplicate"]


def test_in_each_epoch_values_stand_in_the_order_they_were_sent_in() -> None:
    assert list(check(in_epochs(nonmonotonic_send(), 0, 1))) == []
    rules = [each.rule for each in check(in_epochs(nonmonotonic_send(), 1, 1))]
    assert rules == ["nonmonotonic send"]
