"""`LedgerView(sim, topic)`: a row for each record the applications handed over.

It follows the simulation: when a run has come to rest the table is made anew.  A click on a row
opens its fate in a sentence, with a button for its bytes; chips choose which records are shown.

Read next: `own_view`, what it shares; `lab.scenes.ledger`, which draws.
"""

from kafkalab import Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames.ledger import LedgerFrame, LedgerFrames
from lab.scenes.ledger import SORTS, View, chosen, draw, obey
from lab.scenes.shapes import Scene
from lab.widgets.own_view import OwnView
from lab.widgets.record_lens import RecordLens
from lab.widgets.what_there_is import check_name, simulation_of


class LedgerView(OwnView):
    """See the module's docstring.  `show`: "all", "lost", "failed", "repeated", …

    `LearnerError` for a topic that never had a record and is not there, or no such `show`.
    """

    def __init__(self, sim: Simulation, topic: str | None = None, show: str = "all") -> None:
        self._sim, self._topic = simulation_of(sim), topic
        self._frames = LedgerFrames()
        try:
            told = sim.ledger(topic)
        except LearnerError:
            check_name("topic", topic, sim.topics)  # which knows what was meant
            raise
        self._frame = self._frames.frame(told)
        check_name("choice of records", show, SORTS)
        self._view = View(is_live=True, sort=show)
        self._open(sim, "ledger-view")

    @property
    def frame(self) -> LedgerFrame:
        """What the picture shows, as plain JSON."""
        self._catch_up()
        return self._frame

    @property
    def say(self) -> str:
        return self.frame["say"]

    def _catch_up(self) -> None:
        """Anew, if time has passed."""
        with self._sim.driver.locked():  # a call and the player's thread may come at once
            if self._sim.now - self._sim.world.began != self._frame["now"]:
                self._frame = self._frames.frame(self._sim.ledger(self._topic))

    def _obey(self, words: list[str]) -> None:
        if words[:1] == ["lens"] and len(words) == 3:
            topic, _, partition = words[1].rpartition("-")
            self.drawer.open(RecordLens(self._sim, topic, int(partition), int(words[2])))
            return
        self._view = obey(self._frame, self._view, words) or self._view

    def _at_width(self, width: float) -> None:
        self._view = self._view.at_width(width)

    def _scene(self, *, is_live: bool) -> Scene:
        if is_live:
            return draw(self._frame, self._view)
        frame = self._frames.frame(self._sim.ledger(self._topic))
        return draw(frame, View(sort=self._view.sort if chosen(frame, self._view.sort) else "all"))

    def _text(self) -> str:
        return repr(self._sim.ledger(self._topic))
