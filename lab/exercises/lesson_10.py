"""Lesson 10, storage: segments, retention, compaction."""

from typing import Any, Final

from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Choice, Exercise, Prediction
from lab.checking.outcome import Right, Wrong
from lab.exercises.misconceptions import COMPACTION_AT_ONCE, RETENTION_AT_AGE
from lab.exercises.stories_10 import compaction_case, oldest_and_youngest_lost

COVERS: Final = {
    "topic: retention": "2. How old does a record become?",
    "topic: cleanup policy": "3. Compaction keeps the latest of each key",
}
_KEYS: Final = {"retention_minutes", "segment_minutes"}
_TOO_SHORT: Final = "retention.ms is all that a record is sure to stay"
_YOUNG: Final = "a tombstone stays for a while, so that whoever reads later learns of it"
_WHICH: Final = "of each key the last record stays"
_ALL: Final = "what is closed is cleaned: a later record of the same key removes the earlier"
_GONE: Final = "a key whose last word is a tombstone is gone"


def _judge_settings(answer: Any) -> Right:
    if not isinstance(answer, dict) or set(answer) != _KEYS:
        raise Wrong("what a setting is", f"give a dict with {' and '.join(sorted(_KEYS))}")
    retention, segment = answer["retention_minutes"], answer["segment_minutes"]
    if not all(isinstance(each, int) and 1 <= each <= 600 for each in (retention, segment)):
        raise Wrong("what a setting is", "both are whole minutes, from 1 to 600")
    oldest, youngest = oldest_and_youngest_lost(retention, segment)
    if youngest <= 30:
        words = f"a reading {youngest} minutes old was gone, and the last 30 must always be there."
        raise Wrong(_TOO_SHORT, words)
    if oldest > 60:
        words = (
            f"a reading became {oldest} minutes old. A segment is deleted whole, when its youngest "
            "record is old enough; the age of the oldest is up to a segment's length more."
        )
        raise Wrong(RETENTION_AT_AGE, words)
    return Right(f"The oldest reading was {oldest} minutes old, and none under 30 was missed.")


def _judge_survivors(answer: Any) -> Right:
    ideas: list[str] = []

    def story(seed: int) -> None:
        records, active_from, truth = compaction_case(seed)
        found = sorted(answer(list(records), active_from))
        if found != truth:
            at = next((o for o, _, _ in records if (o in found) != (o in truth)), records[-1][0])
            is_kept = at in truth
            ideas.append(_idea(found, records, active_from, truth))
            words = f"offset {at} is {'kept' if is_kept else 'removed'}, you say otherwise. "
            words += f"Active from {active_from}; kept {truth}, you {found}."
            key = records[at][1]
            if is_kept and any(k == key and o >= active_from for o, k, _ in records if o > at):
                words += (
                    f" The later {key} is in the active segment: the cleaner does not look there."
                )
            raise Broken(words, seed)

    replay = (
        "from lab.exercises.stories_10 import compaction_case\n"
        "records, active_from, kept = compaction_case({seed})\n"
        "print(*records, sep='\\n')\nprint('active from', active_from, 'kept', kept)"
    )
    survey = under_faults(story, range(12))
    idea = ideas[0] if ideas else ""
    return survey.verdict("You clean as Kafka does.", idea, replay)


def _idea(found: list[int], records: list[Any], active_from: int, truth: list[int]) -> str:
    """Which known mistake an answer is, if it is one."""
    last = {key: offset for offset, key, _ in records}
    if found == [offset for offset, key, _ in records if last[key] == offset]:
        return COMPACTION_AT_ONCE
    if found == [offset for offset, _, _ in records]:
        return _ALL
    lacking = [value for offset, _, value in records if offset in truth and offset not in found]
    if set(found) <= set(truth) and lacking and set(lacking) == {None}:
        return _YOUNG
    return (
        COMPACTION_AT_ONCE if [o for o in truth if o >= active_from and o not in found] else _WHICH
    )


def _judge_table(answer: Any) -> Right:
    log = [
        (2, "apple", "3"),
        (3, "plum", "4"),
        (4, "pear", None),
        (9, "apple", "5"),
        (11, "fig", "1"),
    ]
    found = answer(list(log))
    if not isinstance(found, dict):
        raise Wrong("a table is a dict from key to value", f"it returned {found!r}")
    if "pear" in found:
        raise Wrong(_GONE, "`pear`'s last record has no value: whoever reads it must forget pear.")
    if found.get("apple") == "3":
        raise Wrong("the later record wins", "`apple` was 3 at offset 2, and 5 at offset 9.")
    if found != {"apple": "5", "plum": "4", "fig": "1"}:
        raise Wrong("each key has the value of its last record", f"it returned {found!r}")
    fresh = answer([(0, "apple", "1"), (1, "pear", "2"), (2, "pear", None)])
    if isinstance(fresh, dict) and "pear" in fresh:
        words = (
            "Before the cleaner has passed, the log [(0, 'apple', '1'), (1, 'pear', '2'), "
            "(2, 'pear', None)] has the old price too, and the tombstone after it: pear is gone."
        )
        raise Wrong(_GONE, words)
    return Right("Gaps in the offsets do not matter: what is left is enough to rebuild the table.")


