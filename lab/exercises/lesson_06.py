"""Lesson 06, consumer groups: who reads what, what a rebalance stops, and who counts as alive."""

from math import ceil
from typing import Any, Final

from kafkalab.config import ConfigError
from lab.checking.behaviour import Broken, under_faults
from lab.checking.definitions import Exercise
from lab.checking.outcome import Right, Wrong
from lab.exercises.misconceptions import HEARTBEAT_IS_LIFE, MORE_IS_FASTER, REBALANCE_STOPS_ALL
from lab.exercises.predictions_06 import PREDICTIONS as PREDICTIONS
from lab.exercises.stories_06 import joins, slow_handler

_ONE_OWNER: Final = "a partition has exactly one member of the group"
_WHOLE: Final = "a partition is not divided between members"
_TOO_PATIENT: Final = "a limit that is never reached finds nobody who hangs"
_HANG_S: Final = 120


def _judge_assign(answer: Any) -> Right:
    for partitions, members in ((4, 1), (4, 2), (4, 3), (4, 5), (12, 5), (1, 3)):
        people = [f"m{number}" for number in range(members)]
        found = answer(list(range(partitions)), list(people))
        told = f"{partitions} partitions, {members} members: {found!r}"
        if not isinstance(found, dict) or set(found) != set(people):
            raise Wrong("each member has a list, perhaps an empty one", told)
        given = sorted(place for places in found.values() for place in places)
        if any(given.count(place) > 1 for place in given):
            raise Wrong(_ONE_OWNER, f"{told}. Two members would do the same orders.")
        if given != list(range(partitions)):
            raise Wrong(_ONE_OWNER, f"{told}. A partition without a member is read by nobody.")
        counts = [len(places) for places in found.values()]
        if max(counts) - min(counts) > 1:
            words = f"{told}. One member has {max(counts)}, another {min(counts)}."
            raise Wrong("the work is to be shared evenly", words)
    return Right("One member for each partition, and nobody has two more than another.")


def _needed(rate: int, work_ms: int, partitions: int) -> int | None:
    """The fewest members of whom the busiest, with ceil(partitions / members), keeps up."""
    for members in range(1, partitions + 1):
        if ceil(partitions / members) * rate * work_ms <= 1000 * partitions:
            return members
    return None


def _judge_members(answer: Any) -> Right:
    for rate, work_ms, partitions in (
        (20, 50, 4),
        (30, 50, 4),
        (100, 50, 4),
        (81, 50, 4),
        (50, 50, 4),
        (90, 10, 1),
        (200, 15, 12),
        (1000, 20, 24),
    ):
        right, found = _needed(rate, work_ms, partitions), answer(rate, work_ms, partitions)
        if found == right:
            continue
        told = f"{rate} orders a second, {work_ms} ms each, {partitions} partitions: {found!r}"
        each = rate * work_ms / partitions
        if right is None:
            words = f"{told}. Each partition brings {each:g} ms of work a second to its one member."
            raise Wrong(MORE_IS_FASTER, words)
        if isinstance(found, int) and 0 < found < right:
            most = ceil(partitions / found)
            words = (
                f"{told}. One member would have {most} of the {partitions} partitions, "
                f"{most * each:g} ms of work in each second."
            )
            raise Wrong(_WHOLE, words)
        raise Wrong("a member does 1000 / work_ms orders a second", f"{told}, and not {right}.")
    return Right("And where the partitions do not suffice, nobody is hired in vain.")


def _judge_slow(answer: Any) -> Right:
    if not isinstance(answer, dict):
        raise Wrong("what settings are", "give a dict, such as {'max.poll.interval.ms': 300000}")
    try:
        hung = slow_handler(answer, 3_600, watch=_HANG_S)
    except ConfigError as error:
        raise Wrong("what the client accepts", str(error)) from None
    if any(app.error for app in hung.members.values()):
        errors = ", ".join(dict.fromkeys(app.error for app in hung.members.values() if app.error))
        raise Wrong("what the client accepts", errors)

    def story(seed: int) -> None:
        longer = 12 + seed * 5 % 29
        shop = slow_handler(answer, longer)
        if shop.repeated:
            words = (
                f"an order took {longer} s longer, and {', '.join(shop.repeated)} was done twice"
            )
            raise Broken(f"{words}: Ann was out of the group by then.", shop.sim.now)

    replay = (
        "from lab.exercises.stories_06 import slow_handler\n"
        "from lab.exercises.watched_06 import watched_slow\n"
        f"watched_slow(slow_handler({_quoted(answer)}, 12 + {{seed}} * 5 % 29))"
    )
    right = under_faults(story, range(6)).verdict(
        "Slow orders were done once.", HEARTBEAT_IS_LIFE, replay
    )
    owned = sorted(place for places in hung.assignment.values() for place in places)
    if hung.assignment["Ben"] != [0, 1, 2, 3]:
        words = (
            f"Ann hangs for an hour; {_HANG_S} s later the members have {hung.assignment}, and her "
            f"partitions ({len(owned) - len(hung.assignment['Ben'])}) stand still."
        )
        raise Wrong(_TOO_PATIENT, words)
    return right


def _judge_join(answer: Any) -> Right:
    if not isinstance(answer, dict):
        raise Wrong("what settings are", "give a dict, such as {'group.protocol': 'classic'}")
    tried = joins(answer)
    if any(app.error for app in tried.shop.members.values()):
        raise Wrong("what the client accepts", tried.shop.members["Ann"].error)

    if any(len(places) != 1 for places in tried.shop.assignment.values()):
        words = f"Four members, four partitions, and in the end it is {tried.shop.assignment}."
        raise Wrong("each of the four is a member, and has a partition", words)

    def story(seed: int) -> None:
        cost = joins(answer, slow=5 + seed)
        if cost.at_once > 1:
            words = f"{cost.at_once} partitions stood still at once, {cost.total:.1f} partition-s."
            raise Broken(words, cost.shop.sim.now)

    replay = (
        "from lab.exercises.stories_06 import joins\n"
        "from lab.exercises.watched_06 import watched\n"
        f"cost = joins({_quoted(answer)}, slow=5 + {{seed}})\n"
        'watched({{"yours": cost}}, "Ann begins a slow order")'
    )
    return under_faults(story, range(6)).verdict(
        "Only what moved stood still.", REBALANCE_STOPS_ALL, replay
    )


