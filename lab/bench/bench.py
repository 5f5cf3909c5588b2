"""`Bench(world)`: pictures as tabs, time, faults, branches and a command line.

    ┌ title, clock, rail, [branch here]
    │ finding
    │ [the run] [branch 1] …             worlds, once there is more than one
    │ [Cluster] [Log] [Groups] …         pictures
    │ picture                            faults
    │                                    events
    │ > describe topic orders            the command line, and what it answered
    └ lens                               what was opened: a batch's bytes, …

A branch is made with the simulation's own `at` and `fork`; the bench turns to it, and turns back
when asked.  Each world has its own playback, and its own answers and twins.

A call and a typed line mean the present of the world shown, unless the reader looks back: then the
instant looked back at (`lab.reader`).  A click means the instant on screen.

Invariants: everything that can be clicked or typed can be called; what is refused is raised.
Read next: `commands`; `asking`; `lenses`; `lab.widgets.picture_view`, the page itself.
"""

from collections.abc import Sequence
from typing import Any, Final

from kafkalab import Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames.wire import Named
from kafkalab.live import LiveCluster
from kafkalab.sim.changes import Change
from kafkalab.sim.twins import Twins
from kafkalab.sim.why import Explanation
from lab.bench import asking, lenses
from lab.bench.branch_names import branch_name
from lab.bench.command_line import CommandLine
from lab.bench.commands import run
from lab.bench.kept import Kept
from lab.bench.parting import parting
from lab.bench.run_details import NAMES, RunDetails
from lab.playback.sources import source_of
from lab.scenes.clock import seconds
from lab.scenes.pictures import ALL
from lab.scenes.rail_branches import Tab
from lab.scenes.view import View
from lab.widgets.picture_view import PictureView
from lab.widgets.record_lens import RecordLens
from lab.widgets.request_lens import RequestLens
from lab.widgets.transport import Transport

_FOLLOWED_MS: Final = 600  # a follower asks at least twice a second


