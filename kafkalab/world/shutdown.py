"""A server leaves in order: it is asked to, hands over what it leads, and ends when it may.

    shutdown ──▶ begin_shutdown(now) ──▶ … its own messages … ──▶ has_shut_down(now) ──▶ end

A broker moves its leaderships away (controlled shutdown, KIP-143) and writes down that it went
in order; a controller that leads the quorum hands the epoch over.  A crash does neither, and a disk
that fails on the way makes it one.
"""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from kafkalab.ids import NodeName
from kafkalab.log import StorageFailure
from kafkalab.world.failures import halt

if TYPE_CHECKING:
    from kafkalab.world.world import World


@runtime_checkable
class Stoppable(Protocol):
    """A node that can leave in order; clients just end."""

    def begin_shutdown(self, now: int) -> None:
        """Start to leave."""

    def has_shut_down(self, now: int) -> bool:
        """Whether the process may end now.  True once; it writes down what a restart needs."""


def begin(world: "World", name: NodeName, cause: int = 0) -> None:
    """Ask a process to leave.  `CommandError` if it is down, or leaving already."""
    from kafkalab.world.faults import CommandError

    node = world.nodes[name]
    if name in world.crashed:
        raise CommandError(f"{name} has crashed already: restart it first")
    if name in world.stopping:
        raise CommandError(f"{name} is leaving already")
    if not isinstance(node, Stoppable):
        raise CommandError(f"{name} is no server: only brokers and controllers leave in order")
    id = world.trace.add(world.now, cause, name, ("ShutdownBegun",))
    world.stopping[name] = world.now
    try:
        node.begin_shutdown(world.now)
    except StorageFailure as failure:
        halt(world, name, failure, id)
        return
    world.touched(name, id)


def end_if_due(world: "World", name: NodeName, cause: int) -> None:
    """A leaving node has been called: is it over?"""
    node = world.nodes[name]
    assert isinstance(node, Stoppable), name
    try:
        is_over = node.has_shut_down(world.now)
    except StorageFailure as failure:
        halt(world, name, failure, cause)
        return
    if is_over:
        world.trace.add(world.now, cause, name, ("Stopped",))
        world.stop(name, cause)
