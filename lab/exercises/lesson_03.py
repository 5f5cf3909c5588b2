"""Lesson 03, producers: who chooses the partition, and when a record is sent."""

from types import FunctionType
from typing import Any, Final
from zlib import crc32

from kafkalab.config import ConfigError
from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Choice, Exercise, Prediction
from lab.checking.outcome import Right, Wrong
from lab.exercises.misconceptions import NULL_KEYS
from lab.exercises.stories_03 import closing_time, two_services

_NO_SUCH_OPTION: Final = "an option must be one that the client knows"
_LAB_ONLY: Final = ("client.profile", "uniform_sticky", "round_robin")
_FICKLE: Final = "the same key goes to the same partition, always"
_ELSEWHERE: Final = "a partitioner answers 0 to partitions - 1"
_SALTED: Final = "Python's hash() is another in every process"
_CROWDED: Final = "all other partitions are there to be used"
_UNKNOWN: Final = "produce() returns before anything is known"
_UNFLUSHED: Final = "what is not flushed may never have been sent"


def _judge_conf(answer: Any) -> Right:
    if not isinstance(answer, dict):
        raise Wrong("a configuration is a dictionary", f"you gave {answer!r}")
    for name in (*answer, answer.get("partitioner")):
        if name in _LAB_ONLY or callable(name):
            words = f"{name!r} is this lab's; confluent_kafka would refuse it."
            raise Wrong(_NO_SUCH_OPTION, words)

    def story(seed: int) -> None:
        sim, apart = two_services(answer, seed)
        if apart:
            words = f"{len(apart)} users are not where their payments are, the first: {apart[0]}."
            raise Broken(words, sim.now)

    given = repr(answer).replace("{", "{{").replace("}", "}}")
    replay = (
        "from lab import Bench\nfrom lab.exercises.stories_03 import two_services\n"
        f"sim, apart = two_services({given}, {{seed}})\n"
        'print(apart)\nBench(sim, topic="orders")'
    )
    try:
        survey = under_faults(story, range(8))
    except ConfigError as error:
        raise Wrong(_NO_SUCH_OPTION, str(error)) from None
    return survey.verdict("Each user's orders lie where the payments lie.", NULL_KEYS, replay)


def _judge_vip(answer: Any) -> Right:
    keys = [f"user-{number}".encode() for number in range(400)]
    for count in (2, 3, 6, 12):
        for key in (b"vip-1", b"vip-77"):
            if answer(key, count) != 0:
                words = f"{key!r} of {count} partitions goes to {answer(key, count)}"
                raise Wrong("a VIP goes to partition 0", words)
        for key in [*keys, None]:
            place = answer(key, count)
            if not isinstance(place, int) or not 0 <= place < count:
                words = f"for {key!r} and {count} partitions it answered {place!r}"
                raise Wrong(_ELSEWHERE, words)
            if place == 0:
                words = f"{key!r} is no VIP, and goes to partition 0 of {count}"
                raise Wrong("partition 0 is for VIPs only", words)
        if any(answer(key, count) != answer(key, count) for key in keys):
            words = "Asked twice for one user, it gave two partitions: the user's order is gone."
            raise Wrong(_FICKLE, words)
        if any(_salted(answer, key, count) != answer(key, count) for key in keys):
            words = "In another process the same user would go to another partition: the salt of "
            raise Wrong(_SALTED, words + "`hash()` is drawn anew at each start.")
        if len({answer(key, count) for key in keys}) < count - 1:
            words = f"400 users, and some of the partitions 1 to {count - 1} have none of them."
            raise Wrong(_CROWDED, words)
    return Right("VIPs have a partition of their own, and everybody else always the same one.")


def _salted(answer: Any, key: bytes | None, count: int) -> Any:
    """What the function answers in another process, where hash() has another salt."""
    if not isinstance(answer, FunctionType):
        return answer(key, count)
    space = {**answer.__globals__, "hash": lambda value: crc32(repr(value).encode()) * 31 + 7}
    parts = (answer.__code__, space, answer.__name__, answer.__defaults__, answer.__closure__)
    return FunctionType(*parts)(key, count)


