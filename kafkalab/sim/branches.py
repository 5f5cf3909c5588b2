"""Branches: which simulation left which, when, and under what name.

    Simulation  0.015 s … 12.400 s
    ├─ what if  from 1.580 s, now 9.000 s   ◀ this one
    │  └─ and then  from 3.000 s, now 3.000 s
    └─ broker 3 stays up  from 2.330 s, now 12.400 s

A fork with a name is kept by the tree and found again by it; one without is kept only by whoever
holds it.  Views of the past (`sim.at`) are no branches; a fork of one hangs where the view looked.

Invariants: a branch never begins after its origin's `now` at that time; names are unique below one
origin (a new fork of an old name takes its place, as when a cell is run twice).
Read next: `simulation.Simulation.fork`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Optional
from weakref import ref

from kafkalab.errors import LearnerError
from kafkalab.sim.telling import seconds

if TYPE_CHECKING:
    from kafkalab.sim.simulation import Simulation


class Branch:
    """One simulation's place in the tree.  `at`: virtual ms at which it left `origin`."""

    def __init__(
        self, sim: "Simulation", name: str, at: int, origin: Optional["Branch"] = None
    ) -> None:
        self.name = name
        self.at = at
        self.began = sim.world.began  # what times are told from
        self.origin = origin
        self.children: list[Branch] = []
        self._sim = ref(sim)
        self._kept: Simulation | None = None

    def add(self, sim: "Simulation", name: str | None, at: int) -> "Branch":
        """A fork has left here."""
        branch = Branch(sim, name or f"{sim.name}", at, self)
        if name is not None:
            branch._kept = sim
            self.children = [each for each in self.children if each.name != name]
        self.children.append(branch)
        return branch

    @property
    def sim(self) -> "Simulation | None":
        """The simulation; None if nobody has kept it."""
        return self._sim()

    @property
    def root(self) -> "Branch":
        return self if self.origin is None else self.origin.root

    def walk(self) -> Iterator["Branch"]:
        """This branch and all below it that still exist, origins first."""
        yield self
        for child in self._alive():
            yield from child.walk()

    def _alive(self) -> list["Branch"]:
        self.children = [each for each in self.children if each.sim is not None or each.children]
        return sorted(self.children, key=lambda each: each.at)


class Branches:
    """The tree that a simulation belongs to: to be printed, iterated, or asked for a name."""

    def __init__(self, here: Branch) -> None:
        self.here = here

    @property
    def root(self) -> Branch:
        return self.here.root

    def __iter__(self) -> Iterator[Branch]:
        return self.root.walk()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, name: str) -> "Simulation":
        """The newest branch of that name.  `LearnerError` with the names there are."""
        found = [branch.sim for branch in self if branch.name == name and branch.sim is not None]
        if not found:
            there_are = ", ".join(repr(branch.name) for branch in self)
            raise LearnerError(f"there is no branch {name!r}; there are {there_are}")
        return found[-1]

    def __repr__(self) -> str:
        return "\n".join(self._lines(self.root, "", ""))

    def _lines(self, branch: Branch, first: str, rest: str) -> Iterator[str]:
        sim = branch.sim
        here = "   ◀ this one" if branch is self.here else ""
        now = "gone" if sim is None else f"now {seconds(sim.now, branch.began)}"
        begun = "began at" if branch.origin is None else "from"
        yield f"{first}{branch.name}  {begun} {seconds(branch.at, branch.began)}, {now}{here}"
        children = branch._alive()
        for child in children:
            is_last = child is children[-1]
            twig, below = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
            yield from self._lines(child, rest + twig, rest + below)
