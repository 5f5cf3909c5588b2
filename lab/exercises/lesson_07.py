"""Lesson 07, replication: who has a record, who may lead, and what a receipt then promises.

Read next: `stories_07`, what is run.
"""

from typing import Any, Final

from lab.checking.behaviour import under_faults
from lab.checking.definitions import Choice, Exercise, Prediction
from lab.checking.outcome import Right, Wrong
from lab.exercises.misconceptions import MAJORITY_IS_ISR, READS_THE_LEADER_END, RF_SURVIVES
from lab.exercises.stories_07 import Mistaken, compare, judge_shop

_SETTINGS: Final = ("acks", "min.insync.replicas", "unclean.leader.election.enable")
_ONLY_ALL: Final = "min.insync.replicas binds only those who ask for acks=all"
_ALL_THREE: Final = "a minimum of all copies stops when one is away"
_UNCLEAN: Final = "a leader that was not in sync lacks what was acknowledged"
_OUTSIDE: Final = "a replica outside the ISR holds nobody up"
_LEADER_TOO: Final = "the leader is one of its in-sync replicas, and may be the only one"
_LONGEST: Final = "the longest log does not make a leader"
_ANYBODY: Final = "being alive does not make a leader"
_PREFERRED: Final = "among those with all that is committed, the order of the replicas decides"
_LAST: Final = "an unclean election is the last resort"
_ISR_FIRST: Final = "the ELR may lead only when nobody is in sync"
_NO_ELR: Final = "whoever left an ISR that was too small still has all that is committed"


def _judge_settings(answer: Any) -> Right:
    if not isinstance(answer, dict) or set(answer) != set(_SETTINGS):
        raise Wrong("what a setting is", f"give a dict with {', '.join(_SETTINGS)}")
    acks, min_isr, unclean = (str(answer[key]).lower() for key in _SETTINGS)
    acks = "all" if acks == "-1" else acks
    if acks not in ("0", "1", "all") or min_isr not in "123" or unclean not in ("true", "false"):
        words = "acks is '0', '1' or 'all', the minimum 1 to 3, the last True or False"
        raise Wrong("what a setting may be", words)
    return _judge_shop(acks, int(min_isr), unclean == "true")


def _judge_shop(acks: str, min_isr: int, unclean: bool) -> Right:
    if acks != "all":
        idea = _ONLY_ALL
    elif min_isr == 1:
        idea = RF_SURVIVES
    else:
        idea = _ALL_THREE if min_isr == 3 else _UNCLEAN
    replay = (
        "from lab import ClusterView\nfrom lab.exercises.stories_07 import shop\n"
        f"run = shop({{seed}}, {acks!r}, {min_isr}, {unclean})\n"
        "print('with a receipt:', run.receipts)\nprint('readable:', sorted(run.kept))\n"
        "ClusterView(run.sim)"
    )
    survey = under_faults(lambda seed: judge_shop(seed, acks, min_isr, unclean), range(12))
    return survey.verdict(
        "Every receipt held, and one missing broker stopped nobody.", idea, replay
    )


def _judge_watermark(answer: Any) -> Right:
    seeds, held, worst = range(6), 0, None
    for seed in seeds:
        try:
            compare(answer, seed)
        except Mistaken as mistaken:
            worst = worst or (seed, mistaken)
        else:
            held += 1
    if worst is None:
        return Right(f"As the engine's leaders reckon, in all {len(seeds)} runs.")
    seed, mistaken = worst
    said, seen = mistaken.said, mistaken.seen
    replay = (
        "from lab.exercises.stories_07 import leaders\n"
        f"for seen in leaders({seed}):\n    print(seen)"
    )
    words = (
        f"With ends {seen.ends}, ISR {seen.isr} and leader {seen.id} it says {said!r}; "
        f"the engine's leader said {seen.high_watermark}."
    )
    idea = _LEADER_TOO if seen.isr == (seen.id,) else _idea(answer)
    raise Wrong(idea, words, score=held / len(seeds), replay=replay)


def _idea(answer: Any) -> str:
    """Which known mistake a rule is, if it is one."""
    cases = (
        ({1: 9, 2: 4, 3: 7}, (1, 2, 3), 1),
        ({1: 9, 2: 4, 3: 7}, (1, 3), 1),
        ({1: 9, 2: 4, 3: 7}, (1,), 1),
        ({1: 6, 2: 8, 3: 3}, (1, 2), 2),
    )
    said = [answer(dict(ends), isr, leader) for ends, isr, leader in cases]
    known = {
        READS_THE_LEADER_END: [ends[leader] for ends, _, leader in cases],
        MAJORITY_IS_ISR: [sorted(ends.values())[1] for ends, _, _ in cases],
        _OUTSIDE: [min(ends.values()) for ends, _, _ in cases],
    }
    found = (idea for idea, other in known.items() if said == other)
    return next(found, "committed is what every in-sync replica has")