def _judge_send_all(answer: Any) -> Right:
    left: list[int] = []

    def story(seed: int) -> None:
        sim, unknown, waiting = closing_time(answer, seed)
        left.append(waiting)
        if unknown:
            words = f"{len(unknown)} orders are gone, and nobody knows: {unknown[0]} for one."
            raise Broken(words, sim.now)

    survey = under_faults(story, range(8))
    idea = _UNFLUSHED if any(left) else _UNKNOWN
    replay = (
        "from lab.exercises.stories_03 import closing_time\n"
        "sim, unknown, waiting = closing_time(send_all, {seed})\n"
        "print(unknown)\nsim.ledger()"
    )
    return survey.verdict("Every order arrived, or was named.", idea, replay)


def _spread(counts: list[int]) -> str:
    if max(counts) == sum(counts):
        return "c"
    return "a" if max(counts) - min(counts) <= 1 else "b"


COVERS: Final = {
    "producer": "4. When is it written?",
    "producer: sample": "4. When is it written?",
    "producer: concepts": "7. What is in a record",
    "producer: key": "1. Which partition?",
    "producer: value": "7. What is in a record",
    "producer: headers": "7. What is in a record",
    "producer: timestamp": "7. What is in a record",
    "partitioning": "1. Which partition?",
    "partitioning: no key": "2. No key",
    "partitioning: key": "1. Which partition?",
    "partitioning: custom": "3. A partitioner of your own",
}

EXERCISES: Final = (
    Exercise(
        id="03.1",
        title="Agree with the Java service",
        question=(
            "A Java service writes `payments`, with the defaults of its client. Your service, with "
            "confluent_kafka, writes `orders`. Both topics have six partitions; a third program "
            "joins them partition by partition. Give the configuration (a dict) with which your "
            "orders lie where the payments of the same user lie. Eight pairs of services try it."
        ),
        stub="conf = ...   # such as {'linger.ms': 20}",
        answer="conf",
        judge=_judge_conf,
        hints=(
            "Who computes the partition, and from what?",
            "Two clients, two hashes. Which one does Java use?",
            "The option is `partitioner`; in section 1 the line in bold under "
            "*Where does a key go?* names the value.",
        ),
        tempting={
            "conf = {}": NULL_KEYS,
            "conf = {'partitioner': 'consistent'}": NULL_KEYS,
            "conf = {'partitioner': 'random'}": NULL_KEYS,
            "conf = {'partitioner': 'fnv1a_random'}": NULL_KEYS,
            "conf = {'partitioner': 'uniform_sticky'}": _NO_SUCH_OPTION,
        },
        concepts=("partitioning: key", "producer: key"),
        is_behaviour=True,
    ),
    Exercise(
        id="03.2",
        title="A partition for VIPs",
        question=(
            "Write a partitioner: keys that begin with `b'vip-'` go to partition 0. All others, "
            "also records without a key (`None`), go to partitions 1 to `partitions - 1`; the same "
            "key always to the same one, whichever process computes it. `zlib.crc32` is at hand."
        ),
        stub=(
            "from zlib import crc32\n\n"
            "def place(key, partitions):\n    raise NotImplementedError   # your code here"
        ),
        answer="place",
        judge=_judge_vip,
        hints=(
            "How many partitions are there for those who are no VIPs?",
            "A remainder by that number begins at 0. Where must it begin?",
            "`1 + crc32(…) % (…)`, and let a key that is `None` count as `b''`.",
        ),
        tempting={
            "def place(key, partitions):\n"
            "    key = key or b''\n"
            "    return 0 if key[:4] == b'vip-' else 1 + hash(key) % (partitions - 1)": _SALTED,
            "from zlib import crc32\n\n"
            "def place(key, partitions):\n"
            "    key = key or b''\n"
            "    return 0 if key[:4] == b'vip-' else 1 + crc32(key) % partitions": _ELSEWHERE,
            "def place(key, partitions):\n"
            "    return 0 if key and key[:4] == b'vip-' else 1": _CROWDED,
            "from random import randrange\n\n"
            "def place(key, partitions):\n"
            "    key = key or b''\n"
            "    return 0 if key[:4] == b'vip-' else randrange(1, partitions)": _FICKLE,
        },
        concepts=("partitioning: custom",),
    ),
    Exercise(
        id="03.3",
        title="Which orders did not arrive?",
        question=(
            "Send all orders to the topic `orders` and return the list of those that were *not* "
            "delivered. In each of eight shops the only broker crashes while you send; an order "
            "is given up after three seconds."
        ),
        stub="def send_all(producer, orders):\n    raise NotImplementedError   # your code here",
        answer="send_all",
        judge=_judge_send_all,
        hints=(
            "`produce` raises nothing when the broker is down. Who tells you?",
            "`on_delivery(error, message)` is called for each record, inside `flush()`.",
            "In the callback, `message.value().decode()` is the order. And what is in your list "
            "if you return it before `flush()`?",
        ),
        tempting={
            "def send_all(producer, orders):\n"
            "    for order in orders:\n"
            "        producer.produce('orders', order)\n"
            "    producer.flush()\n    return []": _UNKNOWN,
            "def send_all(producer, orders):\n"
            "    failed = []\n"
            "    for order in orders:\n"
            "        try:\n"
            "            producer.produce('orders', order)\n"
            "        except Exception:\n"
            "            failed.append(order)\n"
            "    return failed": _UNFLUSHED,
        },
        concepts=("producer", "producer: sample"),
        is_behaviour=True,
    ),
)

