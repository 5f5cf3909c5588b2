"""Lesson 04, consumers and offsets: where one reads, where it began, where it would begin again."""

from typing import Any, Final

from kafkalab.client.errors import KafkaException
from kafkalab.client.message import Message
from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Choice, Exercise, Prediction
from lab.checking.outcome import Right, Wrong
from lab.exercises.misconceptions import ADDING_IS_HARMLESS, RESET_IS_START
from lab.exercises.stories_04 import ORDERS, RESETS, grown, nightly

_NO_ONE_TO_ASK: Final = "without a committed offset, none stops the consumer"
_BEGINNING: Final = "a log need not begin at offset 0"
_AT_THE_END: Final = "a commit at the log's end is valid: the next record will be there"
_SKIPS: Final = "an offset that is too high is an order that nobody reads"

_CASES: Final = (
    (3, 0, 10, 3),
    (None, 0, 10, {"earliest": 0, "latest": 10, "none": "error"}),
    (None, 6, 10, {"earliest": 6, "latest": 10, "none": "error"}),
    (3, 6, 10, {"earliest": 6, "latest": 10, "none": "error"}),
    (6, 6, 10, 6),
    (10, 6, 10, 10),
    (12, 6, 10, {"earliest": 6, "latest": 10, "none": "error"}),
)


def _judge_start(answer: Any) -> Right:
    for committed, log_start, end, wanted in _CASES:
        for reset in RESETS:
            right = wanted[reset] if isinstance(wanted, dict) else wanted
            found = answer(committed, log_start, end, reset)
            if found == right:
                continue
            told = (
                f"committed {committed}, log start {log_start}, log end {end}, {reset}: "
                f"it said {found!r}, and it is {right!r}"
            )
            if committed == end:
                raise Wrong(_AT_THE_END, told)
            if not isinstance(wanted, dict):
                raise Wrong(RESET_IS_START, f"{told}. A valid commit is the next to read.")
            if found == 0 and reset == "earliest":
                raise Wrong(_BEGINNING, f"{told}. What was before {log_start} has been deleted.")
            if committed is not None:
                words = f"{told}. There is no record {committed} in that log to read next."
                raise Wrong("a committed offset may be outside the log", words)
            raise Wrong("the reset policy decides when there is nothing to go by", told)
    return Right("In all 21 cases.")


def _judge_resume(answer: Any) -> Right:
    returned: list[tuple[int, int]] = []

    def noted(message: Message) -> Any:
        offset = answer(message)
        if not isinstance(offset, int):
            raise Wrong("an offset is a whole number", f"it returned {offset!r}")
        returned.append((offset, message.offset() or 0))
        return offset

    def story(seed: int) -> None:
        sim, given = nightly(noted, seed)
        wanted = list(range(ORDERS))
        if given == wanted:
            return
        again = sorted({each for each in given if given.count(each) > 1})
        missed = [each for each in wanted if each not in given]
        if again:
            raise Broken(f"orders {again} were given to two nights.", sim.now)
        raise Broken(f"orders {missed} were given to no night.", sim.now)

    survey = under_faults(story, range(12))
    is_skipping = any(offset > done + 1 for offset, done in returned)
    replay = (
        "from lab import Bench\nfrom lab.exercises.stories_04 import nightly\n"
        "sim, given = nightly(resume_at, {seed})\nprint(given)\n"
        'Bench(sim, "log", topic="orders", group="nightly")'
    )
    idea = _SKIPS if is_skipping else RESET_IS_START
    return survey.verdict("Each night went on where the last one stopped.", idea, replay)


def _judge_reset(answer: Any) -> Right:
    if answer not in RESETS:
        raise Wrong("what auto.offset.reset may be", f"one of {', '.join(map(repr, RESETS))}")
    stopped = []

    def story(seed: int) -> None:
        try:
            sim, written, given = grown(answer, seed)
        except KafkaException as error:
            stopped.append(seed)
            raise Broken(f"the service stopped: {error.args[0].str()}") from error
        missed = [each for each in written if each not in given]
        if missed:
            words = f"{', '.join(missed)} reached no service: they were the first of partition 1."
            raise Broken(words, sim.now)

    survey = under_faults(story, range(8))
    idea = _NO_ONE_TO_ASK if stopped else ADDING_IS_HARMLESS
    replay = (
        "from lab import Bench\nfrom lab.exercises.stories_04 import grown\n"
        f"sim, written, given = grown({answer!r}, {{seed}})\n"
        "print(sorted(set(written) - set(given)))\nBench(sim)"
    )
    return survey.verdict("Every order reached the service.", idea, replay)


COVERS: Final = {
    "consumer": "1. Two readers, one topic",
    "consumer: sample": "1. Two readers, one topic",
    "offset": "2. Three pins",
    "offset: picture": "2. Three pins",
    "offset: reset": "3. Four ways to begin",
    "offset: earliest": "3. Four ways to begin",
    "offset: latest": "3. Four ways to begin",
    "offset: none": "3. Four ways to begin",
}

