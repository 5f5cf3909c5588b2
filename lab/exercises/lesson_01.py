"""Lesson 01, the log: append only, offsets are places, order holds in one partition.

The stories are about letters: somebody writes them, others read them, nobody can change one.
"""

from collections.abc import Callable
from typing import Any, Final

from kafkalab import Simulation
from kafkalab.sim.cluster import StoredRecord
from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Choice, Exercise, Prediction
from lab.checking.outcome import Right, Wrong
from lab.exercises.misconceptions import TOPIC_ORDER
from lab.exercises.reading import Reader, transactions

_PLACE: Final = "an offset is a place, not a count"
_ONE_PAST: Final = "the next offset is one past the last that was read"
_SKIPPED: Final = "what is skipped is read by nobody"
_CLOCK: Final = "the log's order is by offset, not by clock"
_STAYS: Final = "what is written stays written"
_BOTH: Final = "a new entry does not replace the old one"
_QUEUE: Final = "reading takes a message away, as from a queue"


def relay(next_offset: Callable[[list[int]], int] | int, seed: int) -> tuple[Simulation, list[str]]:
    """Two readers share a log: the second begins where `next_offset` says, or at that number.

    The letters are written in transactions, so some offsets hold none.  When the first reader
    stops, the leader crashes.  Returns the simulation and all that was read, in order.
    """
    sim = Simulation(brokers=3, seed=seed)
    sim.create_topic("letters", replication_factor=3)
    sizes = [sim.draw(f"size {each}", 1, 3) for each in range(5)]
    transactions(sim, "letters", sizes)
    first = Reader(sim, "letters", "first")
    messages = first.read(sim.draw("stop", 2, sum(sizes) - 1))
    first.close()
    sim.broker(sim.leader("letters", 0)).crash()
    offsets = [message.offset() or 0 for message in messages]
    start = next_offset if isinstance(next_offset, int) else next_offset(offsets)
    if not isinstance(start, int) or start < 0:
        raise Wrong("an offset is a whole number from 0 on", f"it returned {start!r}")
    second = Reader(sim, "letters", "second", start, patience_s=15)
    rest = second.read()
    return sim, [message.value().decode() for message in (*messages, *rest)]


def _judge_next_offset(answer: Any) -> Right:
    begins = answer([0, 1, 3, 4, 6])
    if begins is None:
        raise Wrong("a reader must begin somewhere", "it returned None: is there a `return`?")
    idea = {5: _PLACE, 6: _ONE_PAST}.get(begins, "the next reader goes on where the first stopped")
    if isinstance(begins, int) and begins > 7:
        idea = _SKIPPED
    starts: dict[int, int] = {}

    def story(seed: int) -> None:
        def noted(offsets: list[int]) -> int:
            starts[seed] = answer(offsets)
            return starts[seed]

        sim, seen = relay(noted, seed)
        kept = [record.value.decode() for record in sim.records("letters") if record.value]
        twice = [letter for letter in kept if seen.count(letter) > 1]
        never = [letter for letter in kept if letter not in seen]
        if twice:
            raise Broken(f"{twice[0]} was read twice.", sim.now)
        if never:
            raise Broken(f"{never[0]} was never read.", sim.now)

    survey = under_faults(story, range(10))
    start = starts[survey.shortest.seed] if survey.shortest else 0
    replay = (
        "from lab import Bench\nfrom lab.exercises.lesson_01 import relay\n"
        f"sim, seen = relay({start}, {{seed}})   # {start}: what your function returned\n"
        'print(seen)\nBench(sim, "log")'
    )
    words = "Every letter was read once, also when the leader crashed."
    return survey.verdict(words, idea, replay)


