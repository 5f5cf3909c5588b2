"""Twins as a frame: the records of both runs at their send times, where they part, the outcomes.

A record's fate in a run is one of
    ok        acknowledged within 100 ms, kept             late     acknowledged after a wait, kept
    lost      acknowledged, then lost                      failed   the application was told so
    open      nothing is known yet                         gone     no run of its kind: not produced

Read next: `lab.scenes.twins`, which draws it.
"""

from typing import Final, TypedDict

from kafkalab.errors import LearnerError
from kafkalab.frames.feed import in_words
from kafkalab.frames.shape import Tone
from kafkalab.frames.since_began import shifted
from kafkalab.frames.spacetime import first_id
from kafkalab.sim.fate import Fate, State
from kafkalab.sim.ledger import Ledger
from kafkalab.sim.outcomes import PATIENCE_MS, stalls
from kafkalab.sim.telling import seconds, tell
from kafkalab.sim.twins import Twins
from kafkalab.sim.why.explanation import Explanation, ordered
from kafkalab.world import Entry, World

MARKS_MAX: Final = 7
STEPS_MAX: Final = 8  # of a chain
_MARKED: Final = frozenset(
    {"Crashed", "Restarted", "Paused", "Partitioned", "Healed", "LeaderElected", "IsrChanged",
     "Truncated", "BrokerFenced", "GroupStateChanged"}
)  # fmt: skip


class RecordFrame(TypedDict):
    """`key`: the same record has the same key in both runs."""

    key: str
    at: int
    fate: str
    words: str


class RunFrame(TypedDict):
    name: str
    words: str
    records: list[RecordFrame]
    stalls: list[list[int]]  # [from, to]: some write waits for its answer


class MarkFrame(TypedDict):
    """An event of A, of B, or of both ("")."""

    at: int
    run: str
    glyph: str
    tone: Tone
    words: str


class OutcomeFrame(TypedDict):
    name: str
    a: int
    b: int
    unit: str
    verdict: str


class StepFrame(TypedDict):
    """One of the causes of what a run did where they part.  `is_shared`: the other has it too."""

    step: int
    id: int
    at: int
    words: str
    is_shared: bool


class TwinsFrame(TypedDict):
    title: str
    settings: str
    say: str
    since: int  # where the two begin to be drawn
    until: int
    change: int
    diverges: int | None
    divergence: list[str]  # what each does there
    chains: list[list[StepFrame]]  # … and what led there, in A and in B; oldest first
    runs: list[RunFrame]
    marks: list[MarkFrame]
    outcomes: list[OutcomeFrame]


def twins_frame(twins: Twins, topic: str | None = None) -> TwinsFrame:
    """What there is to be seen of two runs; `topic` for one topic's records alone.

    Times in ms since their world began.
    """
    runs = [
        _run("A", "as it was", twins.ledgers[0], topic, twins.a.world.began),
        _run("B", twins.change.words, twins.ledgers[1], topic, twins.b.world.began),
    ]
    produced = [record["at"] for run in runs for record in run["records"]]
    divergence = twins.divergence
    change = max(twins.changed_at, twins.a.started_at)
    since = min([change, *(at for at in produced)], default=change)
    settled = [end for run in runs for _, end in run["stalls"]]
    until = max([change + 1, *produced, *settled])
    marks = _marks(twins, since, until)
    if divergence is not None:
        until = max(until, divergence.at)
    frame: TwinsFrame = {
        "title": f"One thing changed: {twins.change.words}",
        "settings": _settings(twins, topic),
        "say": twins.say,
        "since": since,
        "until": until,
        "change": change,
        "diverges": divergence.at if divergence else None,
        "divergence": _parting(twins),
        "chains": [_steps(twins, "A"), _steps(twins, "B")],
        "runs": runs,
        "marks": marks,
        "outcomes": [
            {"name": o.name, "a": o.a, "b": o.b, "unit": o.unit, "verdict": o.verdict}
            for o in twins.outcomes
        ],
    }
    told: TwinsFrame = shifted(frame, twins.a.world.began)
    return told


def fate_of(fate: Fate) -> str:
    """A record's fate as the picture tells it."""
    if fate.state is State.LOST:
        return "lost"
    if fate.failed:
        return "failed"
    latency = fate.latency_ms
    if latency is None:
        return "open"
    return "late" if latency > PATIENCE_MS else "ok"


def _run(name: str, words: str, ledger: Ledger, topic: str | None, began: int) -> RunFrame:
    """A ledger counts from when its world began, this frame does not yet."""
    fates = [fate for fate in ledger if topic in (None, fate.topic)]
    return {
        "name": name,
        "words": words,
        "records": [
            {
                "key": f"{f.producer}/{f.id}",
                "at": f.produced.at + began,
                "fate": fate_of(f),
                "words": f.say,
            }
            for f in fates
        ],
        "stalls": [
            [since + began, until + began]
            for since, until in stalls(Ledger(fates, ledger.now, ledger.title))
        ],
    }