EXERCISES: Final = (
    Exercise(
        id="10.1",
        title="No older than an hour",
        question=(
            "A rule says: no reading may be kept longer than 60 minutes, and those of the last 30 "
            "must always be there. Choose `retention.ms` and `segment.ms`, in minutes. Your "
            "settings run for two hours, with a reading each five minutes."
        ),
        stub="settings = ...   # such as {'retention_minutes': 60, 'segment_minutes': 60}",
        answer="settings",
        judge=_judge_settings,
        hints=(
            "Which record of a segment decides whether the segment may go?",
            "A segment's oldest record is as much older than its youngest as the segment is long.",
            "Retention plus segment plus the five minutes between two looks must stay under 60.",
        ),
        tempting={
            "settings = {'retention_minutes': 60, 'segment_minutes': 60}": RETENTION_AT_AGE,
            "settings = {'retention_minutes': 60, 'segment_minutes': 5}": RETENTION_AT_AGE,
            "settings = {'retention_minutes': 15, 'segment_minutes': 5}": _TOO_SHORT,
        },
        concepts=("topic: retention",),
        is_behaviour=False,
    ),
    Exercise(
        id="10.2",
        title="Be the cleaner",
        question=(
            "`records` is a log, as (offset, key, value), value None for a tombstone; from "
            "`active_from` on it is the active segment. Return the offsets that are left after the "
            "cleaner has passed. Tombstones are young, so they stay. Judged beside the engine, on "
            "twelve logs."
        ),
        stub=(
            "def survivors(records, active_from):\n    raise NotImplementedError   # your code here"
        ),
        answer="survivors",
        judge=_judge_survivors,
        hints=(
            "The cleaner never touches the active segment.",
            "Nor does it look into it: a newer value there does not remove an older one, yet.",
            "Go through the closed part with a dict: it keeps each key's last. What is not in it "
            "yet?",
        ),
        tempting={
            "def survivors(records, active_from):\n"
            "    last = {key: offset for offset, key, _ in records}\n"
            "    return [o for o, key, _ in records if last[key] == o]": COMPACTION_AT_ONCE,
            "def survivors(records, active_from):\n"
            "    last = {k: o for o, k, _ in records if o < active_from}\n"
            "    return [o for o, k, v in records\n"
            "            if o >= active_from or (last[k] == o and v is not None)]": _YOUNG,
            "def survivors(records, active_from):\n"
            "    first = {}\n"
            "    for o, k, _ in records:\n"
            "        first.setdefault(k, o)\n"
            "    return [o for o, k, _ in records if o >= active_from or first[k] == o]": _WHICH,
        },
        concepts=("topic: cleanup policy",),
        is_behaviour=True,
    ),
    Exercise(
        id="10.3",
        title="From a log to a table",
        question=(
            "A program starts and reads a compacted topic from the beginning, as (offset, key, "
            "value). Return the table it should hold: a dict from key to value."
        ),
        stub="def table(log):\n    raise NotImplementedError   # your code here",
        answer="table",
        judge=_judge_table,
        hints=(
            "Read in order; what comes later is newer.",
            "What does a record without a value say about its key?",
            "`rows.pop(key, None)` takes a key out, whether it is there or not. When must it go?",
        ),
        tempting={
            "def table(log):\n    return {key: value for _, key, value in log}": _GONE,
            "def table(log):\n    return {k: v for _, k, v in log if v is not None}": _GONE,
            "def table(log):\n    rows = {}\n    for _, k, v in log:\n"
            "        if v is not None:\n            rows.setdefault(k, v)\n    return rows": (
                "the later record wins"
            ),
        },
        concepts=("topic: cleanup policy",),
    ),
)

PREDICTIONS: Final = (
    Prediction(
        id="10.retention",
        question=(
            "`retention.ms` is 3 hours, a segment covers 2. How old does a record become, at most, "
            "before it is deleted?"
        ),
        choices=(
            Choice(
                key="a",
                words="3 hours.",
                because=(
                    "A record is not deleted, a segment is: when its *youngest* record is 3 hours "
                    "old."
                ),
                misconception=RETENTION_AT_AGE,
            ),
            Choice(key="b", words="More than 3 hours, up to a segment more."),
            Choice(
                key="c",
                words="It stays for ever: something reads it.",
                because="Readers do not keep records. Retention asks nobody.",
                misconception="Kafka keeps what has not been read",
            ),
        ),
        judge=lambda oldest, log_start: "c" if not log_start else ("a" if oldest <= 3 else "b"),
        evidence="The oldest was {oldest:g} hours old; the log begins at offset {log_start}.",
    ),
    Prediction(
        id="10.dated",
        question=(
            "A sensor was cut off for a night. Now it sends what it noted 10 to 6 hours ago, each "
            "reading with the time at which it was taken. `retention.ms` is 3 hours. What becomes "
            "of these five?"
        ),
        choices=(
            Choice(
                key="a",
                words="They stay three hours, from their arrival on.",
                because=(
                    "The broker goes by the timestamps in the records, and those are the "
                    "producer's."
                ),
                misconception="retention counts from the arrival",
            ),
            Choice(key="b", words="They are deleted within minutes."),
            Choice(
                key="c",
                words="The broker refuses them: they are too old.",
                because=(
                    "It could (`message.timestamp.before.max.ms`), but by default no date is too "
                    "old."
                ),
            ),
        ),
        judge=lambda taken, left: "c" if not taken else ("a" if left else "b"),
        evidence="{taken} were taken, and six minutes later {left} were left.",
    ),
    Prediction(
        id="10.compaction",
        question=(
            "apple, pear, apple, plum, and pear is deleted. What is in the log a moment later?"
        ),
        choices=(
            Choice(
                key="a",
                words="The latest of each: apple and plum.",
                because="The cleaner comes later, and it never touches the active segment.",
                misconception=COMPACTION_AT_ONCE,
            ),
            Choice(key="b", words="All five records."),
        ),
        judge=lambda records: "b" if records == 5 else "a",
        evidence="There are {records} records.",
    ),
)
