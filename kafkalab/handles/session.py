"""What all handles share: which world their node is in, and how to run it until something is so.

A handle lives outside the world and drives it; nodes never wait, handles do.  Seconds as
confluent_kafka takes them, -1 for no limit, become virtual milliseconds here.

Read next: `producer`, the smallest whole handle.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kafkalab.client.queries import Reply
from kafkalab.errors import LearnerError
from kafkalab.sim import current

if TYPE_CHECKING:
    from kafkalab.sim import Simulation


class Session:
    """One client node, seen from outside its world."""

    __slots__ = ("_sim", "name")

    def __init__(self, kind: str, conf: Mapping[str, Any], sim: "Simulation | None") -> None:
        self._sim = sim if sim is not None else current()
        self._check_open()
        self.name = self._sim.add_client(kind, conf)

    @property
    def node(self) -> Any:
        """The node, to be read."""
        return self._sim.driver.node(self.name)

    @property
    def now(self) -> int:
        """Virtual ms."""
        return self._sim.now

    def act(self, method: str, *arguments: Any) -> Any:
        """Call a method of the node; no time passes."""
        self._check_open()
        return self._sim.driver.act(self.name, method, *arguments)

    def wait(self, condition: Callable[[], object], limit_ms: int | None, what: str) -> bool:
        """Run the world until the condition holds: True; False at the limit.

        Without a limit `StillWaiting` after one virtual hour.
        """
        self._check_open()
        return self._sim.driver.wait(condition, limit_ms, f"{self.name}: {what}")

    def result(self, id: int, limit_ms: int | None, what: str) -> Reply | None:
        """Run the world until a question is answered; None at the limit."""
        node = self.node
        if not self.wait(lambda: node.has_result(id), limit_ms, what):
            return None
        reply: Reply = self.act("take_result", id)
        return reply

    def _check_open(self) -> None:
        if self._sim.is_closed:
            raise LearnerError(
                f"{self._sim.name} is closed: make a new one, sim = Simulation(brokers=3), "
                "and new clients for it"
            )


def limit_ms(timeout: float | None) -> int | None:
    """Seconds as milliseconds; None and negative ones mean without limit."""
    return None if timeout is None or timeout < 0 else round(timeout * 1000)
