"""The pictures of a world, one a file; `ALL` in the order of their tabs.

Read next: `lab.scenes.picture`, what each is made of.
"""

from collections.abc import Mapping
from typing import Final

from lab.scenes.picture import Picture
from lab.scenes.pictures.cluster import CLUSTER
from lab.scenes.pictures.groups import GROUPS
from lab.scenes.pictures.ledger import LEDGER
from lab.scenes.pictures.network import NETWORK
from lab.scenes.pictures.partition_log import LOG
from lab.scenes.pictures.quorum import QUORUM
from lab.scenes.pictures.replication import REPLICATION
from lab.scenes.pictures.spacetime import SPACETIME
from lab.scenes.pictures.transaction import TRANSACTION
from lab.scenes.pictures.twins import TWINS

ALL: Final[tuple[Picture, ...]] = (
    CLUSTER, LOG, REPLICATION, GROUPS, TRANSACTION, QUORUM, NETWORK, SPACETIME, TWINS, LEDGER,
)  # fmt: skip
BY_NAME: Final[Mapping[str, Picture]] = {picture.name: picture for picture in ALL}