def _judge_first(answer: Any) -> Right:
    def record(partition: int, offset: int, timestamp: int) -> StoredRecord:
        return StoredRecord(partition, offset, None, b"", timestamp)

    cases = (
        (record(0, 3, 10), record(0, 7, 20), True, "a lower offset was written earlier"),
        (record(1, 7, 20), record(1, 3, 10), False, "a lower offset was written earlier"),
        (record(0, 3, 90), record(0, 7, 20), True, _CLOCK),
        (record(0, 3, 10), record(1, 7, 20), None, TOPIC_ORDER),
        (record(2, 5, 10), record(1, 5, 20), None, TOPIC_ORDER),
    )
    for a, b, expected, idea in cases:
        found = answer(a, b)
        if found is not expected:
            words = (
                f"for {_place(a)} and {_place(b)} it returned {found!r}, and the log says "
                f"{expected!r}."
            )
            raise Wrong(idea, words)
    return Right("Offsets order one partition. Between two, the log does not say.")


def _place(record: StoredRecord) -> str:
    return f"partition {record.partition}, offset {record.offset} (at {record.timestamp} ms)"


def _judge_correction(answer: Any) -> Right:
    log = [("ann", 10), ("bob", 20), ("ann", 100), ("bob", 5)]
    given = list(log)
    added = answer(given, 2, 30)
    if given != log or (isinstance(added, list) and added[: len(log)] == log):
        words = "You changed the log, or wrote it anew. A log takes new entries at its end only."
        raise Wrong(_STAYS, words)
    if added is None:
        raise Wrong("a correction is written too", "It returned None: is there a `return`?")
    entries = [added] if isinstance(added, tuple) else list(added)
    ann = sum(amount for name, amount in [*log, *entries] if name == "ann")
    bob = sum(amount for name, amount in [*log, *entries] if name == "bob")
    if ann == 140:
        words = "Every reader adds up all entries: ann has 10 + 100 + 30 now, and should have 40."
        raise Wrong(_BOTH, words)
    if (ann, bob) != (40, 25):
        words = f"with it ann has {ann} and bob {bob}; they should have 40 and 25"
        raise Wrong("add up all entries, the wrong one too", words)
    return Right("The wrong entry stands for ever, and so does the one that makes it good.")


def _order(order: str) -> str:
    numbers = [int(each) for each in order.split()]
    if numbers == sorted(numbers):
        return "a"
    parts = ([each for each in numbers if each % 2 == which] for which in (0, 1))
    return "b" if all(part == sorted(part) for part in parts) else "c"


COVERS: Final = {
    "log": "1. Two readers",
    "log: picture": "2. An offset is a place in one partition",
    "log: offsets": "2. An offset is a place in one partition",
    "log: order": "3. In which order?",
    "log: immutable": "4. What is written stays written",
    "log: commit log": "6. One log, three copies",
    "guarantee: ordering": "3. In which order?",
}

