"""`Passing(sim, "visits", "user-1")`: one key's records, as made, as kept, as read.

    Passing(sim, "entries", is_followed=lambda fate: b"account-3" in fate.value, name="account-3")

Read next: `lab.scenes.passing`, the picture; `kafkalab.sim.ledger`, which knows each record's way.
"""

from collections.abc import Callable
from dataclasses import replace

from kafkalab import Simulation
from kafkalab.sim.fate import Fate, Place
from lab.scenes.passing import Passage, Stop, draw_passing, finding
from lab.scenes.shapes import Scene
from lab.widgets.still_view import StillView


class Passing(StillView):
    """See the module's docstring.  Of a run in which one reader has read the topic.

    `name`: the key to follow, or with `is_followed` what to call those followed; `label(fate)`: a
    sign for a cell.  The picture is of the instant at which it was made.
    """

    def __init__(
        self,
        sim: Simulation,
        topic: str,
        name: str,
        *,
        is_followed: Callable[[Fate], bool] | None = None,
        label: Callable[[Fate], str] = lambda fate: "",
    ) -> None:
        chosen = is_followed or (lambda fate: fate.key == name.encode())
        fates = [fate for fate in sim.ledger(topic) if fate.place is not None]
        read = [place for fate in fates if (place := _place(fate)).reads]
        read.sort(key=lambda place: (place.reads[0].moment.id, place.offset))
        turns = {place.name: turn for turn, place in enumerate(read)}
        stops = []
        for number, fate in enumerate(fates):
            place = _place(fate)
            where = (place.partition, place.offset, turns.get(place.name))
            stops.append(Stop(number, *where, label(fate), chosen(fate)))
        count = len(sim.metadata.topics[topic].partitions)
        self._passage = Passage(name, tuple(stops), count)
        super().__init__("passing")

    @property
    def say(self) -> str:
        """What the picture says in one sentence."""
        return finding(self._passage)

    @property
    def early(self) -> frozenset[int]:
        """Numbers of the records that are read before one of their key that was made earlier."""
        return self._passage.early

    def _scene(self, width: int) -> Scene:
        return draw_passing(replace(self._passage, width=width))

    def __repr__(self) -> str:
        """A line for each row of the picture, each record as its number and label."""
        followed = self._passage.followed
        rows: dict[str, list[Stop]] = {"as made": list(followed)}
        for stop in sorted(followed, key=lambda s: (s.partition, s.offset)):
            rows.setdefault(f"P{stop.partition}", []).append(stop)
        read = [stop for stop in followed if stop.turn is not None]
        rows["as read"] = sorted(read, key=lambda s: s.turn or 0)
        lines = (
            f"{name:<9}" + "  ".join(f"#{stop.number} {stop.label}" for stop in stops)
            for name, stops in rows.items()
        )
        return "\n".join([self.say, *(line.rstrip() for line in lines)])


def _place(fate: Fate) -> Place:
    assert fate.place is not None, "taken from those that have one"
    return fate.place