class Bench(Transport):
    """See the package's docstring.

    `picture`: the one shown first, by the name on its tab ("cluster", "network", "spacetime", …),
    or up to three on one page ("log+replication").
    `topic`, `partition`, `group`: what it shows, by default the first.  `LearnerError` if there is
    no such picture, or none of that name yet: leave it out, and the first is shown once there is
    one.
    """

    def __init__(
        self,
        world: Simulation | LiveCluster,
        picture: str = "cluster",
        *,
        topic: str = "",
        partition: int = 0,
        group: str = "",
    ) -> None:
        self.worlds: dict[str, Simulation | LiveCluster] = {"the run": world}
        self._shown = "the run"
        view = View(topic=topic, partition=partition, group=group)
        self._details: dict[int, RunDetails] = {}
        self._kept: dict[int, Kept] = {}  # by the world's id
        self._page = PictureView(
            world, ALL, view, name="bench", more=self._act, worlds=self._world_tabs, own=self
        )
        self.show(picture)
        self._line = CommandLine(self.run)

    # what there is

    @property
    def world(self) -> Simulation | LiveCluster:
        """The world shown: the run, or one of its branches."""
        return self.worlds.get(self._shown, self.worlds["the run"])

    @property
    def widget(self) -> Any:
        """The page, for tests and for those who compose their own."""
        return self._page.widget

    @property
    def shown_at(self) -> int:
        """The instant that calls mean, in ms since it began: now, unless the reader looks back."""
        return self._page.shown_at

    @property
    def details(self) -> RunDetails:
        """What was asked of the world shown: its answer, its twins."""
        world = self.world
        return self._details.setdefault(id(world), RunDetails(world))

    # for the page

    @property
    def _began(self) -> int:
        return self.world.world.began

    names = NAMES

    def make(self, key: str, at: int, *, is_moving: bool = False) -> Any:
        """A detail that takes a whole run (`run_details`)."""
        return self.details.make(key, at, is_moving=is_moving)

    # looking

    def show(self, picture: str, **choices: Any) -> "Bench":
        """Turn to a picture; `topic`, `partition`, `group`, `choice` say of what."""
        self._page.look(picture=picture, **choices)
        return self

    def lens(self, topic: str, partition: int = 0, offset: int | None = None) -> RecordLens:
        """Open the bytes of the batch with that offset below, as they were then (`shown_at`).

        What a click on a record of the log does.  None: the last.  `LearnerError` if there is none.
        """
        return self._page.lens(topic, partition, offset)

    def request(self, message: Named) -> RequestLens:
        """Open the bytes of a request or an answer below, as it stands then (`shown_at`).

        Named as in `RequestLens`: the last of a kind ("Produce", "Produce answer"), the id of its
        arrival, its name.  What the card of a message in spacetime does.  Sent while looking back,
        it goes to a branch.  `LearnerError` if there is no such message.
        """
        return lenses.request(self, message, self.shown_at)

    def open(self, view: Any) -> "Bench":
        """Put a lens, a grid or any other widget below; None closes what is there."""
        self._page.open(view)
        return self

    def turn_to(self, name: str) -> "Bench":
        """Turn to another world: "the run", or a branch by its name."""
        if name not in self.worlds:
            raise LearnerError(f"there is no branch {name!r}; there are {', '.join(self.worlds)}")
        left = self.world
        if id(left) not in self._kept:
            self._kept[id(left)] = Kept(left)
        self._shown = name
        self._page.turn_to(self.worlds[name])
        return self

    def forget(self, name: str) -> "Bench":
        """Take a branch off the bench; if it is shown, the run is turned to."""
        if name == "the run":
            raise LearnerError("the run stays: only a branch can be forgotten")
        if name not in self.worlds:
            raise LearnerError(f"there is no branch {name!r}; there are {', '.join(self.worlds)}")
        if name == self._shown:
            self.turn_to("the run")
        gone = id(self.worlds.pop(name))
        self._details.pop(gone, None)
        if gone in self._kept:
            self._kept.pop(gone).close()
        return self

    # time (and what `Transport` has)

    def branch(self, name: str | None = None, *, at: float | None = None) -> Simulation:
        """A run that leaves this one at `shown_at` (or at `at` seconds); turned to.

        A live cluster is frozen as it is now and runs on as a simulation.  `LearnerError` if the
        instant cannot be reached any more, or the name is taken.
        """
        world = self.world
        if at is not None:
            world = asking.simulation(world)
        if isinstance(world, LiveCluster):
            return self.freeze(name)
        number = len(self.worlds)
        while not name and f"branch {number}" in self.worlds:
            number += 1
        name = self._free(name or f"branch {number}")
        then = world.at(self.shown_at / 1000 if at is None else at)
        return self._add(name, then.fork(name))

    def freeze(self, name: str | None = None) -> Simulation:
        """A simulation of the live cluster as it is now, turned to; the cluster goes on.

        A live cluster keeps no messages: in the picture of those (spacetime) the simulation runs
        on for 0.6 s, so that there are some; in others for 1 ms, so that one can step back over
        what is done next.  `LearnerError` if a simulation is shown already.
        """
        world = self.world
        if not isinstance(world, LiveCluster):
            raise LearnerError("this is a simulation already: it need not be frozen")
        made = world.freeze(self._free(name or ""))
        if name is None:
            made.name = self._free(f"frozen at {seconds(made.now - made.world.began)} s")
        self._add(made.name, made)
        if self._page.view.picture == "spacetime":
            self._page.look(choice="span=200")
            made.driver.run_for(_FOLLOWED_MS)
        else:
            made.driver.run_for(1)  # so that there is a before, whatever is done now
        return made

    # asking

    def why(self, about: Any = None) -> Explanation | None:
        """Ask `sim.why`, and show the chain of its answer in spacetime; None shows all again.

        Of the present, or of the instant looked back at, whatever has come later.  `LearnerError`
        says what may be asked.
        """
        if about is not None:
            asking.simulation(self.world)
            self._page.to_the_present()  # where the picture is to be, too
        return self.why_at(about, self.shown_at)

    def why_at(self, about: Any, at: int) -> Explanation | None:
        """The same at an instant in ms since the beginning, as a click asks it."""
        answer = None if about is None else asking.why(self.world, about, at)
        self.details.about, self.details.asked_at = answer, at
        if answer is not None:
            self.show("spacetime", choice="")
        return answer

    def twins(self, change: Change | None) -> Twins | None:
        """Run this run twice, once with a change (`kafkalab.sim.changes`), and show both.

        Both end where the run stands now; once it has gone on, `twins_again` compares all of it.
        """
        pair = None if change is None else asking.simulation(self.world).twins(change)
        self.details.twins = pair
        self.show("twins", choice="")
        return pair

    def twins_again(self) -> Twins | None:
        """The twins shown, made again up to where the run has got since."""
        return self.twins(self._pair().change)

    def open_twin(self) -> Simulation:
        """Turn to run B of the twins, as to a branch; an older B of that name stays."""
        b, words = self._pair().b, self._pair().change.words
        name, number = words, 1
        while self.worlds.setdefault(name, b) is not b:
            number += 1
            name = f"{words} ({number})"
        self.turn_to(name)
        return b

    def _pair(self) -> Twins:
        pair = self.details.twins
        if pair is None:
            raise LearnerError("there are no twins yet: ask for some first, twins(change)")
        return pair

    # acting

    def post(self, words: str) -> None:
        """See `Transport`."""
        self._page.post(words)

    def move(self, words: str) -> None:
        """See `Transport`."""
        self._page.move(words)

    def then(self, at: int, words: str) -> Simulation:
        """Branch at an instant (ms), do something there in words, and turn to the branch."""
        then = asking.simulation(self.world).at(at / 1000)
        source_of(then.fork()).command(words)  # what is refused makes no branch
        branch = self.branch(branch_name(self.worlds, words), at=at / 1000)
        source_of(branch).command(words)
        return branch

    def run(self, line: str) -> str:
        """Run one line of the command line; its answer.  `help` lists what there is."""
        verb, _, rest = line.strip().partition(" ")
        if verb == "step":
            self.step(rest.strip() or "event")
            return f"one {rest.strip() or 'event'} on"
        if verb == "why":
            self._page.to_the_present()
        answer = asking.run(self, line, self.shown_at)
        return run(self.world, line) if answer is None else answer

    def close(self) -> None:
        """Take the bench off the page."""
        self._page.close()
        self._line.close()
        for kept in self._kept.values():
            kept.close()

    # inside

    def _act(self, words: list[str], at: int) -> bool:
        """What neither the page nor the player knows; `at`: the instant on screen, or meant."""
        match words:
            case ["branch"] if isinstance(self.world, Simulation):
                self.branch(at=at / 1000)
            case ["branch"] | ["freeze"]:
                self.freeze()
            case ["why", *about] if isinstance(self.world, LiveCluster):
                self.freeze()
                self.why(" ".join(about))
            case ["world", *name]:
                self.turn_to(" ".join(name))
            case _:
                return asking.run(self, " ".join(words), at) is not None
        return True

    def _free(self, name: str) -> str:
        if name in self.worlds:
            raise LearnerError(f"there is a branch {name!r} already: choose another name")
        return name

    def _add(self, name: str, made: Simulation) -> Simulation:
        self.worlds[name] = made
        self.turn_to(name)
        return made

    def _world_tabs(self) -> Sequence[Tab]:
        shown = self.world
        return [
            Tab(f"world {name}", name, name == self._shown, parting(shown, world))
            for name, world in tuple(self.worlds.items())  # drawn while a cell may branch
        ]

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The page over the command line; for readers without a kernel, picture and text."""
        import ipywidgets

        still = self._page._repr_mimebundle_()
        parts = [self._page.widget, self._line.widget, self._page.drawer.widget]
        box = ipywidgets.VBox(parts)
        box.add_class("kl-window")  # which fills the window as one
        bundle = box._repr_mimebundle_()
        data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        data["image/svg+xml"], data["text/plain"] = still["image/svg+xml"], still["text/plain"]
        return data

    def __repr__(self) -> str:
        return repr(self._page)