_ELECTIONS: Final = (
    # replicas, isr, elr, alive, ends, unclean: who, the idea of those who say otherwise, why
    ((1, 2, 3), (1, 2, 3), (), {1, 2, 3}, {1: 9, 2: 9, 3: 9}, False, 1, _ANYBODY, "all in sync"),
    ((1, 2, 3), (1, 3), (), {2, 3}, {1: 9, 2: 4, 3: 9}, False, 3, _ANYBODY, "2 is not in sync"),
    ((3, 1, 2), (1, 2), (), {1, 2}, {1: 8, 2: 9, 3: 4}, False, 1, _LONGEST, "both have what is "
     "committed; what 2 has beyond that was never acknowledged by all"),
    ((1, 2, 3), (1, 2), (), {2, 3}, {1: 9, 2: 8, 3: 9}, False, 2, _LONGEST, "3 is out of the ISR: "
     "how long its log is says nothing about what is in it"),
    ((1, 2, 3), (1,), (), {2, 3}, {1: 9, 2: 4, 3: 6}, False, None, _ANYBODY, "1 alone is in sync, "
     "and down; unclean election is not allowed"),
    ((1, 2, 3), (), (2, 1), {2, 3}, {1: 9, 2: 8, 3: 4}, False, 2, _NO_ELR, "2 is in the ELR"),
    ((1, 2, 3), (), (2, 1), {1, 2}, {1: 8, 2: 8, 3: 4}, False, 1, _PREFERRED, "both are in the "
     "ELR, and 1 comes first in the replicas"),
    ((1, 2, 3), (1,), (), {2, 3}, {1: 9, 2: 4, 3: 6}, True, 2, _LONGEST, "unclean takes the first "
     "replica that lives, and does not ask how long its log is"),
    ((1, 2, 3), (3,), (), {2, 3}, {1: 9, 2: 4, 3: 9}, True, 3, _LAST, "3 is in sync and lives, so "
     "nobody has to take less"),
    ((1, 2, 3), (3,), (2,), {2, 3}, {1: 9, 2: 8, 3: 9}, False, 3, _ISR_FIRST, "3 is in the ISR; "
     "the ELR counts only when that is empty (PartitionChangeBuilder.isValidNewLeader)"),
)  # fmt: skip


def _judge_elect(answer: Any) -> Right:
    for replicas, isr, elr, alive, ends, unclean, who, idea, why in _ELECTIONS:
        said = answer(replicas, isr, elr, set(alive), dict(ends), unclean)
        if said != who:
            words = (
                f"replicas {replicas}, ISR {isr}, ELR {elr}, alive {sorted(alive)}, log ends {ends}"
                f", unclean {unclean}: it elects {said!r}, Kafka {who}: {why}."
            )
            raise Wrong(idea, words)
    return Right("In the ISR, else in the ELR, else nobody, unless you allow worse.")


COVERS: Final = {
    "broker": "1. One leader, two followers",
    "broker: picture": "1. One leader, two followers",
    "replication": "1. One leader, two followers",
    "replication: leader": "1. One leader, two followers",
    "replication: followers": "1. One leader, two followers",
    "replication: isr": "2. A follower falls silent",
    "replication: factor 3": "3. What the settings promise",
    "guarantee: durability": "3. What the settings promise",
}

