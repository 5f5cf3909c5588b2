"""`LogView(world)` and its kin: each picture of a world as a widget of its own.

    ClusterView(sim)                              brokers, partitions, groups, events
    LogView(sim, "orders", 1)                     segments, records, epochs, who reads where
    ReplicationView(sim, "orders", 1)             who has what, why the high watermark is there
    GroupsView(sim, "billing")                    members, states, what each rebalance stopped
    TransactionView(sim, "pay")                   coordinator, markers, what is seen meanwhile
    QuorumView(sim)                               controllers, epochs, votes, the metadata log
    NetworkView(sim)                              racks, links, who hears whom

`world` is a simulation, a live cluster, or anything that is a `lab.playback.source.Source`.  Each
has the time bar, faults and events of its own page, by click, key and call; a name that is not
there raises `LearnerError`, "" is the first there is.  All pictures of one world play together, on
one clock: `lab.player`.  Several on one page, with a command line: `lab.Bench`.

Read next: `picture_view`, which they are; `lab.scenes.pictures`, which draw.
"""

from lab.scenes.picture import Picture
from lab.scenes.pictures import BY_NAME
from lab.scenes.view import View
from lab.widgets.picture_view import PictureView, World


class _OnePicture(PictureView):
    """A page of one picture.  `name`: which; its class is named after it."""

    name = ""

    def __init__(
        self,
        world: World,
        *,
        topic: str = "",
        partition: int = 0,
        group: str = "",
        choice: str = "",
    ) -> None:
        view = View(topic=topic, partition=partition, group=group, picture=self.name)
        picture: Picture = BY_NAME[self.name]
        super().__init__(world, (picture,), view.choosing(choice), name=f"{self.name}-view")


class ClusterView(_OnePicture):
    """Brokers × partitions with their copies; the records of one partition; groups and events."""

    name = "cluster"

    def __init__(self, world: World, topic: str = "", partition: int = 0) -> None:
        super().__init__(world, topic=topic, partition=partition)


class LogView(_OnePicture):
    """A partition's log: segments, the last records, leader epochs, and who reads where."""

    name = "log"

    def __init__(self, world: World, topic: str = "", partition: int = 0) -> None:
        super().__init__(world, topic=topic, partition=partition)


class ReplicationView(_OnePicture):
    """One partition fetch by fetch: who has what, and why the high watermark is where it is."""

    name = "replication"

    def __init__(self, world: World, topic: str = "", partition: int = 0) -> None:
        super().__init__(world, topic=topic, partition=partition)


class GroupsView(_OnePicture):
    """A group: its state, its members and partitions, and how long a rebalance stopped each.

    `topic`: what the button that adds a member subscribes it to.
    """

    name = "groups"

    def __init__(self, world: World, group: str = "", topic: str = "") -> None:
        super().__init__(world, group=group, topic=topic)


class TransactionView(_OnePicture):
    """A transaction, by its transactional id: its state, its markers, and what readers see."""

    name = "transaction"

    def __init__(self, world: World, transaction: str = "") -> None:
        super().__init__(world, choice=f"transaction {transaction}" if transaction else "")


class QuorumView(_OnePicture):
    """The controllers: epochs, votes, and the metadata log as each node has it."""

    name = "quorum"

    def __init__(self, world: World) -> None:
        super().__init__(world)


class NetworkView(_OnePicture):
    """Racks, links and clients: who hears whom, and what a partition of the network cut."""

    name = "network"

    def __init__(self, world: World) -> None:
        super().__init__(world)
