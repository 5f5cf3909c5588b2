"""What an app did, done again from its origin's log, without running its function.

    origin's log   act act (wait, True) act (wait, False) act …
    resume(True) ────────▶ └──────────┘ ─▶ the next wait

Looking back replays a stretch that the origin has lived.  Running an app's function again from its
start, to have it do there what it did, costs as much as all of its life; its log has it all.  An
echo is for exactly that: whoever goes another way from here must run the function (`runner`).

Invariant: each wait is answered as it was.
Read next: `history`, which uses it.
"""

from typing import TYPE_CHECKING

from kafkalab.ids import NodeName
from kafkalab.world.chunks import Chunks
from kafkalab.world.runner import Result, Wait, new_node

if TYPE_CHECKING:
    from kafkalab.world.world import World


class Echo:
    """Stands for a `Runner`; `log` and `nodes` are of the app it stands in for."""

    __slots__ = ("_last", "_log", "_nodes", "_origin", "_world")

    def __init__(
        self,
        world: "World",
        log: Chunks[Result],
        nodes: list[NodeName],
        origin: Chunks[Result],
        last: Wait | None,
    ) -> None:
        """`origin` is the log to follow; at its end the app stood at `last`, or was finished."""
        self._world = world
        self._log = log
        self._nodes = nodes
        self._origin, self._last = origin, last

    def resume(self, answer: bool | None) -> Wait:
        """Do what the app did until its next wait.  StopIteration when its function returned."""
        origin, log = self._origin, self._log
        while len(log) < len(origin):
            result = origin[len(log)]
            if isinstance(result.called, Wait):
                return result.called
            self._again(result)
            log.append(result)
        if self._last is None:
            raise StopIteration
        return self._last

    def _again(self, result: Result) -> None:
        arguments = result.arguments
        if arguments is None:  # it only looked
            return
        what, method = result.called[:2]
        if what == "add":
            assert new_node(self._world, self._nodes, *arguments) == result.value
            return
        try:
            self._world.act(what, method, *arguments)
        except Exception:
            assert result.is_raised, result

    def kill(self) -> None:
        """There is no code of the app's that could run."""
