"""`SpaceTime(sim, about)`: nodes, messages and their causes over time; a message can be opened.

    SpaceTime(sim, sim.why("orders-0"))          the chain of an answer, highlighted
    SpaceTime(sim, since=1.0, until=1.2)         any stretch (seconds since the cluster began)
    SpaceTime(sim)                               the last in which something happened

A message under way can be held, released, or its connection cut: `hold`, `release`, `cut` act on
the simulation as `sim.network` does, recorded like any other action.  `bytes` opens its
bytes below.  The rest by Python: `zoom`, `move`, `look_at`, `select`, `whole`, `now`.

Read next: `own_view`, what it shares; `lab.scenes.spacetime`, which draws.
"""

from dataclasses import replace

from kafkalab import Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames.messages import flight_fields, message_fields
from kafkalab.frames.spacetime import SpaceTimeFrame, spacetime_frame
from kafkalab.frames.wire import Named
from kafkalab.sim.instants import instant_ms
from kafkalab.sim.why import Explanation
from kafkalab.world.holds import Message
from lab.scenes import spacetime as scene
from lab.scenes.shapes import Scene
from lab.scenes.spacetime import View
from lab.scenes.spacetime_text import write_text
from lab.widgets.own_view import OwnView
from lab.widgets.request_lens import RequestLens
from lab.widgets.what_there_is import check_name, simulation_of

_ACTS = ("hold", "release", "cut")


