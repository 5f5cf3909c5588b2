"""The log directories of a live cluster: `DIR/broker-1`, `DIR/broker-2`, …, `DIR/controller-101`.

Each is one server's, laid out as Apache Kafka's own (`log.storage_directory`).  A server that is
crashed and restarted while the cluster lives reads its directory again, as a new process would.

Invariants: after `close` nothing holds a directory; a server that runs then has ended cleanly, one
that had crashed has not.
"""

from pathlib import Path

from kafkalab.config import Config
from kafkalab.errors import LearnerError
from kafkalab.ids import NodeId, server_name
from kafkalab.log import Disk
from kafkalab.server import Broker
from kafkalab.world import World, servers


class Directories:
    """Disks under one directory.  `StorageFailure` if one is in use or damaged."""

    def __init__(self, root: Path, brokers: int, controllers: int, config: Config) -> None:
        self.root = root
        self._config = config
        self._opened: list[Disk] = []
        self.notes: list[str] = []  # what had to be mended, in sentences
        for kind, count, first in (("broker", brokers, 1), ("controller", controllers, 101)):
            found = sorted(root.glob(f"{kind}-*")) if root.is_dir() else []
            known = {server_name(first + number) for number in range(count)}
            strange = [path.name for path in found if path.name not in known]
            if strange:
                raise LearnerError(
                    f"{root} holds {', '.join(strange)} too: serve as many {kind}s as it was made "
                    f"for, or use another directory"
                )

    def disk_of(self, node_id: NodeId) -> Disk:
        """The disk of one server, opened now."""
        from kafkalab.log.storage_directory import DirectoryStorage

        storage = DirectoryStorage(self.root / server_name(node_id), node_id, self._config)
        disk = Disk.opened(storage)
        self._opened.append(disk)
        self.notes += storage.notes
        return disk

    def close(self, world: World) -> None:
        """End every server that runs cleanly; let go of the others' directories as they are."""
        for node in servers.all_servers(world):
            if world.is_up(node.name):
                epoch = node.lifecycle.broker_epoch if isinstance(node, Broker) else -1
                node.disk.shut_down(epoch)
            else:
                node.disk.abandon()

    def abandon(self) -> None:
        """The cluster could not be started."""
        for disk in self._opened:
            disk.abandon()
