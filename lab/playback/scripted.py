"""A world that follows a script: prepared frames, and no engine.

It stands in for a simulation where pictures are wanted and Kafka is not: in tests of the player,
in screenshots, in a talk.  Commands are answered by editing the frame (`Story`), so a crash shows
as a crash; nothing follows from it.

Invariants: frames already handed out are never changed.
Left out: any behaviour of Kafka.
Read next: `source`, the face it wears.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from kafkalab.frames.shape import (
    BrokerFrame,
    CellFrame,
    EventFrame,
    Frame,
    GroupFrame,
    PartitionFrame,
    ReplicaFrame,
    Tone,
)
from lab.playback.source import Happening, Observer


class Moment(NamedTuple):
    """One step of the script: the frame after it, and the kinds of events in it."""

    kinds: tuple[str, ...]
    frame: Frame


class Story:
    """Writes a script: each method changes the frame, says so in the feed, and adds a moment."""

    def __init__(self, frame: Frame) -> None:
        self._frame = copy.deepcopy(frame)
        self.moments: list[Moment] = []
        self._next_event = 1 + max((event["id"] for event in frame["events"]), default=0)

    @property
    def frame(self) -> Frame:
        """The frame after the last moment."""
        return copy.deepcopy(self._frame)

    def wait(self, duration_ms: int) -> "Story":
        self._frame["now"] += duration_ms
        return self

    def say(self, words: str) -> "Story":
        """The finding, from the next moment on."""
        self._frame["say"] = words
        return self

    def crash(self, broker_id: int) -> "Story":
        broker = self._broker(broker_id)
        broker |= {"state": "crashed", "since": self._frame["now"], "until": None}
        return self._happened("Crashed", "out", "cross", f"Broker {broker_id} crashed", broker_id)

    def restart(self, broker_id: int) -> "Story":
        broker = self._broker(broker_id)
        broker |= {"state": "online", "since": self._frame["now"], "until": None}
        words = f"Broker {broker_id} restarted"
        return self._happened("Restarted", "sync", "play", words, broker_id)

    def pause(self, broker_id: int, duration_ms: int) -> "Story":
        now = self._frame["now"]
        self._broker(broker_id).update(
            {"state": "paused", "since": now, "until": now + duration_ms}
        )
        words = f"Broker {broker_id} paused for {duration_ms} ms"
        return self._happened("Paused", "out", "clock", words, broker_id)

    def set_isr(self, partition: int, isr: Sequence[int], topic: int = 0) -> "Story":
        target = self._partition(partition, topic)
        verb = "shrinks" if len(isr) < len(target["isr"]) else "grows"
        target["isr"] = list(isr)
        members = ", ".join(map(str, isr))
        words = f"ISR of P{partition} {verb} to {{{members}}}"
        tone: Tone = "out" if verb == "shrinks" else "sync"
        return self._happened("IsrChanged", tone, "cross" if tone == "out" else "dot", words)

    def elect(self, partition: int, leader: int | None, topic: int = 0) -> "Story":
        target = self._partition(partition, topic)
        target["leader"] = leader
        target["leader_epoch"] += 1
        words = f"Broker {leader} leads P{partition}, epoch {target['leader_epoch']}"
        if leader is None:
            words = f"P{partition} has no leader"
        return self._happened("LeaderElected", "lead", "star", words)

    def produce(
        self, partition: int, key: str | None = None, value: str = "", topic: int = 0
    ) -> "Story":
        """One record more in the leader's log."""
        target = self._partition(partition, topic)
        leader = target["replicas"].get(str(target["leader"]))
        if leader is None:
            name = self._frame["topics"][topic]["name"]
            raise ValueError(f"{name}-{partition} has no leader: nothing can be produced to it")
        _append(leader, target["leader_epoch"], key, value)
        return self._happened("Appended", "comm", "up", f"One record appended to P{partition}")

    def replicate(self, partition: int, broker_id: int, topic: int = 0) -> "Story":
        """A follower copies all it lacks; the high watermark moves if all in sync now have it."""
        target = self._partition(partition, topic)
        leader = target["replicas"][str(target["leader"])]
        follower = target["replicas"][str(broker_id)]
        follower["cells"] = copy.deepcopy(leader["cells"])
        follower["end"] = leader["end"]
        ends = [target["replicas"][str(each)]["end"] for each in target["isr"]]
        leader["high_watermark"] = target["high_watermark"] = min(ends)
        follower["high_watermark"] = min(leader["high_watermark"], follower["end"])
        words = f"Broker {broker_id} fetched P{partition} up to {leader['end'] - 1}"
        return self._happened("Replicated", "sync", "dot", words, broker_id)

    def group(self, group: GroupFrame) -> "Story":
        """The group of that id is now like this, in the place it has."""
        groups = self._frame["groups"]
        known = [each["id"] for each in groups]
        if group["id"] in known:
            groups[known.index(group["id"])] = copy.deepcopy(group)
        else:
            groups.append(copy.deepcopy(group))
        words = f"{group['id']}: {group['state']}, generation {group['generation']}"
        return self._happened("GroupStateChanged", "group", "swap", words)

    def _broker(self, broker_id: int) -> BrokerFrame:
        for broker in self._frame["brokers"]:
            if broker["id"] == broker_id:
                return broker
        raise ValueError(f"there is no broker {broker_id}")

    def _partition(self, partition: int, topic: int) -> PartitionFrame:
        return self._frame["topics"][topic]["partitions"][partition]

    def _happened(
        self, kind: str, tone: Tone, glyph: str, words: str, broker_id: int | None = None
    ) -> "Story":
        event: EventFrame = {
            "id": self._next_event,
            "at": self._frame["now"],
            "node": "controller" if broker_id is None else f"broker-{broker_id}",
            "kind": kind,
            "tone": tone,
            "glyph": glyph,
            "text": words,
        }
        self._next_event += 1
        self._frame["events"] = [event, *self._frame["events"]][:40]
        self.moments.append(Moment((kind,), copy.deepcopy(self._frame)))
        return self


