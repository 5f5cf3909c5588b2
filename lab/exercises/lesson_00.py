"""Lesson 00, start here: what a receipt is worth.

The story: a shop sends 40 orders, one each millisecond; the leader crashes at an instant that
the seed decides.  A receipt is worthless if its order is gone afterwards.
"""

from typing import Any, Final

from kafkalab import Producer, Simulation
from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Choice, Exercise, Prediction
from lab.checking.outcome import Right, Wrong

_SETTINGS: Final = ("acks", "replication_factor")
_ONE_BROKER: Final = "a receipt from one broker is worth as long as that broker lives"
_FROM_NOBODY: Final = "with acks=0 the producer writes the receipt itself"


def shop(seed: int, acks: str, replication_factor: int = 3) -> tuple[Simulation, list[str]]:
    """One shop's day: the simulation, and the orders it had a receipt for and that are gone."""
    sim = Simulation(brokers=3, seed=seed)
    sim.create_topic("orders", replication_factor=replication_factor)
    crash_at = sim.draw("crash", 1, 60) / 1000
    sim.schedule(crash_at, f"crash {sim.leader('orders', 0)}")
    receipts: list[bytes] = []

    def report(error: Any, message: Any) -> None:
        if error is None:
            receipts.append(message.value())

    conf = {"bootstrap.servers": "kafka:9092", "acks": acks, "linger.ms": 0}
    producer = Producer({**conf, "message.timeout.ms": 20_000}, sim=sim)
    for number in range(40):
        producer.produce("orders", f"order {number}", on_delivery=report)
        sim.sleep(0.001)
    producer.flush()
    sim.run(15)
    if sim.leader("orders", 0) is None:
        return sim, [order.decode() for order in receipts]
    kept = {record.value for record in sim.records("orders")}
    return sim, [order.decode() for order in receipts if order not in kept]


def _judge_settings(answer: Any) -> Right:
    if not isinstance(answer, dict) or set(answer) != set(_SETTINGS):
        raise Wrong("what a setting is", f"give a dict with {' and '.join(_SETTINGS)}")
    acks, copies = str(answer["acks"]), answer["replication_factor"]
    if acks not in ("0", "1", "all", "-1") or copies not in (1, 2, 3):
        words = "`acks` is '0', '1' or 'all'; three brokers keep 1 to 3 copies"
        raise Wrong("what a setting may be", words)

    def story(seed: int) -> None:
        sim, lost = shop(seed, acks, copies)
        if lost:
            words = f"{len(lost)} orders with a receipt cannot be read, the first: {lost[0]}."
            raise Broken(words, sim.now)

    idea = _FROM_NOBODY if acks == "0" else _ONE_BROKER
    replay = (
        "from lab import ClusterView\nfrom lab.exercises.lesson_00 import shop\n"
        f"sim, lost = shop({{seed}}, {acks!r}, {copies})\nClusterView(sim)"
    )
    return under_faults(story).verdict("Every receipt was kept.", idea, replay)


def _judge_worthless(answer: Any) -> Right:
    receipts, kept = [b"a", b"b", b"c", b"b"], {b"a", b"c", b"x"}
    found = answer(list(receipts), set(kept))
    if found is None:
        raise Wrong("the answer is what it returns", "It returned None: is there a `return`?")
    found = list(found)
    if sorted(found) == [b"x"]:
        words = "`x` is kept and had no receipt: nobody was promised anything. Turn it round."
        raise Wrong("kept without a receipt is not lost with one", words)
    if sorted(set(found)) == [b"a", b"c"]:
        words = "`a` and `c` had a receipt and are kept. That is how it should be."
        raise Wrong("a receipt for what is kept is good", words)
    if sorted(set(found)) != [b"b"]:
        words = f"with receipts {receipts} and kept {sorted(kept)} it returned {found!r}"
        raise Wrong("a worthless receipt is for an order that is gone", words)
    return Right("`b` had a receipt, and nobody has it.")


COVERS: Final = {"guarantee: durability": "1. Lose a message"}

EXERCISES: Final = (
    Exercise(
        id="00.1",
        title="Receipts that hold",
        question=(
            "Choose `acks` and the replication factor so that no order with a receipt is lost when "
            "the leader crashes. Your settings run in 20 shops, with 20 different crashes."
        ),
        stub="settings = ...   # such as {'acks': '0', 'replication_factor': 1}",
        answer="settings",
        judge=_judge_settings,
        hints=(
            "Who must have an order before the crash, so that somebody has it after?",
            "A copy on a second broker only helps if the receipt waits for it.",
            "`acks='all'` waits for every in-sync replica; there must be more than one of them.",
        ),
        tempting={
            "settings = {'acks': '1', 'replication_factor': 3}": _ONE_BROKER,
            "settings = {'acks': 'all', 'replication_factor': 1}": _ONE_BROKER,
            "settings = {'acks': '0', 'replication_factor': 3}": _FROM_NOBODY,
        },
        concepts=("guarantee: durability",),
        is_behaviour=True,
    ),
    Exercise(
        id="00.2",
        title="Which receipts are worthless?",
        question=(
            "`receipts` lists the values that were acknowledged, `kept` holds those that can still "
            "be read. Return the values whose receipt is worthless."
        ),
        stub="def worthless(receipts, kept):\n    raise NotImplementedError   # your code here",
        answer="worthless",
        judge=_judge_worthless,
        hints=(
            "A receipt is a promise. When is it broken?",
            "Go through the receipts, and look each one up in `kept`.",
            "`[value for value in receipts if …]`",
        ),
        tempting={
            "def worthless(receipts, kept):\n    return [v for v in kept if v not in receipts]": (
                "kept without a receipt is not lost with one"
            ),
            "def worthless(receipts, kept):\n    return [v for v in receipts if v in kept]": (
                "a receipt for what is kept is good"
            ),
        },
        concepts=("guarantee: durability",),
    ),
)

PREDICTIONS: Final = (
    Prediction(
        id="00.receipts",
        question="Of 20 shops, how many lose an order they had a receipt for?",
        choices=(
            Choice(
                key="a",
                words="None, with `acks=1` or `acks=all`: there are three copies.",
                because=(
                    "There are three copies in the end. When the receipt is given, with `acks=1` "
                    "there is one."
                ),
                misconception="a replicated topic cannot lose a record",
            ),
            Choice(
                key="b",
                words="Some with `acks=1`, none with `acks=all`.",
                because="",
            ),
            Choice(
                key="c",
                words="Some with either: a crash is a crash.",
                because=(
                    "With `acks=all` the receipt waits until every in-sync replica has the order."
                ),
                misconception="acks is about speed only",
            ),
        ),
        judge=lambda one, every: "a" if not one else ("c" if every else "b"),
        evidence="With `acks=1` {one} shops of 20 lost one, with `acks=all` {every}.",
    ),
    Prediction(
        id="00.timeout",
        question="The producer was told that `one more` timed out. Is it in the topic?",
        choices=(
            Choice(
                key="a",
                words="No: it failed.",
                because="*Timed out* says that no receipt came, and no more than that.",
                misconception="an error means that nothing was written",
            ),
            Choice(key="b", words="Yes, once."),
            Choice(
                key="c",
                words="Yes, once for each try.",
                because="Only a try that the leader takes is written. The later ones were refused.",
                misconception="whatever is sent is written",
            ),
        ),
        judge=lambda kept: "a" if not kept else ("b" if kept == 1 else "c"),
        evidence="Times that the topic has it: {kept}.",
    ),
)
