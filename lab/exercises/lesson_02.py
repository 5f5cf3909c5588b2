"""Lesson 02, topics and partitions: what must stay in order, and how many partitions.

Read next: `stories_02`, the bank and the others.
"""

from typing import Any, Final

from kafkalab.client.partitioners import by_crc32
from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Choice, Exercise, Prediction
from lab.checking.outcome import Right, Wrong
from lab.exercises.misconceptions import ADDING_IS_HARMLESS, RETENTION_AT_AGE, TOPIC_ORDER
from lab.exercises.stories_02 import bank, entries

_ALL_IN_ONE: Final = "one key for all is one partition for all"
_OTHER_ORDER: Final = "entries share a partition only if they share a key"
_ALL_MOVE: Final = "another number of partitions is another home for most keys, not only for some"
_READERS_TOO: Final = "readers need partitions, not only writers"
_NOT_FREE: Final = "partitions are not free"


def _judge_key(answer: Any) -> Right:
    def story(seed: int) -> None:
        sim, refused = bank(answer, seed, partitions=6)
        used = {record.partition for record in sim.records("entries")}
        if len(used) == 1:
            words = (
                "All entries went to one partition. The order is right, but one broker and one "
                "consumer do all the work, for ever. What must be in order to what?"
            )
            raise Wrong(_ALL_IN_ONE, words)
        if refused:
            words = f"{len(refused)} withdrawals were refused though covered: {refused[0]}."
            raise Broken(words, sim.now)

    probe = [answer(entry) for entry in entries(0)[:4]]
    idea = TOPIC_ORDER if probe == [None] * 4 else _OTHER_ORDER
    replay = (
        "from lab.exercises.stories_02 import bank, follow\n"
        "sim, refused = bank(key_of, {seed}, partitions=6)\n"
        'print(refused)\nfollow(sim, refused[0].partition(":")[0])'
    )
    return under_faults(story, range(8)).verdict("No covered withdrawal was refused.", idea, replay)


def _judge_moved(answer: Any) -> Right:
    def partition_of(key: str, count: int) -> int:
        return by_crc32(key.encode(), count)

    keys = [f"user-{number}" for number in range(40)]
    for before, after in ((3, 4), (4, 8), (6, 5)):
        expected = [key for key in keys if partition_of(key, before) != partition_of(key, after)]
        found = answer(list(keys), before, after, partition_of)
        if found is None:
            raise Wrong("the answer is what it returns", "It returned None: is there a `return`?")
        found = list(found)
        if sorted(found) == sorted(expected):
            continue
        words = (
            f"from {before} to {after} partitions, {len(expected)} of 40 keys find another home; "
            f"you found {len(found)}."
        )
        if not found:
            raise Wrong(ADDING_IS_HARMLESS, words)
        if set(found) < set(expected):
            raise Wrong(_ALL_MOVE, words)
        raise Wrong("a key moves if its partition before is not its partition after", words)
    return Right("You can say before you do it whose order will break.")


def _judge_count(answer: Any) -> Right:
    if not isinstance(answer, int) or isinstance(answer, bool) or answer < 1:
        raise Wrong("a topic has a whole number of partitions", f"you gave {answer!r}")
    if answer < 15:
        words = (
            f"60 MB/s are written, and one consumer gets 4 MB/s done: 15 consumers must work at "
            f"once. With {answer} partitions at most {answer} of them have something to do."
        )
        raise Wrong(_READERS_TOO, words)
    if answer < 30:
        words = (
            f"{answer} will do today. In a year it is twice as much, and partitions added then "
            "move keys, while the order of each customer's orders must hold."
        )
        raise Wrong(ADDING_IS_HARMLESS, words)
    if answer > 100:
        words = (
            f"{answer} would work, at a price: smaller batches, more files, more to elect when a "
            "broker dies. What do 30 lack that you need?"
        )
        raise Wrong(_NOT_FREE, words)
    spare = ", and something to spare" if answer > 30 else ""
    return Right(f"{answer} partitions: 30 for the day that comes{spare}.")


COVERS: Final = {
    "topic": "1. A bank and its entries",
    "topic: stream": "1. A bank and its entries",
    "topic: partitions": "5. A topic and its settings",
    "topic: replication factor": "2. Partitions, and copies",
    "topic: retention": "5. A topic and its settings",
    "topic: cleanup policy": "5. A topic and its settings",
    "topic: names": "6. Names",
    "topic: name parts": "6. Names",
    "topic: count": "4. How many partitions?",
    "topic: count, low": "4. How many partitions?",
    "topic: count, medium": "4. How many partitions?",
    "topic: count, high": "4. How many partitions?",
    "topic: count, event sourcing": "4. How many partitions?",
    "topic: rule of thumb": "4. How many partitions?",
    "guarantee: ordering": "1. A bank and its entries",
}

