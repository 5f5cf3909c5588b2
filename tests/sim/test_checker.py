"""Each rule of the history checker, against one history that breaks it and one that does not."""

from collections.abc import Callable

import pytest

from kafkalab.sim.checker import RULES, check
from kafkalab.sim.client_history import ClientHistory, Sender


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
