"""A broker of a live cluster, as a learner calls it: a name and a cluster, nothing more."""

from typing import TYPE_CHECKING

from kafkalab.ids import NodeId, server_name
from kafkalab.world import servers

if TYPE_CHECKING:
    from kafkalab.live.cluster import LiveCluster


class LiveBroker:
    """A broker of a live cluster: its name and what can be done to it."""

    def __init__(self, cluster: "LiveCluster", broker_id: NodeId) -> None:
        self._cluster = cluster
        self.id = broker_id

    def crash(self, *, power: bool = False) -> None:
        """End the process at once; connections break, its port refuses.  Its disk stays."""
        self._cluster.command(f"{'power-off' if power else 'crash'} {self.id}")

    def restart(self) -> None:
        """Start a new process on the disk of the crashed one, on the same port."""
        self._cluster.command(f"restart {self.id}")

    def shutdown(self) -> None:
        """Let it leave in order: its leaderships move first.  It takes a moment."""
        self._cluster.command(f"shutdown {self.id}")

    def pause(self, seconds: float) -> None:
        """For so many seconds it handles nothing; connections stay, messages wait."""
        self._cluster.command(f"pause {self.id} {round(seconds * 1000)}")

    def slow_disk(self, ms: int) -> None:
        """Let each write take so many ms before what follows from it is said."""
        self._cluster.command(f"slow-disk {self.id} {ms}")

    def full_disk(self) -> None:
        """No space is left: the next write ends the process, as it does in Kafka."""
        self._cluster.command(f"full-disk {self.id}")

    def fail_disk(self) -> None:
        """Input/output errors: the next use of its only log directory ends the process."""
        self._cluster.command(f"fail-disk {self.id}")

    def mend_disk(self) -> None:
        """There is space again, the disk is well and fast; `restart` a process that has ended."""
        self._cluster.command(f"mend-disk {self.id}")

    @property
    def state(self) -> str:
        """online, crashed, paused, fenced or starting."""
        with self._cluster.locked() as world:
            return servers.state_of(world, server_name(self.id), self.id)

    def __repr__(self) -> str:
        return f"<broker-{self.id}: {self.state}>"