EXERCISES: Final = (
    Exercise(
        id="02.1",
        title="A key that keeps the balance right",
        question=(
            "An entry is a dictionary such as `{'number': 7, 'account': 'account-3', 'branch': "
            "'north', 'amount': -100}`. Write `key_of(entry)`, the key to produce it with, so that "
            "no covered withdrawal is refused, and more than one partition is at work. Eight "
            "banks with six partitions try it."
        ),
        stub="def key_of(entry):\n    raise NotImplementedError   # your code here",
        answer="key_of",
        judge=_judge_key,
        hints=(
            "Which entries must be read in the order in which they were written?",
            "An account is used at several branches. Two accounts do not mind each other.",
            "The entries of one account must share a key.",
        ),
        tempting={
            "def key_of(entry):\n    return None": TOPIC_ORDER,
            "def key_of(entry):\n    return str(entry['number'])": _OTHER_ORDER,
            "def key_of(entry):\n    return entry['branch']": _OTHER_ORDER,
            "def key_of(entry):\n    return entry['account'] + entry['branch']": _OTHER_ORDER,
            "def key_of(entry):\n    return 'bank'": _ALL_IN_ONE,
        },
        concepts=("topic", "topic: partitions", "guarantee: ordering"),
        is_behaviour=True,
    ),
    Exercise(
        id="02.2",
        title="Whose home changes?",
        question=(
            "A topic with `before` partitions is to have `after`. `partition_of(key, count)` is "
            "what the producer computes. Return the keys (a list) whose records will go to another "
            "partition than they did."
        ),
        stub=(
            "def moved(keys, before, after, partition_of):\n"
            "    raise NotImplementedError   # your code here"
        ),
        answer="moved",
        judge=_judge_moved,
        hints=(
            "What does the producer compute for one key, before and after?",
            "It is not only the new partitions that get keys: look at all of them.",
            "`[key for key in keys if partition_of(key, before) != …]`",
        ),
        tempting={
            "def moved(keys, before, after, partition_of):\n    return []": ADDING_IS_HARMLESS,
            "def moved(keys, before, after, partition_of):\n"
            "    return [key for key in keys if partition_of(key, after) >= before]": _ALL_MOVE,
        },
        concepts=("topic: partitions", "topic: count"),
    ),
    Exercise(
        id="02.3",
        title="How many for the orders?",
        question=(
            "At the peak 60 MB/s of orders are written, and in a year twice as much. One partition "
            "takes 10 MB/s, one consumer gets 4 MB/s done. Each customer's orders must stay "
            "in order, so you do not want to add partitions later. How many do you create?"
        ),
        stub="partitions = ...   # a number",
        answer="partitions",
        judge=_judge_count,
        hints=(
            "Who needs more partitions here, the writers or the readers?",
            "Reckon with the load of the day on which you will next change it.",
            "In a year 120 MB/s; divide by what one consumer gets done. Round up, "
            "but not far: every partition costs a little.",
        ),
        tempting={
            "partitions = 6": _READERS_TOO,
            "partitions = 15": ADDING_IS_HARMLESS,
            "partitions = 1000": _NOT_FREE,
        },
        concepts=("topic: count", "topic: rule of thumb", "topic: count, high"),
    ),
)


def _how_many_moved(moved: int, users: int) -> str:
    if not moved:
        return "a"
    return "b" if moved <= users / 2 else "c"


PREDICTIONS: Final = (
    Prediction(
        id="02.bank",
        question="Of 20 banks, how many refuse money that was there?",
        choices=(
            Choice(
                key="a",
                words="None, with or without keys: all was sent in the right order.",
                because=(
                    "It was sent in order, to two partitions. Each keeps its own order, and nobody "
                    "keeps the order between them."
                ),
                misconception=TOPIC_ORDER,
            ),
            Choice(key="b", words="Some or all without keys, none with the account as key."),
            Choice(
                key="c",
                words="Some or all with either: two partitions are two partitions.",
                because="Entries of one account share a key, so they share a partition.",
            ),
        ),
        judge=lambda without, with_key: "a" if not without else ("c" if with_key else "b"),
        evidence="Without keys {without} banks of 20 did, with the account as key {with_key}.",
    ),
    Prediction(
        id="02.kept",
        question=(
            "One message every 5 seconds, 64 in all, in a topic that keeps them for a minute; "
            "nobody reads. How many can be read at the end?"
        ),
        choices=(
            Choice(
                key="a",
                words="64: they wait for a reader.",
                because=(
                    "Kafka does not ask who has read. What is old enough goes, read or unread."
                ),
                misconception="what nobody has read is kept",
            ),
            Choice(
                key="b",
                words="12: those of the last minute.",
                because=(
                    "The minute is the least. The broker looks every five minutes, and deletes "
                    "whole segments whose newest record is old enough."
                ),
                misconception=RETENTION_AT_AGE,
            ),
            Choice(key="c", words="More than 12, fewer than 64."),
        ),
        judge=lambda kept: {64: "a", 12: "b"}.get(kept, "c"),
        evidence="{kept} of 64 can be read.",
    ),
    Prediction(
        id="02.copies",
        question=(
            "A topic with 3 partitions and replication factor 3 takes 12 records. How many of "
            "them are kept on the disk of broker 1?"
        ),
        choices=(
            Choice(
                key="a",
                words="4: the twelve are divided over three brokers.",
                because=(
                    "Partitions divide the records. Replicas copy them: with a factor of 3 each of "
                    "three brokers has a replica of every partition."
                ),
                misconception="a partition is a copy",
            ),
            Choice(key="b", words="12: every broker has a copy of everything."),
            Choice(
                key="c",
                words="36: three copies of twelve.",
                because="36 are kept in the whole cluster, 12 on each broker.",
            ),
        ),
        judge=lambda kept: {4: "a", 12: "b"}.get(kept, "c"),
        evidence="Broker 1 keeps {kept}.",
    ),
    Prediction(
        id="02.grow",
        question=(
            "The topic has 3 partitions and gets a fourth. How many of 12 users will have "
            "their next visit in another partition than before?"
        ),
        choices=(
            Choice(
                key="a",
                words="None: a key stays where it was.",
                because="The producer computes hash(key) % partitions anew, with another number.",
                misconception=ADDING_IS_HARMLESS,
            ),
            Choice(
                key="b",
                words="About a quarter: those that go to the new partition.",
                because=(
                    "That would need consistent hashing. With a remainder, a key stays only if "
                    "both remainders agree: for 3 and 4, one in four."
                ),
                misconception=ADDING_IS_HARMLESS,
            ),
            Choice(key="c", words="Most of them."),
        ),
        judge=_how_many_moved,
        evidence="{moved} of {users} users moved.",
    ),
)
