"""`ClusterView(world)`: the cluster at work, live in Jupyter, still elsewhere.

Read next: `picture_view`, which it is; `lab.scenes.pictures.cluster`, which draws.
"""

from lab.scenes.pictures.cluster import CLUSTER
from lab.scenes.view import View
from lab.widgets.picture_view import PictureView, World


class ClusterView(PictureView):
    """A picture of brokers, partitions, groups and events, with a player's controls.

    ```python
    ClusterView(sim)                       # as the last line of a cell
    ClusterView(sim, topic="payments")
    ```

    `world` is a simulation, a live cluster, or anything that is a `lab.playback.source.Source`.
    Everything a button does, a call on the world does too.
    """

    def __init__(self, world: World, topic: str = "") -> None:
        super().__init__(world, (CLUSTER,), View(topic=topic), name="cluster-view")
