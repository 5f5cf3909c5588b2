"""Where keys go, by the clients' own hashes: a small table for lesson 03.

    key       murmur2 (Java, kafka-python, aiokafka)   CRC-32 (confluent_kafka)   FNV-1a (Sarama)

Read next: `kafkalab.client.partitioners`, which computes.
"""

from collections.abc import Iterable
from typing import Final

from kafkalab.client.partitioners import Partitioner, by_crc32, by_fnv1a, by_murmur2

ANYWHERE: Final = "anywhere"
CLIENTS: Final[dict[str, Partitioner]] = {
    "murmur2 (Java)": by_murmur2,
    "CRC-32 (confluent_kafka)": by_crc32,
    "FNV-1a (Sarama)": by_fnv1a,
}


class PartitionerTable:
    """Rows of `(key, partitions)`, the partitions by client; printed as text.

    `keys` as bytes, text (UTF-8) or None; `partitions` is how many the topic has.
    """

    def __init__(self, keys: Iterable[str | bytes | None], partitions: int) -> None:
        self.partitions = partitions
        self.rows = [(key, [self._place(key, name) for name in CLIENTS]) for key in keys]

    def _place(self, key: str | bytes | None, client: str) -> int | str:
        """No key goes anywhere; so does an empty one for librdkafka's default."""
        data = key.encode() if isinstance(key, str) else key
        if data is None or (not data and CLIENTS[client] is by_crc32):
            return ANYWHERE
        return CLIENTS[client](data, self.partitions)

    @property
    def agreeing(self) -> int:
        """How many keys go to one partition under all the hashes."""
        return sum(len(set(places)) == 1 and ANYWHERE not in places for _, places in self.rows)

    def __repr__(self) -> str:
        shown = [(_named(key), [str(place) for place in places]) for key, places in self.rows]
        width = max(3, *(len(name) for name, _ in shown))
        lines = ["  ".join(["key".ljust(width), *CLIENTS])]
        for name, places in shown:
            cells = [
                place.rjust(len(client)) for place, client in zip(places, CLIENTS, strict=True)
            ]
            lines.append("  ".join([name.ljust(width), *cells]))
        return "\n".join(lines)


def _named(key: str | bytes | None) -> str:
    return key.hex(" ") if isinstance(key, bytes) else repr(key)