def _settings(twins: Twins, topic: str | None) -> str:
    sim = twins.a
    names = [topic] if topic else sim.topics
    parts = [f"seed {sim.seed}", f"topic {', '.join(names)}" if names else "no topic"]
    if names:
        image = sim.metadata.topics[names[0]]
        copies = max(len(each.replicas) for each in image.partitions.values())
        config = sim.metadata.topic_config(names[0], sim.config)
        parts += [f"RF {copies}", f"min.insync.replicas {config.int('min.insync.replicas')} in A"]
    return " · ".join([*parts, "records at their send times", f"a wait: over {PATIENCE_MS} ms"])


def _parting(twins: Twins) -> list[str]:
    divergence = twins.divergence
    if divergence is None:
        return []
    lines = []
    for name, side in (("A", divergence.a), ("B", divergence.b)):
        if side.entry is None:
            lines.append(f"{name}: nothing of the kind")
            continue
        is_later = side.entry.at > divergence.at
        later = f", at {seconds(side.entry.at, twins.a.world.began)}" if is_later else ""
        lines.append(f"{name}: {tell(side.entry)}{later}")
    return lines


def chain_of(twins: Twins, run: str) -> Explanation:
    """What led run "A" or "B" to what it does where they part, as `sim.why` answers.

    For a spacetime picture of that run.  `LearnerError` if they do not part.
    """
    divergence = twins.divergence
    if divergence is None:
        raise LearnerError(f"they do not part: {twins.say}")
    entry = (divergence.a if run == "A" else divergence.b).entry
    sim = twins.a if run == "A" else twins.b
    until = divergence.at if entry is None else entry.at  # what came later led nobody there
    own = [each for each in twins.own_faults(run) if each.at <= until]
    name = "as it was" if run == "A" else twins.change.words
    question = f"What led {run} ({name}) to where the two part?"
    if entry is None:
        return Explanation(question, divergence.say, tuple(own), began=sim.world.began)
    answer = sim.why(entry)
    chain = ordered(*own, *_telling(answer.chain))
    say = f"{divergence.say} {answer.say}"
    return Explanation(question, say, chain, began=sim.world.began)


def _telling(chain: tuple[Entry, ...]) -> list[Entry]:
    """Of a chain that went round for a while the last round; and not more than can be read."""
    last = {tell(entry): entry for entry in chain}
    kept = [entry for entry in chain if last[tell(entry)] is entry]
    if len(kept) > STEPS_MAX:
        kept = [*kept[:2], *kept[2 - STEPS_MAX :]]
    return kept


def _steps(twins: Twins, run: str) -> list[StepFrame]:
    if twins.divergence is None:
        return []
    other = (twins.b if run == "A" else twins.a).world
    return [
        {
            "step": i,
            "id": entry.id,
            "at": entry.at,
            "words": tell(entry),
            "is_shared": _has(other, entry),
        }
        for i, entry in enumerate(chain_of(twins, run).chain, 1)
    ]


def _has(world: World, entry: Entry) -> bool:
    """Whether the same happened there, at the same instant."""
    for other in world.trace.recent(first_id(world, entry.at)):
        if other.at > entry.at:
            return False
        if (other.node, other.event) == (entry.node, entry.event):
            return True
    return False


def _marks(twins: Twins, since: int, until: int) -> list[MarkFrame]:
    """Events people know, of both runs once, of one run with its name.

    A group's states only where they differ: what both runs do alike explains nothing.
    """
    found: dict[tuple[int, str], tuple[set[str], Entry]] = {}
    for name, sim in (("A", twins.a), ("B", twins.b)):
        for entry in sim.trace.of(*_MARKED):
            told = in_words(entry.node, entry.event)
            if told is None or not since <= entry.at <= until:
                continue
            key = (entry.at, told[2])
            found.setdefault(key, (set(), entry))[0].add(name)
    marks: list[MarkFrame] = []
    for (at, _), (runs, entry) in sorted(found.items()):
        if len(runs) == 2 and entry.kind == "GroupStateChanged":
            continue
        glyph, tone, words = in_words(entry.node, entry.event) or ("dot", "ink", "")
        run = "" if len(runs) == 2 else runs.pop()
        marks.append({"at": at, "run": run, "glyph": glyph, "tone": tone, "words": words})
    return _fewer(marks)


def _fewer(marks: list[MarkFrame]) -> list[MarkFrame]:
    """Of one instant the one that matters most; faults and elections when there are too many."""
    of_instant: dict[tuple[int, str], MarkFrame] = {}
    for mark in sorted(marks, key=lambda m: m["glyph"] != "star"):
        of_instant.setdefault((mark["at"], mark["run"]), mark)
    marks = list(of_instant.values())
    order = {"cross": 0, "plug": 0, "star": 1, "minus": 1, "play": 2, "tick": 2}
    best = sorted(marks, key=lambda m: (order.get(m["glyph"], 3), m["at"]))[:MARKS_MAX]
    return sorted(best, key=lambda m: m["at"])
