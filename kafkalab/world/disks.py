"""What can go wrong with the disks of servers, and with their power.

    power-off 2          the machine loses power: the process ends, and what was not flushed is gone
    full-disk 2          no space is left: the next write ends the process, as in Kafka
    fail-disk 2          input/output errors: the same, and deletions fail as well
    slow-disk 2 50       each time the server has written, what it says next leaves 50 ms later
    mend-disk 2          space, or a new disk with the same contents; as fast as before

A broker has one log directory, so losing it ends the broker (`LogDirFailureChannel`).  A slow disk
is a queue: what was written first is written first.  Heartbeats that follow no write are in time,
so a broker with a slow disk stays in service, unlike one that is paused.

Read next: `log.disk`, which does the first three; `faults`, which calls this.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kafkalab.errors import LearnerError
from kafkalab.ids import NodeName
from kafkalab.log import Disk

if TYPE_CHECKING:
    from kafkalab.world.world import World

#: The commands without a number.
VERBS: Final = ("power-off", "full-disk", "fail-disk", "mend-disk")
SLOW: Final = "slow-disk"
FORMS: Final = "power-off N, full-disk N, fail-disk N, slow-disk N MS, mend-disk N"


@dataclass(slots=True)
class SlowDisk:
    """How long a write takes, and until when the disk is busy (ms)."""

    write_ms: int
    busy_until: int
    written: int  # how much had been written when this was last looked at

    def fork(self) -> "SlowDisk":
        return SlowDisk(self.write_ms, self.busy_until, self.written)


def apply(world: "World", verb: str, name: NodeName, ms: int, cause: int) -> None:
    """Do it now.  `LearnerError` if the node is no server."""
    disk = disk_of(world, name)
    match verb:
        case "power-off":
            lose_power(world, name, cause)
            return
        case "full-disk":
            disk.break_down("full")
        case "fail-disk":
            disk.break_down("failing")
        case "slow-disk":
            world.network.slow_disks[name] = SlowDisk(ms, world.now, _written(disk))
        case "mend-disk":
            disk.mend()
            world.network.slow_disks.pop(name, None)
        case _:
            raise AssertionError(verb)
    world.trace.add(world.now, cause, name, ("DiskChanged", verb.removesuffix("-disk"), ms))


def lose_power(world: "World", name: NodeName, cause: int) -> None:
    """The process ends, and with it what the operating system had not written to the disk."""
    world.check_up(name)
    id = world.trace.add(world.now, cause, name, ("PowerLost",))
    world.crash(name, id)
    disk = disk_of(world, name)
    if disk.storage is None:
        disk = disk.fork()  # what the dead process knew is its own
        setattr(world.nodes[name], "disk", disk)  # noqa: B010
    for (topic, partition), offset, records in disk.lose_unflushed():
        event = ("UnflushedLost", topic, partition, offset, records)
        world.trace.add(world.now, id, name, event)


def said_at(world: "World", name: NodeName) -> int:
    """When what a server says now leaves: later, if it has written to a slow disk."""
    slow = world.network.slow_disks.get(name)
    if slow is None:
        return world.now
    written = _written(disk_of(world, name))
    if written == slow.written:
        return world.now
    slow.written = written
    slow.busy_until = max(world.now, slow.busy_until) + slow.write_ms
    return slow.busy_until


def disk_of(world: "World", name: NodeName) -> Disk:
    """A server's disk.  `LearnerError` for a client, which has none."""
    disk = getattr(world.nodes[name], "disk", None)
    if not isinstance(disk, Disk):
        raise LearnerError(f"{name} is no broker or controller: it has no disk")
    return disk


def _written(disk: Disk) -> int:
    return sum([log.log_end_offset for log in disk.logs.values()])
