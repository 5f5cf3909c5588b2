"""Lesson 13, the chaos lab: break it on purpose, and say with evidence what broke.

Read next: `stories_13`, the incidents; `case_13`, the case; `predictions_13`.
"""

from typing import Any, Final

from kafkalab.errors import LearnerError
from kafkalab.sim.changes import Change
from kafkalab.world import Entry
from kafkalab.world.faults import CommandError
from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Exercise
from lab.checking.outcome import Right, Wrong
from lab.exercises import misconceptions
from lab.exercises.case_13 import case, unbilled
from lab.exercises.predictions_13 import PREDICTIONS as PREDICTIONS
from lab.exercises.stories_13 import bad_day, deliveries, storm, times_in_words

_ALIVE: Final = "as long as it leads, what it has is safe"
_COPIED: Final = "a crash takes only what nobody has copied yet"


def _judge_schedule(answer: Any) -> Right:
    if not isinstance(answer, list) or not answer:
        raise Wrong("what a schedule is", "give a list of (seconds, fault) pairs")
    survivors = []

    def story(seed: int) -> None:
        try:
            sim = bad_day(seed, answer)
        except (CommandError, KeyError, TypeError, ValueError) as error:
            raise Wrong("what a schedule is", str(error)) from error
        if not sim.ledger("orders").lost:
            crashed = {entry.node for entry in sim.trace.of("Crashed")}
            first = sim.trace.of("LeaderStarted")[0].node
            survivors.append(_COPIED if first in crashed else _ALIVE)
            raise Broken(f"{sim.ledger('orders').say}", sim.now)

    survey = under_faults(story, range(5))
    replay = (
        "from lab import LedgerView\nfrom lab.exercises.stories_13 import bad_day\n"
        f'LedgerView(bad_day({{seed}}, {_braced(answer)}), "orders")'
    )
    right = "An order with a receipt is gone."
    return survey.verdict(right, survivors[0] if survivors else "", replay)


def _braced(answer: list[Any]) -> str:
    return repr(answer).replace("{", "{{").replace("}", "}}")


_SETTINGS: Final = (
    "max.poll.interval.ms",
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "at_once",
)
_EDGE: Final = "the time between two polls is what all orders of one poll take"


def _judge_settings(answer: Any) -> Right:
    if not isinstance(answer, dict) or not set(answer) <= set(_SETTINGS) or not answer:
        raise Wrong("what can be set", f"give a dict with some of {', '.join(_SETTINGS)}")

    at_once, patience = answer.get("at_once", 5), answer.get("max.poll.interval.ms", 10_000)
    if 2_500 * at_once == patience:
        words = f"{at_once} orders take {patience / 1000:g} s to the instant; the slightest delay"
        raise Wrong(_EDGE, f"{words} is too much.")

    def story(seed: int) -> None:
        sim = storm(seed, answer)
        if (times := deliveries(sim)) != {1: 60}:
            raise Broken(f"handed to a worker: {times_in_words(times)}.", sim.now)

    is_about_polls = bool({"max.poll.interval.ms", "at_once"} & set(answer))
    idea = _EDGE if is_about_polls else misconceptions.HEARTBEAT_IS_LIFE
    replay = (
        "from lab.exercises.stories_13 import deliveries, storm\n"
        f"sim = storm({{seed}}, {_braced([answer])[1:-1]})\ndeliveries(sim)"
    )
    right = "Sixty orders, each handed to a worker once."
    return under_faults(story, range(3)).verdict(right, idea, replay)


_CAUSES: Final = {
    "a": (
        "what is in the log was not lost with its leader",
        "a leader did crash. But ask `sim.fate` of a missing order: it is acknowledged and kept.",
    ),
    "b": (
        "what is allowed has not happened",
        "unclean elections are allowed here. But look at each `LeaderElected`: the new leader was "
        "in the ISR.",
    ),
    "c": (
        "an open transaction holds back only those who ask for it",
        "the transaction is open. But `sim.fate` of a missing order says that `billing` has read "
        "it: its reader is `read_uncommitted`.",
    ),
}
_BETWEEN: Final = "evidence is the moment that decides, and what came before it"
_SPARE: Final = "evidence is what decides, not all that happened"
_LUCK: Final = "a change that moves the moment of death is luck"
_WALL: Final = (
    "with read_committed the auditor's open transaction is a wall, and no order behind it is read"
)
_UNTOUCHED: Final = "a mend takes the cause away"
_PARTS: Final = ("cause", "evidence", "mend")