class ScriptedSource:
    """A `Source` that goes through `moments`; commands change the frame it stands at."""

    is_live = False

    def __init__(self, start: Frame, moments: Sequence[Moment] = ()) -> None:
        self._frame = start
        self._to_come = list(moments)
        self._observers: list[Observer] = []
        self.wanted: tuple[str, ...] = ()
        self.commands: list[str] = []

    @property
    def now(self) -> int:
        return self._frame["now"]

    @property
    def begins(self) -> int | None:
        """A script does not go back."""
        return None

    def frame(self) -> Frame:
        return self._frame

    def frame_at(self, at: int) -> Frame | None:
        """A script does not go back."""
        return None

    def details_at(self, at: int, keys: tuple[str, ...]) -> dict[str, Any] | None:
        """A script holds what it holds."""
        return None

    def observe(self, observer: Observer) -> None:
        self._observers.append(observer)

    def command(self, words: str) -> str:
        """Crash, restart, pause or produce.; the rest of the script then falls away."""
        self.commands.append(words)
        story = Story(self._frame)
        match words.split():
            case ["crash", broker]:
                story.crash(int(broker))
            case ["restart", broker]:
                story.restart(int(broker))
            case ["pause", broker, duration]:
                story.pause(int(broker), int(duration))
            case ["produce", topic]:
                names = [each["name"] for each in self._frame["topics"]]
                story.produce(0, key="user-1", value="by hand", topic=names.index(topic))
            case _:
                raise ValueError(f"the script does not know the command {words!r}")
        self._to_come.clear()
        for moment in story.moments:
            self._show(moment)
        self._rest()
        return ""

    def run_for(self, duration_ms: int) -> None:
        """Every moment up to then."""
        until = self._frame["now"] + duration_ms
        while self._to_come and self._to_come[0].frame["now"] <= until:
            self._show(self._to_come.pop(0))
        if self._frame["now"] < until:
            self._frame = {**self._frame, "now": until}
        self._rest()

    def run(self) -> None:
        """The rest of the script, at once."""
        while self._to_come:
            self._show(self._to_come.pop(0))
        self._rest()

    def step(self) -> None:
        if self._to_come:
            self._show(self._to_come.pop(0))

    def step_message(self) -> None:
        """A script has no messages: its next moment stands for one."""
        if self._to_come:
            moment = self._to_come.pop(0)
            self._frame = moment.frame
            words = moment.frame["events"][0]["text"]
            for observer in self._observers:
                observer(Happening(self._frame["now"], moment.kinds, self.frame, words))

    def message_after(self, at: int) -> tuple[int, str] | None:
        return None

    def shown_near(self, at: int, *, is_later: bool) -> int | None:
        """A script does not go back."""
        return None

    def _show(self, moment: Moment) -> None:
        self._frame = moment.frame
        self._tell(moment.kinds)

    def _rest(self) -> None:
        self._tell(())

    def _tell(self, kinds: tuple[str, ...]) -> None:
        for observer in self._observers:
            observer(Happening(self._frame["now"], kinds, self.frame))