EXERCISES: Final = (
    Exercise(
        id="07.1",
        title="Settings for a shop that must not lose, and must not stop",
        question=(
            "Three brokers, replication factor 3. Choose `acks`, `min.insync.replicas` and "
            "`unclean.leader.election.enable` so that no order with a receipt is ever lost and the "
            "shop goes on when one broker is down. Your settings run in 12 shops with three kinds "
            "of misfortune: both followers are cut off and then the leader is lost; two brokers "
            "crash while the third is behind; one broker is away for long."
        ),
        stub=(
            "settings = ...   # such as {'acks': '1', 'min.insync.replicas': 1,\n"
            "                 #          'unclean.leader.election.enable': False}"
        ),
        answer="settings",
        judge=_judge_settings,
        hints=(
            "How few brokers may have an order when its receipt is given? Ask for each setting.",
            "`acks=all` waits for the in-sync replicas, and they may be few: what keeps them from "
            "being one?",
            "Two copies before each receipt; three would stop you with one broker down. And who is "
            "behind must not lead.",
        ),
        tempting={
            "settings = {'acks': 'all', 'min.insync.replicas': 1, "
            "'unclean.leader.election.enable': False}": RF_SURVIVES,
            "settings = {'acks': '1', 'min.insync.replicas': 2, "
            "'unclean.leader.election.enable': False}": _ONLY_ALL,
            "settings = {'acks': 'all', 'min.insync.replicas': 3, "
            "'unclean.leader.election.enable': False}": _ALL_THREE,
            "settings = {'acks': 'all', 'min.insync.replicas': 2, "
            "'unclean.leader.election.enable': True}": _UNCLEAN,
        },
        concepts=("replication: factor 3", "guarantee: durability", "replication: isr"),
        is_behaviour=True,
    ),
    Exercise(
        id="07.2",
        title="The high watermark",
        question=(
            "Write the leader's rule. `ends` says where each replica's log ends, as far as the "
            "leader knows; `isr` are the in-sync replicas, `leader` is one of them. Return the "
            "high watermark. Your rule runs beside leaders of the engine: one follower is cut "
            "off, the other is slow, and then cut off as well. (The topic's "
            "`min.insync.replicas` is 1, so the minimum never holds it back.)"
        ),
        stub=(
            "def high_watermark(ends, isr, leader):   # {1: 9, 2: 4, 3: 7}, (1, 3), 1\n"
            "    raise NotImplementedError   # your code here"
        ),
        answer="high_watermark",
        judge=_judge_watermark,
        hints=(
            "A record is committed when every in-sync replica has it.",
            "Which replica of the ISR is furthest behind?",
            "`min(ends[id] for id in …)`",
        ),
        tempting={
            "def high_watermark(ends, isr, leader):\n    return ends[leader]": READS_THE_LEADER_END,
            "def high_watermark(ends, isr, leader):\n"
            "    return sorted(ends.values())[len(ends) // 2]": MAJORITY_IS_ISR,
            "def high_watermark(ends, isr, leader):\n    return min(ends.values())": _OUTSIDE,
            "def high_watermark(ends, isr, leader):\n"
            "    return min([ends[id] for id in isr if id != leader], default=0)": _LEADER_TOO,
        },
        concepts=("replication: isr", "replication: followers"),
        is_behaviour=True,
    ),
    Exercise(
        id="07.3",
        title="Elect a leader",
        question=(
            "Write the controller's rule. The old leader is gone. Who leads? `replicas` in their "
            "order, the preferred one first; `isr`, `elr`; `alive`, a set; `ends`, where each log "
            "ends; `unclean`, whether the topic allows an unclean election. Return a broker, or "
            "`None` for nobody. Where several may lead, the first of them in `replicas` does."
        ),
        stub=(
            "def elect(replicas, isr, elr, alive, ends, unclean):\n"
            "    raise NotImplementedError   # your code here"
        ),
        answer="elect",
        judge=_judge_elect,
        hints=(
            "Not all arguments matter. Which brokers are known to have all that is committed?",
            "First the ISR; if nobody is in it, the ELR. Both in the order of the replicas.",
            "Then, only if `unclean`, the first of the replicas that is alive. Else `None`.",
        ),
        tempting={
            "def elect(replicas, isr, elr, alive, ends, unclean):\n"
            "    return max(sorted(alive), key=ends.get, default=None)": _LONGEST,
            "def elect(replicas, isr, elr, alive, ends, unclean):\n"
            "    return next((b for b in replicas if b in alive), None)": _ANYBODY,
            "def elect(replicas, isr, elr, alive, ends, unclean):\n"
            "    return max((b for b in isr if b in alive), key=ends.get, default=None)": _LONGEST,
            "def elect(replicas, isr, elr, alive, ends, unclean):\n"
            "    good = [b for b in replicas if b in isr and b in alive]\n"
            "    rest = [b for b in replicas if b in alive] if unclean else []\n"
            "    return next(iter(good + rest), None)": _NO_ELR,
            "def elect(replicas, isr, elr, alive, ends, unclean):\n"
            "    good = replicas if unclean else [*isr, *elr]\n"
            "    return next((b for b in replicas if b in good and b in alive), None)": _LAST,
        },
        concepts=("replication: leader", "broker"),
    ),
)

