"""A reader for the lessons that come before consumers: an ordinary consumer, told where to begin.

    anna = Reader(sim, "letters", "anna")
    anna.read(3)                     three messages, or fewer if there are no more
    anna.read()                      all the rest

It joins no group, and commits only by `bookmark`; lessons 04 to 06 say what those are.
"""

from collections.abc import Callable
from typing import Any

from kafkalab import Consumer, Message, Producer, Simulation, TopicPartition
from lab.widgets.passing import Passing

Report = Callable[[Any, Any], None]


class Reader:
    """Reads all partitions of a topic, each from offset `start` on.

    It is quiet once nothing has come for `patience_s` virtual seconds.
    """

    def __init__(
        self, sim: Simulation, topic: str, name: str, start: int = 0, patience_s: float = 1.0
    ) -> None:
        conf = {"bootstrap.servers": sim.bootstrap_servers, "group.id": name, "client.id": name}
        self._consumer = Consumer({**conf, "enable.auto.commit": False}, sim=sim)
        self._patience_s = patience_s
        partitions = sim.metadata.topics[topic].partitions
        self._consumer.assign([TopicPartition(topic, each, start) for each in sorted(partitions)])

    def read(self, count: int | None = None) -> list[Message]:
        """The next messages, as they come: at most `count`, by default all there are."""
        found: list[Message] = []
        while count is None or len(found) < count:
            message = self._consumer.poll(self._patience_s)
            if message is None:
                break
            if message.error() is None:
                found.append(message)
        return found

    def values(self, count: int | None = None) -> list[str]:
        """As `read`, the values only, as text."""
        return [message.value().decode() for message in self.read(count)]

    def bookmark(self) -> None:
        """Leave the position in the cluster, under the reader's name; the log's picture shows it.

        KafkaException if nothing has been read.
        """
        self._consumer.commit(asynchronous=False)

    def close(self) -> None:
        """Done: leave no bookmark."""
        self._consumer.close()


def ways(sim: Simulation, topic: str) -> Passing:
    """All records of a topic that one reader has read: as made, as kept, as read."""
    return Passing(
        sim,
        topic,
        topic,
        is_followed=lambda fate: True,
        label=lambda fate: (fate.value or b"").decode(),
    )


def write(sim: Simulation, topic: str, values: list[str], **conf: Any) -> None:
    """Write values without a key, and wait for every receipt."""
    producer = Producer({"bootstrap.servers": sim.bootstrap_servers, **conf}, sim=sim)
    for value in values:
        producer.produce(topic, value)
    producer.flush()


def transactions(sim: Simulation, topic: str, sizes: list[int]) -> None:
    """Write so many letters in each of several transactions, all committed."""
    conf = {"bootstrap.servers": sim.bootstrap_servers, "transactional.id": "post-office"}
    producer = Producer({**conf, "linger.ms": 0}, sim=sim)
    producer.init_transactions()
    number = 0
    for size in sizes:
        producer.begin_transaction()
        for _ in range(size):
            producer.produce(topic, f"letter {number}")
            number += 1
        producer.commit_transaction()