EXERCISES: Final = (
    Exercise(
        id="01.1",
        title="Where does the next reader begin?",
        question=(
            "A reader stops. `offsets` lists the offsets of what it has read, in order, such as "
            "`[0, 1, 3, 4, 6]`. Return the offset at which another reader should begin, so that "
            "no letter is read twice and none is left out. Ten logs are tried, and in each the "
            "leader crashes between the two readers."
        ),
        stub="def next_offset(offsets):\n    raise NotImplementedError   # your code here",
        answer="next_offset",
        judge=_judge_next_offset,
        hints=(
            "What is the last thing the first reader has seen?",
            "Some offsets hold no letter, so counting what was read does not help.",
            "The place right after the last one: `offsets[-1]` and …",
        ),
        tempting={
            "def next_offset(offsets):\n    return len(offsets)": _PLACE,
            "def next_offset(offsets):\n    return offsets[-1]": _ONE_PAST,
            "def next_offset(offsets):\n    return offsets[-1] + 2": _SKIPPED,
        },
        concepts=("log", "log: offsets", "log: commit log"),
        is_behaviour=True,
    ),
    Exercise(
        id="01.2",
        title="Which was written first?",
        question=(
            "`a` and `b` are records of one topic, with `.partition`, `.offset` and `.timestamp`. "
            "Return `True` if the log says that `a` was written before `b`, `False` if it says "
            "the opposite, and `None` if it does not say."
        ),
        stub="def was_first(a, b):\n    raise NotImplementedError   # your code here",
        answer="was_first",
        judge=_judge_first,
        hints=(
            "Where does Kafka promise an order, and where not?",
            "Two records of different partitions: what can be said of them?",
            "Look at `partition` first; then compare the offsets. Leave the clock alone.",
        ),
        tempting={
            "def was_first(a, b):\n    return a.offset < b.offset": TOPIC_ORDER,
            "def was_first(a, b):\n    return a.timestamp < b.timestamp": _CLOCK,
        },
        concepts=("log: order", "log: picture", "guarantee: ordering"),
    ),
    Exercise(
        id="01.3",
        title="Correct a mistake",
        question=(
            "`log` is a list of entries `(name, amount)`; a reader adds them up by name. The entry "
            "at `offset` should have had the amount `right`. Return the list of entries to append "
            "so that all readers come to the right sum."
        ),
        stub=(
            "def correction(log, offset, right):\n    raise NotImplementedError   # your code here"
        ),
        answer="correction",
        judge=_judge_correction,
        hints=(
            "An accountant never uses a rubber.",
            "The wrong entry will be added up too. What must be added so that the sum is right?",
            "One entry for the same name, whose amount is the difference.",
        ),
        tempting={
            "def correction(log, offset, right):\n    return [(log[offset][0], right)]": _BOTH,
            "def correction(log, offset, right):\n"
            "    log[offset] = (log[offset][0], right)\n    return []": _STAYS,
        },
        concepts=("log: immutable",),
    ),
)

PREDICTIONS: Final = (
    Prediction(
        id="01.read",
        question="Anna has read all five letters. What will Ben find, who begins only now?",
        choices=(
            Choice(
                key="a",
                words="Nothing: Anna has taken them.",
                because="Anna's reading moved Anna's position. The log does not know of her.",
                misconception=_QUEUE,
            ),
            Choice(key="b", words="All five, as Anna did."),
            Choice(
                key="c",
                words="Only what is written from now on.",
                because=(
                    "A reader may begin at any offset that the log has. To begin at the end is "
                    "one choice of many, and Ben began at offset 0."
                ),
            ),
        ),
        judge=lambda anna, ben: "b" if anna == ben == 5 else ("a" if not ben else "c"),
        evidence="Anna read {anna} letters, Ben read {ben}.",
    ),
    Prediction(
        id="01.order",
        question=(
            "Eight letters, 0 to 7, are written in turn to partitions 0 and 1. "
            "In which order does one reader of both get them?"
        ),
        choices=(
            Choice(
                key="a",
                words="0 1 2 3 4 5 6 7, as they were written.",
                because=(
                    "Nothing in either partition says how its records lie in time to those of "
                    "the other. The reader takes what comes, partition by partition."
                ),
                misconception=TOPIC_ORDER,
            ),
            Choice(key="b", words="Each partition's own in order, the whole not."),
            Choice(
                key="c",
                words="In any order at all.",
                because="Within one partition the order is fixed: that much is promised.",
            ),
        ),
        judge=_order,
        evidence="The reader got {order}.",
    ),
    Prediction(
        id="01.gaps",
        question=(
            "Six letters are written to an empty partition, two in each of three transactions. "
            "What is the offset of the last letter?"
        ),
        choices=(
            Choice(
                key="a",
                words="5: six letters, counted from 0.",
                because="Other things than letters take a place in the log too.",
                misconception="offsets count records",
            ),
            Choice(
                key="b",
                words="6: six letters, counted from 1.",
                because="Offsets count from 0, and not only letters take one.",
            ),
            Choice(key="c", words="More than 6."),
        ),
        judge=lambda offset: {5: "a", 6: "b"}.get(offset, "c"),
        evidence="It is at offset {offset}.",
    ),
)