def _judge_verdict(answer: Any) -> Right:
    if not isinstance(answer, dict) or set(answer) != set(_PARTS):
        raise Wrong("what a verdict is", f"give a dict with {', '.join(_PARTS)}")
    if answer["cause"] in _CAUSES:
        raise Wrong(*_CAUSES[answer["cause"]])
    if answer["cause"] != "d":
        raise Wrong("what a cause may be", "one of 'a', 'b', 'c', 'd'")
    _judge_evidence(answer["evidence"])
    mend = answer["mend"]
    if not hasattr(mend, "applied"):
        raise Wrong("what a mend is", "a change: config(…), swap(…, …) …", score=2 / 3)
    return _judge_mend(mend)


def _judge_evidence(evidence: Any) -> None:
    sim = case()
    if not isinstance(evidence, list) or not all(isinstance(each, Entry) for each in evidence):
        raise Wrong("what evidence is", "a list of events of `sim.trace`", score=1 / 3)
    if len(evidence) > 5:
        words = f"{len(evidence)} events. Five are enough; three can be."
        raise Wrong(_SPARE, words, score=1 / 3)
    place = sim.fate(unbilled(sim)[0]).place
    assert place is not None
    (crash,) = sim.trace.of("AppCrashed")
    cited = {(each.at, each.node, each.event) for each in evidence}
    told = [each for each in sim.trace if (each.at, each.node, each.event) in cited]
    is_read = any(
        each.kind == "RecordsPolled"
        and each.fields["base_offset"] <= place.offset <= each.fields["last_offset"]
        and each.at < crash.at
        for each in told
    )
    is_noted = any(
        each.kind == "OffsetCommitted" and each.event[4] > place.offset and each.at < crash.at
        for each in told
    )
    is_dead = any(each.id == crash.id for each in told)
    missing = [
        words
        for words, there_is in (
            (f"that {place.name} was handed to the worker", is_read),
            ("that the group noted a position behind it", is_noted),
            ("that the worker died then", is_dead),
        )
        if not there_is
    ]
    if missing:
        raise Wrong(_BETWEEN, f"nothing you cite shows {', or '.join(missing)}.", score=1 / 3)


def _judge_mend(mend: Change) -> Right:
    is_luck: list[bool] = []
    unread: list[str] = []

    def story(seed: int) -> None:
        sim = case(seed)
        try:
            twins = sim.twins(mend)
        except LearnerError as error:
            raise Broken(f"it cannot be done there: {error}.", sim.now) from error
        if left := unbilled(twins.b):
            is_luck.append(left != unbilled(sim))
            unread.extend(each for each in left if not twins.b.fate(each).applied.get("billing"))
            raise Broken(f"{', '.join(left)} still without a bill.", sim.now)

    survey = under_faults(story, range(1, 5))
    replay = "from lab.exercises.case_13 import case, unbilled\nunbilled(case({seed}))"
    right = "Cause, evidence and mend agree: the same deaths, and every order is billed."
    try:
        idea = _UNTOUCHED if len(is_luck) == survey.total and not any(is_luck) else _LUCK
        idea = _WALL if unread else idea
        return survey.verdict(right, idea, replay)
    except Wrong as wrong:
        score = (2 + wrong.score) / 3
        raise Wrong(wrong.idea, wrong.words, score=score, replay=wrong.replay) from None


COVERS: Final = {
    "replication: factor 3": "3. Any order at all",
    "guarantee: durability": "3. Any order at all",
}

_EVIDENCE: Final = """\
from kafkalab.sim import config, swap, without
from lab.exercises.case_13 import biller, case, patient_biller, unbilled
sim = case()
offset = sim.fate(unbilled(sim)[0]).place.offset
(dead,) = sim.trace.of("AppCrashed")
before = [e for e in sim.trace if e.at < dead.at]
read = [e for e in before if e.kind == "RecordsPolled" and e.fields["last_offset"] == offset]
noted = [e for e in before if e.kind == "OffsetCommitted" and e.event[4] > offset]
"""