PREDICTIONS: Final = (
    Prediction(
        id="03.hash",
        question=(
            "Twelve users; a Java program and one with confluent_kafka write for each of them, "
            "with the user as key, to topics with six partitions. How many users have the same "
            "partition in both?"
        ),
        choices=(
            Choice(
                key="a",
                words="All twelve: the same key, the same number of partitions.",
                because="Each client computes the partition by itself, and by its own hash.",
                misconception=NULL_KEYS,
            ),
            Choice(key="b", words="A few, by chance."),
            Choice(
                key="c",
                words="None: they are different programs.",
                because="With six partitions, one in six agrees by chance. That hides the mistake.",
            ),
        ),
        judge=lambda same, users: "a" if same == users else ("b" if same else "c"),
        evidence="{same} of {users} have.",
    ),
    Prediction(
        id="03.nokey",
        question=(
            "60 small records without a key, one each millisecond, six partitions, the defaults of "
            "Java's client. How are they spread?"
        ),
        choices=(
            Choice(
                key="a",
                words="Ten to each: round robin.",
                because="It has not been so since Kafka 2.4 (KIP-480): it made tiny batches.",
                misconception=NULL_KEYS,
            ),
            Choice(
                key="b",
                words="About ten to each, at random.",
                because="That is what kafka-python and aiokafka do. Java sticks to one for long.",
                misconception=NULL_KEYS,
            ),
            Choice(key="c", words="All to one partition."),
        ),
        judge=_spread,
        evidence="In the six partitions: {counts}.",
    ),
    Prediction(
        id="03.flush",
        question="A program calls `produce` five times. How many records are in the log now?",
        choices=(
            Choice(
                key="a",
                words="Five.",
                because="`produce` puts a record into the producer's memory, and returns.",
                misconception="produce() has sent when it returns",
            ),
            Choice(key="b", words="None."),
            Choice(
                key="c",
                words="Four or five: the last may be under way.",
                because="Nothing has been sent yet: the batch waits for `linger.ms`.",
            ),
        ),
        judge=lambda kept: {0: "b", 5: "a"}.get(kept, "c"),
        evidence="There are {kept}.",
    ),
    Prediction(
        id="03.linger",
        question=(
            "A record comes each millisecond. `linger.ms` goes from 0 to 50. What becomes of the "
            "bytes that each record takes in the log?"
        ),
        choices=(
            Choice(
                key="a",
                words="Nothing: the same records are the same bytes.",
                because="Each batch has a header of 61 bytes, and the more share it the better.",
            ),
            Choice(key="b", words="Less than a half: more records share a batch."),
            Choice(
                key="c",
                words="More: waiting costs.",
                because="Waiting costs time, not room. What waits together is sent together.",
            ),
        ),
        judge=lambda before, after: "b" if after < before / 2 else ("c" if after > before else "a"),
        evidence="{before:.0f} bytes for each record before, {after:.0f} after.",
    ),
)
