"""The lab: pictures, widgets and lessons on top of the engine.

Names load on first use, so that drawing a scene needs neither anywidget nor a browser.

    scenes    frame -> keyed shapes -> SVG, or the difference to the last one (pure)
    reader    where the reader is: what a call means, moved at once
    player    plays a world to the views that are open
    widgets   what Jupyter shows
    graphs    the cluster as networkx graphs, to compute on
    checking  exercises and predictions: `exercise("02.1").check(…)`, `predict("02.keys")`

Read next: `lab.scenes.cluster_view`, then `lab.player`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from lab.bench import Bench
    from lab.bench.offset_reset import reset_offsets
    from lab.checking.contents import Contents
    from lab.checking.views import exercise, predict
    from lab.graphs import in_touch, placement_graph, single_points, topology_graph
    from lab.loops import Stopped
    from lab.widgets.background import background
    from lab.widgets.durability_grid import DurabilityGrid
    from lab.widgets.ledger_view import LedgerView
    from lab.widgets.partitioner_lens import PartitionerLens
    from lab.widgets.rebalance_bench import RebalanceBench
    from lab.widgets.record_lens import RecordLens
    from lab.widgets.request_lens import RequestLens
    from lab.widgets.spacetime import SpaceTime
    from lab.widgets.twins_view import TwinsView
    from lab.widgets.views import (
        ClusterView,
        GroupsView,
        LogView,
        NetworkView,
        QuorumView,
        ReplicationView,
        TransactionView,
    )

__all__ = [
    "Bench",
    "ClusterView",
    "Contents",
    "DurabilityGrid",
    "GroupsView",
    "LedgerView",
    "LogView",
    "NetworkView",
    "PartitionerLens",
    "QuorumView",
    "RebalanceBench",
    "RecordLens",
    "ReplicationView",
    "RequestLens",
    "SpaceTime",
    "Stopped",
    "TransactionView",
    "TwinsView",
    "background",
    "exercise",
    "in_touch",
    "placement_graph",
    "predict",
    "reset_offsets",
    "single_points",
    "topology_graph",
]

_HOMES: Final = {
    "Bench": "lab.bench",
    "ClusterView": "lab.widgets.views",
    "Contents": "lab.checking.contents",
    "GroupsView": "lab.widgets.views",
    "LedgerView": "lab.widgets.ledger_view",
    "LogView": "lab.widgets.views",
    "NetworkView": "lab.widgets.views",
    "QuorumView": "lab.widgets.views",
    "ReplicationView": "lab.widgets.views",
    "TransactionView": "lab.widgets.views",
    "DurabilityGrid": "lab.widgets.durability_grid",
    "PartitionerLens": "lab.widgets.partitioner_lens",
    "RebalanceBench": "lab.widgets.rebalance_bench",
    "RecordLens": "lab.widgets.record_lens",
    "RequestLens": "lab.widgets.request_lens",
    "SpaceTime": "lab.widgets.spacetime",
    "TwinsView": "lab.widgets.twins_view",
    "Stopped": "lab.loops",
    "background": "lab.widgets.background",
    "exercise": "lab.checking.views",
    "predict": "lab.checking.views",
    "reset_offsets": "lab.bench.offset_reset",
    "in_touch": "lab.graphs",
    "placement_graph": "lab.graphs",
    "single_points": "lab.graphs",
    "topology_graph": "lab.graphs",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lab' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
