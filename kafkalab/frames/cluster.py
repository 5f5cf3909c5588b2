"""A world as a frame: brokers, topics, groups, clients, events, and a finding.

    cluster_frame(sim)  ──▶  {"title": …, "now": …, "brokers": […], "topics": […], …, "say": …}

What the controllers have decided (leaders, ISR) is told as they have it; each log as its own
broker has it.  So a frame may show a leader that has crashed a moment ago, as the cluster does.

Left out: internal topics, unless asked for.
Read next: `shape`, which says what each field means; `lab.scenes.cluster_view`, which draws it.
"""

from collections.abc import Collection
from itertools import islice
from typing import Final, Protocol

from kafkalab.frames.clients import client_frames
from kafkalab.frames.clocks import wrong_clock
from kafkalab.frames.details import details
from kafkalab.frames.feed import feed
from kafkalab.frames.finding import finding
from kafkalab.frames.groups import group_frames
from kafkalab.frames.logs import topic_frames
from kafkalab.frames.sessions import session_end
from kafkalab.frames.shape import BrokerFrame, ControllerFrame, ControllerNodeFrame, Frame
from kafkalab.frames.transactions import transaction_frames
from kafkalab.ids import NO_NODE, NodeName
from kafkalab.server import Broker
from kafkalab.world import World, servers
from kafkalab.world.servers import state_of

#: How far back in the trace the feed looks: a frame must not get slower as a run gets longer.
_ENTRIES_MAX: Final = 4_000


class HasWorld(Protocol):
    """A simulation, or whatever else holds a world and has a name."""

    name: str

    @property
    def world(self) -> World: ...


def cluster_frame(
    source: HasWorld | World,
    *,
    title: str | None = None,
    internal: bool = False,
    wanted: Collection[str] = (),
) -> Frame:
    """What there is now.  Hold the world still meanwhile if others drive it (`Driver.locked`).

    `wanted`: keys of `details`, for pictures that need more.
    """
    world = source if isinstance(source, World) else source.world
    if title is None:
        title = "Cluster" if isinstance(source, World) else source.name
    image = servers.metadata(world)
    brokers = servers.brokers(world)
    topics = topic_frames(world, image, brokers, internal=internal)
    frame: Frame = {
        "title": title,
        "now": world.now - world.began,
        "seed": world.seed,
        "controller": _controller(world),
        "brokers": [_broker(world, broker) for broker in brokers],
        "topics": topics,
        "groups": group_frames(world, image, brokers),
        "transactions": transaction_frames(world, brokers),
        "clients": client_frames(world),
        "events": feed(islice(reversed(world.trace), _ENTRIES_MAX), began=world.began),
        "say": "",
    }
    frame["say"] = finding(
        frame, is_partitioned=bool(world.network.sides), is_one_way=world.network.is_one_way
    )
    if wanted:
        frame["details"] = details(world, wanted)
    return frame


def _controller(world: World) -> ControllerFrame:
    active = servers.active_controller(world)
    nodes = servers.controllers(world)
    return {
        "leader": active.node_id if active is not None else None,
        "epoch": max(node.raft.epoch for node in nodes),
        "nodes": [_controller_node(world, node) for node in nodes],
    }


def _controller_node(world: World, node: servers.ControllerNode) -> ControllerNodeFrame:
    raft = node.raft
    return {
        "id": node.node_id,
        "state": state_of(world, node.name, node.node_id),
        "role": raft.role,
        "epoch": raft.epoch,
        "leader": raft.leader_id if raft.leader_id != NO_NODE else None,
        "voted": raft.voted_id if raft.voted_id != NO_NODE else None,
        "high_watermark": raft.high_watermark,
        "log_start": raft.log_start_offset,
        "log_end": raft.log_end_offset,
    }


def _broker(world: World, broker: Broker) -> BrokerFrame:
    name = broker.name
    pause = world.paused.get(name)
    rack = broker.config["broker.rack"]
    frame: BrokerFrame = {
        "id": broker.broker_id,
        "state": state_of(world, name, broker.broker_id),
        "since": _since(world, name) - world.began,
        "until": pause.until - world.began if pause is not None else None,
        "rack": str(rack) if rack is not None else None,
    }
    if frame["state"] not in ("online", "fenced"):
        end = session_end(world, broker.broker_id)
        if end is not None:
            frame["session_ends"] = end - world.began
    if (clock := wrong_clock(broker, world.now)) is not None:
        frame["clock"] = clock
    return frame


def _since(world: World, name: NodeName) -> int:
    """When it crashed, was paused, or began to run."""
    if name in world.crashed:
        return world.crashed[name]
    if name in world.paused:
        return world.paused[name].since
    return world.started[name]