class SpaceTime(OwnView):
    """See the module's docstring.  `partition`: whose leader the thick line is."""

    def __init__(
        self,
        sim: Simulation,
        about: Explanation | None = None,
        *,
        since: float | None = None,
        until: float | None = None,
        partition: tuple[str, int] | None = None,
    ) -> None:
        self._sim, self._about, self._partition = simulation_of(sim), about, partition
        if about is not None and not isinstance(about, Explanation):
            raise LearnerError(f"ask first: SpaceTime(sim, sim.why({about!r}))")
        check_name("topic", partition[0] if partition else None, sim.topics)
        began, self._view = sim.world.began, View(is_live=True)
        self._begins = None if since is None else instant_ms(since, began) - began
        self._ends = None if until is None else instant_ms(until, began) - began
        self._frame = self._made(self._begins, self._ends)
        self._open(sim, "spacetime")

    @property
    def frame(self) -> SpaceTimeFrame:
        """What the picture shows, as plain JSON."""
        self._catch_up()
        return self._frame

    @property
    def say(self) -> str:
        return self.frame["say"]

    def zoom(self, factor: float) -> "SpaceTime":
        """Show a stretch so many times as long, about the same middle (0.5: half as long)."""
        return self._turn(scene.zoomed(self.frame, self._view, factor))

    def now(self) -> "SpaceTime":
        """The last 100 ms, and what is under way, whether something happened or not."""
        self._obey(["now"])
        return self

    def move(self, share: float) -> "SpaceTime":
        """Go later by so much of the stretch (earlier if negative)."""
        since, until = self.frame["since"], self._frame["until"]
        by = round((until - since) * share)
        first, last = self._run
        by = max(first - since, min(by, last - until))
        return self._turn(replace(self._view, stretch=(since + by, until + by)))

    def look_at(self, id: int) -> "SpaceTime":
        """Show the milliseconds around an event of the chain."""
        self._obey(["step", str(id)])
        return self

    def whole(self) -> "SpaceTime":
        """The chain or the stretch it was made for; without one, the whole run."""
        self._obey(["all"])
        return self

    def select(self, message: int | str | Message) -> "SpaceTime":
        """Open a message: by name, or by the id of its arrival; "" or 0 closes it."""
        if isinstance(message, int):
            found = (m["name"] for m in self.frame["messages"] if m["id"] == message)
            message = next(found, "") if message else ""
        name = message.words if isinstance(message, Message) else message
        return self._turn(replace(self._view, selected=name))

    def hold(self) -> "SpaceTime":
        """Hold the message that is open in flight.  `LearnerError` if none is, or it arrived."""
        return self._act("hold")

    def release(self) -> "SpaceTime":
        """Let the message that is open go on."""
        return self._act("release")

    def bytes(self) -> RequestLens:
        """Open the bytes of the message that is open, below.  `LearnerError` if none is."""
        message = scene.chosen(self.frame, self._view)
        if message is None:
            raise LearnerError("which message?  open one first: select(flight.message)")
        return self._lens(message["id"] or message["name"])

    def cut(self) -> "SpaceTime":
        """Cut the connection of the message that is open: what is in flight on it is lost."""
        return self._act("cut")

    # inside

    def _act(self, verb: str) -> "SpaceTime":
        if not self._view.selected:
            raise LearnerError("which message?  open one first: select(flight.message)")
        what, client, server, number, id = self._view.selected.split()
        message = Message(what, client, server, int(number), int(id))
        getattr(self._sim.network, verb)(message)
        self._look_again()
        return self

    def _obey(self, words: list[str]) -> None:
        if words and words[0] in _ACTS:
            self._source.command(" ".join(words))
            self._look_again()
            return
        if words[:2] == ["lens", "request"] and len(words) == 3:
            self._lens(int(words[2]))
            return
        if words[:1] == ["lens"]:
            self._lens(" ".join(words[1:]))
            return
        if words[:1] == ["left"] or words[:1] == ["right"]:
            self.move(-0.25 if words == ["left"] else 0.25)
            return
        turned = scene.obey(self._frame, self._view, words)
        if turned is not None:
            self._turn(turned)

    def _lens(self, named: Named) -> RequestLens:
        """Sent from here it acts at the present, as all that this picture does."""
        lens = RequestLens(self._sim, named)
        self.drawer.open(lens)
        return lens

    def _turn(self, view: View) -> "SpaceTime":
        """Another view: a frame for its stretch, the fields of its message."""
        with self._sim.driver.locked():  # a call and the player's thread may come at once
            self._view = view
            first, last = self._run
            is_given = self._begins is not None or self._ends is not None
            if view.stretch is not None:
                self._frame = self._made(*scene.within(view.stretch, self._run))
            elif view.opens == "now":
                self._frame = self._made(max(last - view.span, first), last)
            elif view.opens == "whole" and not is_given:
                self._frame = self._made(first, last)
            else:
                self._frame = self._made(self._begins, self._ends)
            self._read()
        self._redraw()
        return self

    def _look_again(self) -> None:
        self._turn(self._view)

    def _read(self) -> None:
        view, message = self._view, scene.chosen(self._frame, self._view)
        fields: list[tuple[str, str]] = []
        if message is not None and message["id"]:
            fields = message_fields(self._sim, message["id"])
        elif message is not None:
            fields = flight_fields(self._sim, message["name"], self._frame["now"])
        is_present = self._frame["now"] == self._run[1]
        self._view = replace(view, fields=tuple(fields), is_present=is_present)

    def _catch_up(self) -> None:
        """The stretch stays; what is under way at its end is told anew when time has passed."""
        with self._sim.driver.locked():
            frame = self._frame
            if frame["now"] == frame["until"] and frame["now"] != self._run[1]:
                self._frame = self._made(frame["since"], frame["until"])
                self._read()

    @property
    def _run(self) -> tuple[int, int]:
        """What can be seen of the run, in ms since the world began."""
        began = self._sim.world.began
        return self._sim.started_at - began, self._sim.now - began

    def _made(self, since: int | None, until: int | None) -> SpaceTimeFrame:
        return spacetime_frame(
            self._sim,
            self._about,
            since=since,
            until=until,
            span=self._view.span,
            partition=self._partition,
        )

    def _at_width(self, width: float) -> None:
        self._view = self._view.at_width(width)

    def _scene(self, *, is_live: bool) -> Scene:
        still = replace(self._view, is_live=False, width=View().width)
        return scene.draw(self._frame, self._view if is_live else still)

    def _text(self) -> str:
        return write_text(self._frame)