PREDICTIONS: Final = (
    Prediction(
        id="07.watermark",
        question=(
            "Broker 2, a follower, hears nothing from the leader any more. Six more orders are "
            "written with `acks=1`: the leader has ten, broker 3 has ten, broker 2 has four. How "
            "many can a consumer read?"
        ),
        choices=(
            Choice(
                key="a",
                words="Ten: the leader has them.",
                because=(
                    "The leader shows a consumer only what every in-sync replica has, so that "
                    "nobody reads what a crash of the leader could take away."
                ),
                misconception=READS_THE_LEADER_END,
            ),
            Choice(
                key="b",
                words="Ten: two of three have them, a majority.",
                because="No majority is counted here: one in-sync replica that lags is enough.",
                misconception=MAJORITY_IS_ISR,
            ),
            Choice(key="c", words="Four: broker 2 has no more."),
        ),
        judge=lambda readable: "c" if readable == 4 else "a",
        evidence="A consumer reads {readable} orders.",
    ),
    Prediction(
        id="07.failures",
        question=(
            "Three copies, `acks=all`, and `min.insync.replicas` as Kafka sets it: 1. How many "
            "brokers can you lose, disk and all, and be sure to have every acknowledged order?"
        ),
        choices=(
            Choice(
                key="a",
                words="Two: three copies less two is one.",
                because=(
                    "Three copies are what there is on a good day. `acks=all` waits for those in "
                    "sync, and on a bad day that is the leader alone."
                ),
                misconception=RF_SURVIVES,
            ),
            Choice(
                key="b",
                words="One.",
                because="If the followers have left the ISR, that one may be the only copy.",
                misconception=RF_SURVIVES,
            ),
            Choice(key="c", words="None."),
        ),
        judge=lambda survived: "cba"[survived],
        evidence="Tried at its worst moment, it survives the loss of {survived} brokers.",
    ),
    Prediction(
        id="07.unclean",
        question=(
            "Eight orders have a receipt, with `acks=all` and `min.insync.replicas=2`. Those two "
            "brokers that have all eight are down; broker 3, which was away and has four, comes "
            "back. The topic allows unclean elections. When all three run again, how many of the "
            "eight are there?"
        ),
        choices=(
            Choice(
                key="a",
                words="Eight: two disks have them, and disks do not forget.",
                because=(
                    "The disks had them when they came back. But broker 3 leads by then, and "
                    "followers cut off what their leader has not."
                ),
                misconception=RF_SURVIVES,
            ),
            Choice(key="b", words="Four."),
            Choice(
                key="c",
                words="Eight, but the partition stands still until one of the two is back.",
                because="So it would be without unclean elections. This topic allows them.",
            ),
        ),
        judge=lambda kept, waited: "b" if kept < 8 else ("c" if waited else "a"),
        evidence="{kept} of the eight are there.",
    ),
    Prediction(
        id="07.cut",
        question=(
            "Broker 2 comes back. On its disk orders 4 to 7 are at offsets 4 to 7. Its leader, "
            "broker 3, has order 8 and order 9 at offsets 4 and 5. What will broker 2 have?"
        ),
        choices=(
            Choice(
                key="a",
                words="Ten orders: its own eight, and the leader's two behind them.",
                because="Then offset 4 would be order 4 on one broker and order 8 on the other.",
            ),
            Choice(key="b", words="Six: orders 0 to 3, and orders 8 and 9."),
            Choice(
                key="c",
                words="Eight: it keeps what had a receipt, and the leader takes that over.",
                because="Records go one way, from the leader to followers. Nothing is taken over.",
                misconception=RF_SURVIVES,
            ),
        ),
        judge=lambda end: {10: "a", 6: "b", 8: "c"}[end],
        evidence="Its log ends at {end}.",
    ),
    Prediction(
        id="07.preferred",
        question=(
            "Broker 2 led partition 0 until it crashed. Now it is back, and its copies are in sync "
            "again. When does it lead partition 0 again?"
        ),
        choices=(
            Choice(
                key="a",
                words="At once: it is the partition's leader, the other one stood in for it.",
                because=(
                    "The one elected meanwhile is the leader, with an epoch of its own. To be back "
                    "in sync is to be a follower again."
                ),
            ),
            Choice(key="b", words="Some minutes later: the controller looks now and then."),
            Choice(
                key="c",
                words="When the present leader fails, or when somebody says so.",
                because=(
                    "So it is with `auto.leader.rebalance.enable=false`. By default the controller "
                    "hands it back."
                ),
            ),
        ),
        judge=lambda soon, later: "a" if soon == 2 else ("b" if later == 2 else "c"),
        evidence=(
            "Twelve seconds after it came back broker {soon} led, five minutes later {later}."
        ),
    ),
)
