"""The predictions of lesson 06.

Read next: `lesson_06`, its exercises.
"""

from typing import Final

from lab.checking.definitions import Choice, Prediction
from lab.exercises.misconceptions import HEARTBEAT_IS_LIFE, MORE_IS_FASTER, REBALANCE_STOPS_ALL

PREDICTIONS: Final = (
    Prediction(
        id="06.five",
        question="Four partitions. One member does 4 orders a second. How many do five members do?",
        choices=(
            Choice(
                key="a",
                words="20: five times as many.",
                because=(
                    "A partition is read by one member of a group, so that its order is kept. Four "
                    "partitions keep four members busy; the fifth waits."
                ),
                misconception=MORE_IS_FASTER,
            ),
            Choice(key="b", words="16, as four do.", because=""),
            Choice(
                key="c",
                words="Less than 16: the fifth is in the way.",
                because="It costs a rebalance when it comes. After that it only waits.",
            ),
        ),
        judge=lambda four, five: "a" if five > four * 1.1 else "c" if five < four * 0.9 else "b",
        evidence="Four did {four:.0f} orders a second, five did {five:.0f}.",
        concepts=("group: idle",),
    ),
    Prediction(
        id="06.who",
        question=(
            "Three members, four partitions. Who works out who reads what, in the protocol that "
            "clients use by default?"
        ),
        choices=(
            Choice(
                key="a",
                words="The coordinator, a broker.",
                because=(
                    "It knows who is there, and passes the result on. To it the result is bytes "
                    "that it passes on unread. (With KIP-848 you would be right.)"
                ),
            ),
            Choice(key="b", words="One of the members, for all.", because=""),
            Choice(
                key="c",
                words="Each member for itself: all know the same rule.",
                because="Then all would have to know of all; only one of them is told.",
            ),
        ),
        judge=lambda senders: "abc"[min(len(senders), 2)],
        evidence="The shares of all three were sent by: {senders[0]}.",
        concepts=("group: one owner",),
    ),
    Prediction(
        id="06.dies",
        question=(
            "Four members, a partition each. Ben's process is killed. How long is it until "
            "somebody reads his partition again?"
        ),
        choices=(
            Choice(
                key="a",
                words="At once: his connections break, and the broker sees that.",
                because=(
                    "It sees it, and thinks nothing of it: clients lose connections all day. "
                    "Who is in the group goes by goodbyes and by sessions."
                ),
            ),
            Choice(
                key="b",
                words="3 seconds: then his next heartbeat is missing.",
                because="One missing heartbeat is no death; they are lost, or late, all day.",
            ),
            Choice(
                key="c",
                words="45 seconds: so long the coordinator waits for a heartbeat.",
                because="",
            ),
        ),
        judge=lambda stopped: "a" if stopped < 2 else "b" if stopped < 12 else "c",
        evidence="It stood still for {stopped:.1f} s.",
        concepts=("group: reassigned",),
    ),
    Prediction(
        id="06.static",
        question=(
            "Now every member has a `group.instance.id`. Ben's process is *killed*, and a new "
            "one is there after five seconds. With which protocols does it get his partition "
            "back at once?"
        ),
        choices=(
            Choice(
                key="a",
                words="With all three: that is what the name is for.",
                because=(
                    "With KIP-848 a name must be given back before another process takes it, "
                    "and who is killed gives nothing back."
                ),
            ),
            Choice(key="b", words="With eager and cooperative.", because=""),
            Choice(
                key="c",
                words="With KIP-848 alone, the newest.",
                because="The name is older: KIP-345 gave it to the classic protocol, in 2.3.",
            ),
        ),
        judge=lambda eager, cooperative, newest: (
            "a" if max(eager, cooperative, newest) < 10 else "b" if eager < 10 else "c"
        ),
        evidence=(
            "Partition-seconds stopped: eager {eager}, cooperative {cooperative}, KIP-848 {newest}."
        ),
        concepts=("group: reassigned",),
    ),
    Prediction(
        id="06.stop",
        question=(
            "Three members work; Ann has just begun an order that takes ten seconds. Dan joins. "
            "With which protocol do partitions of Ben and Cleo stand still meanwhile?"
        ),
        choices=(
            Choice(
                key="a",
                words="With all three: a rebalance stops the group.",
                because=(
                    "That was so until 2.4. Cooperative members and those of KIP-848 go on with "
                    "what they keep."
                ),
                misconception=REBALANCE_STOPS_ALL,
            ),
            Choice(key="b", words="With the eager one.", because=""),
            Choice(
                key="c",
                words="With none: Dan just gets what Ann does not need.",
                because=(
                    "An eager member gives up *everything* before it joins again, and nobody is "
                    "given anything before the last, Ann, has joined."
                ),
            ),
        ),
        judge=lambda eager, cooperative, newest: (
            "a" if min(eager, cooperative, newest) > 1 else "b" if eager > 1 else "c"
        ),
        evidence=(
            "Stopped at once, at most: eager {eager}, cooperative {cooperative}, KIP-848 {newest}."
        ),
        concepts=("group: reassigned",),
    ),
    Prediction(
        id="06.slow",
        question=(
            "`max.poll.interval.ms` is 10 s, `session.timeout.ms` 6 s. Ann's handler takes 30 s "
            "for one order; her client goes on sending heartbeats. What happens to that order?"
        ),
        choices=(
            Choice(
                key="a",
                words="Ann does it, after 30 s: her heartbeats say that she is alive.",
                because=(
                    "Heartbeats come from a thread of the client, and go on whatever the handler "
                    "does. So there is a second limit: how long between two polls."
                ),
                misconception=HEARTBEAT_IS_LIFE,
            ),
            Choice(
                key="b",
                words="After 6 s she is out, and Ben does it. She stops.",
                because="The session has not ended: her heartbeats come. And nobody stops her.",
            ),
            Choice(key="c", words="After 10 s she is out; both do it.", because=""),
        ),
        judge=lambda after, by: "c" if len(by) > 1 else "b" if after else "a",
        evidence="Out after {after} s; done by {by}.",
        concepts=("group: reassigned",),
    ),
)
