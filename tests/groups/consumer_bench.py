"""Members of a consumer group (KIP-848) for a coordinator on a bench.

A `Follower` does what a client does: it says what it has when that has changed, takes what it is
given, and gives up what it is not given any more (at once, or when `lets_go` is called).
"""

from dataclasses import dataclass, field
from typing import Any

from coordinator_bench import Bench

from kafkalab.errors import ErrorCode
from kafkalab.ids import TopicPartition
from kafkalab.protocol.messages import consumer_groups as kg

Owned = dict[bytes, tuple[int, ...]]


def beat(member_id: str, epoch: int, **more: Any) -> kg.ConsumerGroupHeartbeatRequest:
    """A heartbeat; `owned` by topic id."""
    owned: Owned | None = more.pop("owned", None)
    partitions = None
    if owned is not None:
        partitions = tuple(
            kg.ConsumerGroupHeartbeatRequestTopicPartitions(topic_id=topic_id, partitions=numbers)
            for topic_id, numbers in owned.items()
        )
    return kg.ConsumerGroupHeartbeatRequest(
        group_id=more.pop("group", "g"),
        member_id=member_id,
        member_epoch=epoch,
        topic_partitions=partitions,
        **more,
    )


def joining(member_id: str, **more: Any) -> kg.ConsumerGroupHeartbeatRequest:
    """The first heartbeat of a member."""
    if "subscribed_topic_regex" not in more:
        more.setdefault("subscribed_topic_names", ("orders",))
    more.setdefault("rebalance_timeout_ms", 60_000)
    return beat(member_id, 0, owned={}, **more)


@dataclass
class Follower:
    """`slow`: it gives nothing up by itself."""

    bench: Bench
    member_id: str
    more: dict[str, Any] = field(default_factory=dict)
    slow: bool = False
    epoch: int = 0
    owned: Owned = field(default_factory=dict)
    wanted: Owned = field(default_factory=dict)
    changed: bool = True
    full: bool = False  # the last answer was lost: say everything again

    def beat(self, **more: Any) -> Any:
        """One heartbeat and what follows from its answer; an error is returned alone."""
        if self.epoch == 0:
            request = joining(self.member_id, **{**self.more, **more})
        else:
            said: dict[str, Any] = {"owned": self.owned} if self.changed or self.full else {}
            if self.full:
                said |= {"rebalance_timeout_ms": 60_000, **self.more}
            static = {"instance_id": self.more.get("instance_id")}
            request = beat(self.member_id, self.epoch, **{**static, **said, **more})
        answer = self.bench.ask(request, client=self.member_id)
        if answer.error_code:
            return ErrorCode(answer.error_code)
        self.changed = self.full = False
        self.epoch = answer.member_epoch
        if answer.assignment is not None:
            self.wanted = {
                each.topic_id: tuple(sorted(each.partitions))
                for each in answer.assignment.topic_partitions
            }
            if not self.slow:
                self.lets_go()
            self.takes()
        return answer

    def lets_go(self) -> None:
        """Give up what is not wanted of it any more."""
        kept = {
            topic_id: both
            for topic_id, numbers in self.owned.items()
            if (both := tuple(n for n in numbers if n in self.wanted.get(topic_id, ())))
        }
        self.changed |= kept != self.owned
        self.owned = kept

    def takes(self) -> None:
        """Take what is given."""
        merged = {
            topic_id: tuple(sorted({*self.owned.get(topic_id, ()), *numbers}))
            for topic_id, numbers in {**self.owned, **self.wanted}.items()
        }
        self.changed |= merged != self.owned
        self.owned = merged

    def leave(self, epoch: int = -1) -> Any:
        return self.bench.ask(beat(self.member_id, epoch, instance_id=self.more.get("instance_id")))

    @property
    def partitions(self) -> list[TopicPartition]:
        names = {topic.topic_id: topic.name for topic in self.bench.image.topics.values()}
        return sorted(
            TopicPartition(names[topic_id], number)
            for topic_id, numbers in self.owned.items()
            for number in numbers
        )


def settle(*followers: Follower, rounds: int = 8) -> None:
    """Heartbeats every five seconds, until everybody has what it should."""
    for _ in range(rounds):
        for follower in followers:
            answer = follower.beat()
            assert not isinstance(answer, ErrorCode), (follower, answer)
        follower.bench.sleep(5000)