EXERCISES: Final = (
    Exercise(
        id="13.1",
        title="Lose an order on purpose",
        question=(
            "The shop sends an order each 50 ms for three seconds, with `acks=1`. Write a schedule "
            "of faults that loses an order with a receipt: a list of pairs, each a time in seconds "
            "and a fault. Faults are `crash {leader}`, `restart {leader}`, "
            "`partition {leader} | {others}` (cut the leader off) and `heal`. `{leader}` stands "
            "for the leader's number, `{others}` for the two others. It runs in five clusters, "
            "each with another leader and other instants, and must succeed in all."
        ),
        stub='schedule = ...   # such as [(1.0, "crash {leader}"), (5.0, "restart {leader}")]',
        answer="schedule",
        judge=_judge_schedule,
        hints=(
            "How long is an order on the leader alone, when all is well? Can that be made longer?",
            "A follower that cannot reach the leader copies nothing, and the leader goes on giving "
            "receipts.",
            "Two faults. The first keeps the followers from copying; the second takes the only "
            "copy, before the first is mended.",
        ),
        tempting={
            'schedule = [(1.0, "crash {leader}"), (5.0, "restart {leader}")]': _COPIED,
            'schedule = [(1.0, "partition {leader} | {others}"), (2.0, "heal")]': _ALIVE,
        },
        concepts=("guarantee: durability",),
        is_behaviour=True,
    ),
    Exercise(
        id="13.2",
        title="Calm the storm",
        question=(
            "Choose settings for the three slow workers (2.5 s for each order), so that each of "
            "the sixty orders is handed out once: some of `max.poll.interval.ms` (now 10000), "
            "`session.timeout.ms` (6000), `heartbeat.interval.ms`, and `at_once`, how many orders "
            "a poll may bring (5)."
        ),
        stub="settings = ...   # such as {'session.timeout.ms': 30000}",
        answer="settings",
        judge=_judge_settings,
        hints=(
            "Two clocks watch a member. Which one has run out?",
            "Heartbeats come from the client by itself. The other clock asks when the application "
            "polled last.",
            "Five orders take 12.5 seconds. Two of the four settings decide whether the next poll "
            "comes in time.",
        ),
        tempting={
            "settings = {'session.timeout.ms': 30_000}": misconceptions.HEARTBEAT_IS_LIFE,
            "settings = {'max.poll.interval.ms': 11_000}": _EDGE,
            "settings = {'at_once': 4}": _EDGE,
        },
        concepts=("group: reassigned",),
        is_behaviour=True,
    ),
    Exercise(
        id="13.3",
        title="The case of the missing bills",
        question=(
            "Give your verdict on the case of section 9, a dict with three parts. `cause`: one of "
            "`'a'` to `'d'`. `evidence`: a list of at most five events of `sim.trace` that show "
            "it for the first order without a bill. `mend`: one change, as for twins, with which "
            "that order is billed though everybody dies as before. The mend is tried in four such "
            "minutes."
        ),
        stub=(
            "verdict = ...   # {'cause': 'a', 'evidence': [sim.trace.of('Crashed')[0]], "
            "'mend': config('acks', 1)}"
        ),
        answer="verdict",
        judge=_judge_verdict,
        hints=(
            "Begin with the order: `sim.fate(unbilled(sim)[0])`. Which of the four does that rule "
            "out?",
            "The order was read by `billing`. What did the worker do between reading and billing, "
            'and when did it die? `sim.trace.of("RecordsPolled")`, `"OffsetCommitted"`, '
            '`"AppCrashed"`.',
            "Three events show it: handed over, noted, dead. And a mend is no luck if the "
            "worker's two steps change places: compare the sources of the two billers.",
        ),
        tempting={
            "verdict = {'cause': 'a', 'evidence': [], 'mend': None}": _CAUSES["a"][0],
            "verdict = {'cause': 'b', 'evidence': [], 'mend': None}": _CAUSES["b"][0],
            "verdict = {'cause': 'c', 'evidence': [], 'mend': None}": _CAUSES["c"][0],
            _EVIDENCE + "verdict = {'cause': 'd', 'evidence': [dead], 'mend': None}": _BETWEEN,
            _EVIDENCE + "verdict = {'cause': 'd', 'evidence': before, 'mend': None}": _SPARE,
            _EVIDENCE + "verdict = {'cause': 'd', 'evidence': [read[-1], noted[-1], dead], "
            "'mend': without(sim.trace.of('Crashed')[0])}": _LUCK,
            _EVIDENCE + "verdict = {'cause': 'd', 'evidence': [read[-1], noted[-1], dead], "
            "'mend': config('acks', 'all')}": _UNTOUCHED,
            _EVIDENCE + "verdict = {'cause': 'd', 'evidence': [read[-1], noted[-1], dead], "
            "'mend': config('isolation.level', 'read_committed')}": _WALL,
        },
        concepts=("guarantee: delivery",),
        is_behaviour=True,
    ),
)