def cluster_frame(
    *, brokers: int = 3, partitions: int = 3, records: int = 40, topics: Sequence[str] = ("orders",)
) -> Frame:
    """A healthy cluster: partition p is led by broker p mod n + 1, all replicas are equal."""
    ids = list(range(1, brokers + 1))
    return {
        "title": "Cluster",
        "now": 1000,
        "seed": 7,
        "controller": {"leader": 101, "epoch": 3, "nodes": [{"id": 101, "state": "online"}]},
        "brokers": [
            {"id": i, "state": "online", "since": 0, "until": None, "rack": None} for i in ids
        ],
        "topics": [
            {
                "name": name,
                "replication_factor": brokers,
                "min_insync_replicas": 2 if brokers > 2 else 1,
                "partitions": [_partition_frame(p, ids, records) for p in range(partitions)],
            }
            for name in topics
        ],
        "groups": [],
        "clients": [],
        "events": [],
        "say": "All replicas are in sync.",
    }


def group_frame(
    owned: Sequence[tuple[str, Sequence[int]]], *, state: str = "Stable", generation: int = 5
) -> GroupFrame:
    """Group billing on topic orders: each member with the partitions it owns."""
    return {
        "id": "billing",
        "state": state,
        "generation": generation,
        "coordinator": 2,
        "protocol": "range",
        "members": [
            {
                "id": f"{name}-0000",
                "client": name,
                "partitions": [
                    {"topic": "orders", "partition": p, "committed": 38, "position": 40,
                     "end": 40, "high_watermark": 40}
                    for p in partitions
                ],
            }
            for name, partitions in owned
        ],
        "offsets": [
            {"topic": "orders", "partition": p, "committed": 38, "end": 40} for p in range(3)
        ],
    }  # fmt: skip


def isr_story() -> Story:
    """The ISR of P0 goes 3 → 2 → 3, then a broker dies and another leads, then a rebalance."""
    story = Story(cluster_frame())
    story.wait(300).produce(0, "user-1", "total 42").wait(4).replicate(0, 2)
    story.say("Broker 3 is too slow: the ISR of P0 shrinks.").wait(9000).set_isr(0, [1, 2])
    story.wait(500).replicate(0, 3)
    story.say("Broker 3 has caught up.").wait(40).set_isr(0, [1, 2, 3])
    story.say("Broker 1 crashed; its partitions have no leader yet.").wait(2000).crash(1)
    story.say("Broker 2 now leads P0.").wait(9000).set_isr(0, [2, 3]).wait(1).elect(0, 2)
    story.wait(900).group(group_frame([("app-1", [0, 1]), ("app-2", [2])]))
    members = [("app-1", [0, 1]), ("app-2", [2]), ("app-3", [])]
    story.wait(700).group(group_frame(members, state="PreparingRebalance"))
    members = [("app-1", [0]), ("app-2", [2]), ("app-3", [1])]
    story.wait(300).group(group_frame(members, generation=6))
    return story


def _partition_frame(partition: int, brokers: Sequence[int], records: int) -> PartitionFrame:
    return {
        "id": partition,
        "leader": brokers[partition % len(brokers)],
        "leader_epoch": 4,
        "isr": list(brokers),
        "high_watermark": records,
        "replicas": {str(broker): _replica_frame(records) for broker in brokers},
    }


def _replica_frame(records: int) -> ReplicaFrame:
    cells = list(_cells(max(0, records - 24), records))
    return {"log_start": 0, "end": records, "high_watermark": records, "cells": cells}


def _cells(first: int, end: int) -> Iterator[CellFrame]:
    for offset in range(first, end):
        key = f"user-{offset % 4}"
        yield {"offset": offset, "key": key, "value": f"total {offset * 7 % 90}", "epoch": 4,
               "kind": "data"}  # fmt: skip


def _append(replica: ReplicaFrame, epoch: int, key: str | None, value: str) -> None:
    cell: CellFrame = {"offset": replica["end"], "key": key, "value": value, "epoch": epoch,
                       "kind": "data"}  # fmt: skip
    replica["cells"] = [*replica["cells"], cell][-24:]
    replica["end"] += 1