EXERCISES: Final = (
    Exercise(
        id="04.1",
        title="Where does it begin",
        question=(
            "`committed` is the group's committed offset of a partition, or `None`; the log has "
            "the offsets from `log_start` up to `end`, without `end` itself; `reset` is "
            "`'earliest'`, `'latest'` or `'none'`. Return the offset the consumer begins at, or "
            "`'error'`."
        ),
        stub=(
            "def begins_at(committed, log_start, end, reset):\n"
            "    raise NotImplementedError   # your code here"
        ),
        answer="begins_at",
        judge=_judge_start,
        hints=(
            "When is `reset` looked at, and when not?",
            "A commit is valid from `log_start` to `end`, both included: at `end` one waits for the"
            " next record.",
            "First `if committed is not None and …: return committed`. What is left is the reset "
            "policy's.",
        ),
        tempting={
            "def begins_at(committed, log_start, end, reset):\n"
            "    return {'earliest': log_start, 'latest': end}.get(reset, 'error')": RESET_IS_START,
            "def begins_at(committed, log_start, end, reset):\n"
            "    if committed is not None: return committed\n"
            "    return {'earliest': log_start, 'latest': end}.get(reset, 'error')": (
                "a committed offset may be outside the log"
            ),
            "def begins_at(committed, log_start, end, reset):\n"
            "    if committed is not None and log_start <= committed < end: return committed\n"
            "    return {'earliest': log_start, 'latest': end}.get(reset, 'error')": _AT_THE_END,
            "def begins_at(committed, log_start, end, reset):\n"
            "    if committed is not None and log_start <= committed <= end: return committed\n"
            "    return {'earliest': 0, 'latest': end}.get(reset, 'error')": _BEGINNING,
        },
        concepts=("offset", "offset: reset", "offset: earliest", "offset: latest", "offset: none"),
    ),
    Exercise(
        id="04.2",
        title="Go on where it stopped",
        question=(
            "A job reads some orders each night, commits by hand and ends. `message` is the last "
            "order it has dealt with. Return the offset to commit, so that no order is read twice "
            "and none is left out. It runs for several nights, in 12 different rhythms."
        ),
        stub="def resume_at(message):\n    raise NotImplementedError   # your code here",
        answer="resume_at",
        judge=_judge_resume,
        hints=(
            "What does a committed offset say: the last that was read, or something else?",
            "The next night begins exactly at what you return.",
            "`message.offset()` is the offset of what is done already.",
        ),
        tempting={
            "def resume_at(message):\n    return message.offset()": RESET_IS_START,
            "def resume_at(message):\n    return message.offset() + 2": _SKIPS,
            "def resume_at(message):\n    return 0": RESET_IS_START,
        },
        concepts=("offset", "offset: picture"),
        is_behaviour=True,
    ),
    Exercise(
        id="04.3",
        title="A service that misses nothing",
        question=(
            "A service is up before the first order is written. Later an operator gives the topic "
            "a second partition, and producers use it at once. Choose `auto.offset.reset` so "
            "that the service gets every order."
        ),
        stub="reset = ...   # 'earliest', 'latest' or 'none'",
        answer="reset",
        judge=_judge_reset,
        hints=(
            "What has the group committed for a partition that did not exist a moment ago?",
            "The service learns of the new partition some seconds after the producers.",
            "It is to begin at the beginning of what it does not know.",
        ),
        tempting={
            "reset = 'latest'": ADDING_IS_HARMLESS,
            "reset = 'none'": _NO_ONE_TO_ASK,
        },
        concepts=("offset: earliest", "offset: latest", "offset: none"),
        is_behaviour=True,
    ),
)

PREDICTIONS: Final = (
    Prediction(
        id="04.start",
        question=(
            "Group *billing* has committed 3. A new consumer of that group starts, with "
            "`auto.offset.reset=earliest`. Which order is it given first?"
        ),
        choices=(
            Choice(
                key="a",
                words="Order 0: earliest means from the beginning.",
                because=(
                    "The reset policy is for a group that has nothing to go by. This one has a "
                    "committed offset, and the policy is not even looked at."
                ),
                misconception=RESET_IS_START,
            ),
            Choice(key="b", words="Order 3.", because=""),
            Choice(
                key="c",
                words="Order 4: it has read up to 3.",
                because="The committed offset is the next to read, not the last that was read.",
                misconception=RESET_IS_START,
            ),
            Choice(
                key="d",
                words="Order 7: the consumer before it has read that far.",
                because="How far it had read died with it. Only what was committed is left.",
            ),
        ),
        judge=lambda first: {0: "a", 3: "b", 4: "c"}.get(first, "d"),
        evidence="The first it was given has offset {first}.",
        concepts=("offset", "offset: reset"),
    ),
    Prediction(
        id="04.away",
        question=(
            "*billing* was away for too long: it has committed 3, and records 0 to 5 have been "
            "deleted. It comes back with `auto.offset.reset=latest`. Where does it begin?"
        ),
        choices=(
            Choice(
                key="a",
                words="At 6, the oldest that is left.",
                because="That is what `earliest` does. `latest` goes to the end.",
            ),
            Choice(
                key="b",
                words="At the end, and nobody is told of the records in between.",
                because="",
            ),
            Choice(
                key="c",
                words="It stops with an error.",
                because="Only with `none`. A policy is there so that it does not stop.",
            ),
            Choice(
                key="d",
                words="At 3: it has committed that.",
                because="There is no record 3 any more. The commit is out of range.",
                misconception=RESET_IS_START,
            ),
        ),
        judge=lambda first: {6: "a", None: "c", 3: "d"}.get(first, "b"),
        evidence="The first it was given has offset {first}; 6 to 9 were there, and unread.",
        concepts=("offset: latest",),
    ),
    Prediction(
        id="04.seek",
        question="A consumer with committed offset 3 calls `seek(0)` and reads two orders. What is "
        "the group's committed offset now?",
        choices=(
            Choice(
                key="a",
                words="0: seek moves the group back.",
                because="`seek` moves this consumer's position. The brokers hear nothing of it.",
            ),
            Choice(
                key="b",
                words="2: it follows what is read.",
                because="It would, with auto-commit, after a while. Here one commits by hand.",
            ),
            Choice(key="c", words="3, as before.", because=""),
        ),
        judge=lambda committed: {0: "a", 2: "b"}.get(committed, "c"),
        evidence="Committed: {committed}.",
        concepts=("offset",),
    ),
)
