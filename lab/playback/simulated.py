"""A simulation as a source: what the player sees, and how its clicks reach the world.

The simulation's driver calls the observer between steps and takes turns with the cell that may be
running it; so a click acts while a cell waits.

Read next: `source`, the face this wears; `kafkalab.world.driver`.
"""

from bisect import bisect_left, bisect_right
from typing import Any

from kafkalab import Producer, Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames import cluster_frame
from kafkalab.frames.details import details
from kafkalab.frames.shape import Frame
from kafkalab.frames.spacetime import first_id
from kafkalab.sim.telling import tell
from kafkalab.world import Entry, World
from lab.playback import members
from lab.playback.source import Happening, Observer
from lab.scenes.kinds import SHOWN

STEP_MS = 60_000  # how far one step looks for something to show
FLUSH_SECONDS = 1.0  # a record made by hand is on its way at least so long
AGAIN_MS = 2000  # so much is run again to find messages that the trace has let go of
TOLD_MAX = 2  # messages of one instant, and what came of each


class SimulationSource:
    """See the module's docstring; a `Source`."""

    is_live = False

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self.wanted: tuple[str, ...] = ()
        self._looked_at: Simulation | None = None
        self._producer: Producer | None = None
        self._produced = 0
        self._observers: list[Observer] = []

    @property
    def now(self) -> int:
        return self._sim.now - self._sim.world.began

    @property
    def begins(self) -> int | None:
        return self._sim.started_at - self._sim.world.began

    def frame(self) -> Frame:
        with self._sim.driver.locked():
            return cluster_frame(self._sim, wanted=self.wanted)

    def details_at(self, at: int, keys: tuple[str, ...]) -> dict[str, Any] | None:
        """By running that instant again, from the checkpoint before it."""
        with self._sim.driver.locked() as world:
            if at == world.now - world.began:
                return details(world, keys)
        past = self.past(at)
        return None if past is None else details(past.world, keys)

    def frame_at(self, at: int) -> Frame | None:
        """The same, as a whole picture; None before the cluster was ready."""
        past = self.past(at)
        if past is None:
            return None
        return cluster_frame(past, title=self._sim.name, wanted=self.wanted)

    def past(self, at: int) -> Simulation | None:
        """A view of that instant, the same as long as no other is asked for; None if there is none.

        Every part of a page that looks back looks at the same instant.
        """
        began, last = self._sim.world.began, self._looked_at
        if last is not None and last.now == at + began < self._sim.now:
            return last
        try:
            past = self._looked_at = self._sim.at((at + began) / 1000)
        except LearnerError:
            return None  # before the view, or before the cluster was ready
        return past  # not `_looked_at`: another thread may look at another instant

    def observe(self, observer: Observer) -> None:
        self._observers.append(observer)
        began = self._sim.world.began
        self._sim.driver.observe(
            lambda now, kinds: observer(Happening(now - began, kinds, self.frame)), SHOWN
        )

    def command(self, words: str) -> str:
        """A fault in words, or what clients do; `LearnerError` says what was wrong.

        At the very first instant of a run it is done a millisecond later: so there is a before, to
        which one can step back.
        """
        if self.now == self.begins and not self._sim.driver.is_view:
            self._sim.driver.run_for(1)
        verb, _, rest = words.strip().partition(" ")
        match verb:
            case "produce":
                return self._produce(rest.strip())
            case "consume":
                members.add(self._sim, rest.split())
            case "leave":
                members.remove(self._sim, rest.split())
            case _:
                self._sim.driver.command(words)
        return ""

    def run_for(self, duration_ms: int) -> None:
        self._sim.driver.run_for(duration_ms)

    def step(self) -> None:
        self._sim.driver.step(SHOWN, STEP_MS)

    def step_message(self) -> None:
        """See `Source`."""
        with self._sim.driver.locked() as world:
            since = world.trace.next_id
            if "Delivered" not in self._sim.driver.step(("Delivered",), STEP_MS):
                raise LearnerError(f"no message was delivered within {STEP_MS // 1000} s")
            arrived = [each for each in world.trace.recent(since) if each.kind == "Delivered"]
            happening = Happening(self.now, ("Delivered",), self.frame, _told(world, arrived))
            for observer in self._observers:
                observer(happening)

    def message_after(self, at: int) -> tuple[int, str] | None:
        """See `Source`; all messages of an instant are told together."""
        with self._sim.driver.locked() as world:
            at += world.began
            oldest = next(iter(world.trace.recent()), None)
            if oldest is not None and oldest.at > at:
                until = min(at + AGAIN_MS, world.now)
                again = self.past(until - world.began)
                if again is None:
                    return None
                world = again.world
            arrived: list[Entry] = []
            for entry in world.trace.recent(first_id(world, at + 1)):
                if arrived and entry.at > arrived[0].at:
                    break
                if entry.kind == "Delivered":
                    arrived.append(entry)
            return (arrived[0].at - world.began, _told(world, arrived)) if arrived else None

    def shown_near(self, at: int, *, is_later: bool) -> int | None:
        """See `Source`."""
        with self._sim.driver.locked() as world:
            began, first = world.began, self._sim.started_at
            instants = [entry.at for entry in world.trace.of(*SHOWN) if entry.at >= first]
            if is_later:
                place = bisect_right(instants, at + began)
                found = instants[place] if place < len(instants) else world.now
            else:
                place = bisect_left(instants, at + began)
                found = instants[place - 1] if place else first
            return found - began

    def _produce(self, topic: str) -> str:
        if topic not in self._sim.topics:
            there_are = ", ".join(self._sim.topics) or "none"
            raise LearnerError(f"there is no topic {topic!r}; topics: {there_are}")
        if self._producer is None:
            conf = {"bootstrap.servers": self._sim.bootstrap_servers}
            self._producer = Producer(conf, sim=self._sim)
        self._produced += 1
        key = f"user-{self._produced % 7}"
        told: list[str] = []
        self._producer.produce(
            topic,
            key=key,
            value=f"by hand {self._produced}",
            on_delivery=lambda error, message: told.append(_outcome(error, message)),
        )
        self._producer.flush(FLUSH_SECONDS)
        waits = f"not acknowledged within {FLUSH_SECONDS:g} s: the producer goes on trying"
        return told[0] if told else waits


def _outcome(error: Any, message: Any) -> str:
    if error:
        return f"not written: {error}"
    return f"written to partition {message.partition()} at offset {message.offset()}"


def _told(world: World, arrived: list[Entry]) -> str:
    """What was delivered, and what was done with it at once."""
    told = []
    for message in arrived[:TOLD_MAX]:
        came_of = [
            tell(each)
            for each in world.trace.recent(message.id)
            if each.cause == message.id and each.kind not in ("Delivered", "TimerFired")
        ]
        told.append(": ".join([tell(message), *filter(None, ["; ".join(came_of[:TOLD_MAX])])]))
    if len(arrived) > TOLD_MAX:
        told.append(f"and {len(arrived) - TOLD_MAX} more")
    words = " · ".join(told)
    return words[:1].upper() + words[1:]
