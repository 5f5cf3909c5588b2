"""The cluster as graphs to compute on, with networkx: who hears whom, what falls with what.

    graph = topology_graph(sim)          an edge a → b: what a says now, b hears
    graph.has_edge("broker-1", "controller-101")
    in_touch(graph)                      the largest groups in which everybody hears everybody

    graph = placement_graph(sim)         cluster → rack a → broker-1 → orders-0
    single_points(graph)                 whose loss takes partitions offline, as things stand

Nothing is passed on in Kafka: who hears a friend of a friend hears nobody.  So `in_touch` looks for
cliques, not for components; a controller can be active only if one of them has a majority of the
controllers.  Of a live cluster take what is frozen: `topology_graph(cluster.freeze())`.

In this module: `networkx`.  Read next: `kafkalab.frames.network`, where the facts come from.
"""

from collections.abc import Iterator
from typing import Any, Final

import networkx as nx

from kafkalab import Simulation
from kafkalab.frames import cluster_frame
from kafkalab.frames.network import NetworkFrame, network_detail
from lab.scenes.view import topics_in_order
from lab.widgets.what_there_is import check_name, simulation_of

CLUSTER: Final = "cluster"
Graph = Any  # networkx has no types of its own


def topology_graph(sim: Simulation) -> Graph:
    """A `networkx.DiGraph` of the servers; each edge is a direction in which messages arrive now.

    Nodes have `kind` ("broker", "controller"), `id`, `rack`, `state` and `is_active`; edges
    `latency_ms`.  There is no edge from or to who is crashed, paused or shut down, none across a
    partition of the network, and none on a link that is held.
    """
    frame = network_detail(simulation_of(sim).world, ())
    graph = nx.DiGraph()
    for spot in frame["spots"]:
        if spot["id"] is not None:
            shown = ("kind", "id", "rack", "state", "is_active")
            graph.add_node(spot["name"], **{key: spot[key] for key in shown})  # type: ignore[literal-required]
    graph.add_edges_from(_heard(graph, frame))
    return graph


def _heard(graph: Graph, frame: NetworkFrame) -> Iterator[tuple[str, str, dict[str, int]]]:
    links = {(link["source"], link["target"]): link for link in frame["links"]}
    runs = [name for name, state in graph.nodes("state") if state in ("online", "fenced")]
    for source in runs:
        for target in runs:
            link = links.get((source, target))
            if source == target or (link is not None and (link["is_cut"] or link["is_held"])):
                continue
            latency = frame["latency_ms"] if link is None else link["latency_ms"]
            yield source, target, {"latency_ms": latency}


def in_touch(graph: Graph) -> list[set[str]]:
    """The largest groups of a `topology_graph` in which each hears each other; largest first.

    One for each side of a partition that cuts cleanly.  Where two cannot hear each other but a
    third hears both, the groups overlap: it stands in each.
    """
    both_ways = graph.to_undirected(reciprocal=True)
    groups = [set(group) for group in nx.find_cliques(both_ways)]
    return sorted(groups, key=lambda group: (-len(group), sorted(group)))


def placement_graph(sim: Simulation, topic: str | None = None) -> Graph:
    """A `networkx.DiGraph` of where partitions can be led from: cluster → racks → brokers → them.

    A broker hangs from its rack, or from the cluster if it has none; a partition from each broker
    that is in sync with it and runs.  Nodes have `kind`; partitions `leader` (None: offline).
    `LearnerError` if there is no such topic.
    """
    check_name("topic", topic, simulation_of(sim).topics)
    frame = cluster_frame(sim)
    graph = nx.DiGraph()
    graph.add_node(CLUSTER, kind="cluster")
    for broker in frame["brokers"]:
        name, home = f"broker-{broker['id']}", CLUSTER
        if broker["rack"] is not None:
            home = f"rack {broker['rack']}"
            graph.add_node(home, kind="rack")
            graph.add_edge(CLUSTER, home)
        graph.add_node(name, kind="broker", state=broker["state"])
        graph.add_edge(home, name)
    runs = {name for name, state in graph.nodes("state") if state == "online"}
    for each in topics_in_order(frame):
        for partition in each["partitions"] if topic in (None, each["name"]) else ():
            name = f"{each['name']}-{partition['id']}"
            graph.add_node(name, kind="partition", leader=partition["leader"])
            holders = (f"broker-{id}" for id in partition["isr"])
            graph.add_edges_from((holder, name) for holder in holders if holder in runs)
    return graph


def single_points(graph: Graph) -> dict[str, list[str]]:
    """Of a `placement_graph`: each rack or broker without which partitions are offline, and those.

    Its dominators: every way from the cluster to the partition leads through them.  Partitions
    that are offline already are nobody's.
    """
    found: dict[str, list[str]] = {}
    above = nx.immediate_dominators(graph, CLUSTER)
    for name, kind in graph.nodes("kind"):
        point = above.get(name) if kind == "partition" else None
        while point not in (None, CLUSTER):
            found.setdefault(point, []).append(name)
            point = above[point]
    return dict(sorted(found.items()))
