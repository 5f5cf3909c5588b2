"""Details that take a whole run: its messages, its ledger, its twins.

`kafkalab.frames.details` are made from a world at one instant; these need the simulation, which
can look back, and what was asked of it: an answer of `why`, a pair of twins.

    spacetime SPAN SINCE UNTIL MESSAGE     ledger     twins [A | B]

Invariants: a detail never fails; of a live cluster there is none.
Read next: `bench`, which asks; `lab.scenes.pictures`, which draw them.
"""

from typing import Any, Final

from kafkalab import Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames.feed import in_words
from kafkalab.frames.ledger import LedgerFrames
from kafkalab.frames.messages import flight_fields, message_fields
from kafkalab.frames.spacetime import spacetime_frame
from kafkalab.frames.twins import TwinsFrame, twins_frame
from kafkalab.live import LiveCluster
from kafkalab.sim.ledger import ledger
from kafkalab.sim.ledger_past import LedgerPast
from kafkalab.sim.telling import seconds
from kafkalab.sim.twins import Twins
from kafkalab.sim.why import Explanation
from lab.playback.simulated import SimulationSource
from lab.playback.sources import source_of
from lab.scenes.spacetime import within
from lab.widgets.twins_view import chain_frame, clusters_at

NAMES: Final = frozenset({"spacetime", "ledger", "twins"})
#: While pictures move: every so many of them gets a detail of its own.  The messages of an instant
#: gone by take 30 ms, a ledger of then 25 (the first 250); that of now 3, so every picture has it.
_PASSED_MAX: Final = {"spacetime": 2, "ledger": 2, "twins": 5}


class RunDetails:
    """Of one world.  `about`: the answer whose chain is shown; `twins`: the pair that is."""

    def __init__(self, world: Simulation | LiveCluster) -> None:
        self._sim = world if isinstance(world, Simulation) else None
        self._source = source_of(world)
        self.about: Explanation | None = None
        self.asked_at: int | None = None  # the instant it is told of, since the beginning
        self._ledgers = LedgerFrames()
        self._ledger_past = LedgerPast()
        self._twins: Twins | None = None
        self._twins_frame: TwinsFrame | None = None
        self._both_at: tuple[int, Any] = (-1, None)  # an instant, and both twins at it
        self._last: dict[str, tuple[Any, Any]] = {}  # by kind: what was asked last, its detail
        self._passed: dict[str, int] = {}  # pictures that did with it since

    @property
    def twins(self) -> Twins | None:
        return self._twins

    @twins.setter
    def twins(self, twins: Twins | None) -> None:
        self._twins = twins
        self._twins_frame = None if twins is None else twins_frame(twins)
        self._both_at = (-1, None)

    def make(self, key: str, at: int, *, is_moving: bool = False) -> Any:
        """The detail of the instant `at` (ms since the beginning, as `Frame["now"]`), or None.

        `is_moving`: more pictures follow at once, so one of a moment ago may do.
        """
        sim = self._sim
        if sim is None:
            return None
        kind = key.split(maxsplit=1)[0]
        last, made = self._last.get(kind, (None, None))
        is_cheap = key == "ledger" and at + sim.world.began >= sim.now
        if is_moving and not is_cheap and last is not None and last[0] == key:
            self._passed[kind] += 1
            if self._passed[kind] < _PASSED_MAX[kind]:
                return made
        self._passed[kind] = 0
        at += sim.world.began  # of a frozen live cluster, Unix time
        asked = (key, at, sim.trace.next_id, id(self.about), self.asked_at, id(self._twins))
        if last != asked:
            try:
                made = self._make(sim, key.split(), at)
            except LearnerError:  # before the cluster was ready
                made = None
            self._last[kind] = (asked, made)
        return made

    def _make(self, sim: Simulation, words: list[str], at: int) -> Any:
        match words:
            case ["spacetime", span, since, until, *name]:
                return self._spacetime(sim, at, int(span), (since, until), " ".join(name))
            case ["ledger"]:
                past = self._past(sim, at)
                with sim.driver.locked() as world:
                    if past is None:
                        return self._ledgers.frame(ledger(world, None))
                    return self._ledgers.frame(self._ledger_past.at(world, past.world))
            case ["twins", *run]:
                return self._of_twins(sim, at, "".join(run))
        raise AssertionError(words)

    def _past(self, sim: Simulation, at: int) -> Simulation | None:
        """A view of then; None for now."""
        if at >= sim.now:
            return None
        assert isinstance(self._source, SimulationSource)
        return self._source.past(at - sim.world.began) or sim.at(at / 1000)

    def _spacetime(
        self, sim: Simulation, at: int, span: int, stretch: tuple[str, str], name: str
    ) -> Any:
        since: int | None = None
        until: int | None = None
        began = sim.world.began
        first, last, now = sim.started_at - began, sim.now - began, at - began
        match stretch:
            case ("now", _):
                since, until = max(now - span, first), now
            case ("whole", _):
                since, until = first, now
            case (begins, ends) if begins.isdigit():
                since, until = within((int(begins), int(ends)), (first, last))
        chain = self.about.chain if self.about is not None and since is None else ()
        if chain and chain[-1].at < sim.started_at:  # before the cluster was frozen
            since = until = first
        frame = spacetime_frame(sim, self.about, since=since, until=until, span=span, now=now)
        if self.about is not None and self.asked_at is not None and self.asked_at != now:
            frame["say"] = (
                f"At {seconds(self.asked_at)}: {frame['say']}"  # it may be otherwise here
            )
        message = next((m for m in frame["messages"] if m["name"] == name), None) if name else None
        fields: list[tuple[str, str]] = []
        if message is not None and message["id"]:
            fields = message_fields(sim, message["id"])
        elif message is not None:
            fields = flight_fields(sim, name, frame["now"])
        return {"frame": frame, "fields": fields, "is_present": at == sim.now}

    def _of_twins(self, sim: Simulation, at: int, run: str) -> Any:
        twins = self._twins
        if twins is None:
            return {"twins": None, "faults": _faults(sim, at)}
        end = twins.a.now
        is_beyond = at > end
        at = max(twins.a.started_at, twins.b.started_at, min(at, end))
        if self._both_at[0] != at:  # while the run goes on beyond their end, the same again
            self._both_at = (at, list(clusters_at(twins, at - sim.world.began)))
        has_chain = run and twins.divergence is not None
        began = sim.world.began
        return {
            "twins": self._twins_frame,
            "at": at - began,
            "end": end - began,
            "is_beyond": is_beyond,
            "gone_on_to": sim.now - began if sim.now > end else None,
            "clusters": self._both_at[1],
            "chain": chain_frame(twins, run) if has_chain else None,
            "faults": [],
        }


def _faults(sim: Simulation, at: int) -> list[dict[str, Any]]:
    """The faults up to an instant that came from outside, newest first.

    Not those of the time before this world was frozen: that cannot be run again.
    """
    found = []
    for instant in reversed(sim.instants("fault")):
        entry = instant.entry
        told = in_words(entry.node, entry.event)
        if (
            not sim.started_at <= entry.at <= at
            or entry.cause
            or told is None
            or entry.kind in _CONSEQUENCES
        ):
            continue
        glyph, tone, words = told
        found.append(
            {
                "id": entry.id,
                "at": entry.at - sim.world.began,
                "words": words,
                "glyph": glyph,
                "tone": "ink" if tone == "ink" else f"{tone}-t",
            }
        )
    return found


_CONSEQUENCES: Final = ("Resumed", "MessageReleased")