def _quoted(settings: dict[str, Any]) -> str:
    """As source text, to be put through `str.format` once more."""
    return repr(settings).replace("{", "{{").replace("}", "}}")


COVERS: Final = {
    "group": "1. One to five on four",
    "group: picture": "1. One to five on four",
    "group: one owner": "1. One to five on four",
    "group: idle": "1. One to five on four",
    "group: reassigned": "3. One dies",
}

EXERCISES: Final = (
    Exercise(
        id="06.1",
        title="Be the assignor",
        question=(
            "`partitions` and `members` are lists. Return a dict: for each member the list of its "
            "partitions. Nothing twice, nothing left out, and nobody has two more than another."
        ),
        stub="def assign(partitions, members):\n    raise NotImplementedError   # your code here",
        answer="assign",
        judge=_judge_assign,
        hints=(
            "How many members may read one partition?",
            "Deal them out like cards; somebody may get none.",
            "`partitions[i :: len(members)]` is what the i-th player gets.",
        ),
        tempting={
            "def assign(partitions, members):\n    return {m: list(partitions) for m in members}": (
                _ONE_OWNER
            ),
            "def assign(partitions, members):\n"
            "    each = len(partitions) // len(members)\n"
            "    return {m: partitions[i * each:(i + 1) * each] for i, m in enumerate(members)}": (
                _ONE_OWNER
            ),
        },
        concepts=("group", "group: picture", "group: one owner"),
    ),
    Exercise(
        id="06.2",
        title="How many members",
        question=(
            "`rate` orders a second come in, spread evenly over the `partitions` (a number); one "
            "order is `work_ms` milliseconds of work. Return the fewest members that keep up "
            "with every partition, or `None` if no number is enough. The partitions are shared as "
            "evenly as they can be."
        ),
        stub=(
            "def members_needed(rate, work_ms, partitions):\n"
            "    raise NotImplementedError   # your code here"
        ),
        answer="members_needed",
        judge=_judge_members,
        hints=(
            "How much work does one partition bring in each second? Who does it?",
            "Of `m` members the busiest has `ceil(partitions / m)` partitions. It must keep up.",
            "Try 1, 2, … up to `partitions` members. One partition brings `rate / partitions` "
            "orders a second: may the busiest member's work come to more than 1000 ms?",
        ),
        tempting={
            "def members_needed(rate, work_ms, partitions):\n"
            "    from math import ceil\n"
            "    return ceil(rate * work_ms / 1000)": MORE_IS_FASTER,
            "def members_needed(rate, work_ms, partitions):\n"
            "    from math import ceil\n"
            "    needed = ceil(rate * work_ms / 1000)\n"
            "    return needed if needed <= partitions else None": _WHOLE,
        },
        concepts=("group: idle",),
    ),
    Exercise(
        id="06.3",
        title="Slow, or dead?",
        question=(
            "Now and then an order takes up to 40 seconds longer. That must not make another member"
            " do it again. But a member that *hangs* must have lost its partitions two minutes "
            "later. Choose the consumer's settings."
        ),
        stub="settings = ...   # such as {'max.poll.interval.ms': 10000, …}",
        answer="settings",
        judge=_judge_slow,
        hints=(
            "Who sends the heartbeats while the handler works?",
            "One setting is about a process that is gone, another about one that does not come back"
            " for more.",
            "One of the two must be long enough for the slowest order, and short enough for one "
            "that hangs. It must not be below the other.",
        ),
        tempting={
            "settings = {'session.timeout.ms': 10000, 'max.poll.interval.ms': 10000}": (
                HEARTBEAT_IS_LIFE
            ),
            "settings = {'session.timeout.ms': 6000, 'max.poll.interval.ms': 300000}": _TOO_PATIENT,
        },
        concepts=("group: reassigned",),
        is_behaviour=True,
    ),
    Exercise(
        id="06.4",
        title="Join without a stop",
        question=(
            "A fourth member joins while Ann is in the middle of a slow order. Choose the "
            "consumers' settings so that never more than one partition stands still at a time."
        ),
        stub="settings = ...   # such as {'partition.assignment.strategy': 'range'}",
        answer="settings",
        judge=_judge_join,
        hints=(
            "Who has to give up what, and when, in each of the three protocols?",
            "One strategy of the classic protocol takes away only what moves.",
            "In the table of section 4, look for a 1 under *stopped at once*. The text above "
            "says which setting that line is.",
        ),
        tempting={
            "settings = {'partition.assignment.strategy': 'range'}": REBALANCE_STOPS_ALL,
            "settings = {'partition.assignment.strategy': 'roundrobin', "
            "'session.timeout.ms': 6000}": REBALANCE_STOPS_ALL,
            "settings = {'partition.assignment.strategy': 'range,cooperative-sticky'}": (
                "what the client accepts"
            ),
            "settings = {'partition.assignment.strategy': 'range,cooperative-sticky', "
            "'client.profile': 'java'}": REBALANCE_STOPS_ALL,
            "settings = {'group.instance.id': 'shop'}": (
                "each of the four is a member, and has a partition"
            ),
        },
        concepts=("group: reassigned",),
        is_behaviour=True,
    ),
)
