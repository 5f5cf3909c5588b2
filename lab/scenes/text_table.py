"""The cluster picture in plain words: for screen readers, terminals, `print` and nbval.

Invariants: a pure function of the frame, so equal worlds give equal text.
Read next: `cluster_view`, the same as a picture.
"""

from collections.abc import Iterable, Sequence

from kafkalab.frames.shape import BrokerFrame, Frame, GroupFrame, PartitionFrame, TopicFrame
from lab.scenes.clock import seconds
from lab.scenes.cluster import clock_of, role_of, state_words
from lab.scenes.groups import progress_words
from lab.scenes.replica_cells import rows_of
from lab.scenes.shapes import plain
from lab.scenes.view import View, absent, chosen_topic, settings

EVENTS = 5


def write_text(frame: Frame, topic_name: str = "") -> str:
    """Title, finding, brokers, partitions by replica, groups, the newest events."""
    topic = chosen_topic(frame, topic_name)
    name = f" · topic {topic['name']}" if topic else ""
    parts = [
        f"{frame['title']}{name} · {seconds(frame['now'])} s",
        settings(frame, topic),
        absent(frame, View(topic=topic_name)) or frame["say"],
        "",
        *_brokers(frame),
    ]
    if topic:
        parts += ["", *_table(_partitions(frame["brokers"], topic))]
    for group in frame["groups"]:
        parts += ["", *_group(group)]
    if frame["events"]:
        parts += ["", "Events, newest first"]
        parts += [f"  {seconds(e['at']):>9} s  {e['text']}" for e in frame["events"][:EVENTS]]
    return "\n".join(plain(line).rstrip() for line in parts)


def _brokers(frame: Frame) -> list[str]:
    lines = [
        f"Broker {b['id']}: {', '.join([state_words(b)[0], *clock_of(b)])}"
        for b in frame["brokers"]
    ]
    controller = frame["controller"]
    leader = "none active" if controller["leader"] is None else str(controller["leader"])
    return [*lines, f"Controller: {leader}, epoch {controller['epoch']}"]


def _partitions(brokers: Sequence[BrokerFrame], topic: TopicFrame) -> list[Sequence[str]]:
    head = ["", "leader", "epoch", "ISR", "HW", *(f"broker {b['id']}" for b in brokers)]
    rows: list[Sequence[str]] = [head]
    for row in rows_of(topic):
        partition = row.partition
        cells = [
            f"P{partition['id']}",
            "none" if partition["leader"] is None else str(partition["leader"]),
            str(partition["leader_epoch"]),
            ",".join(map(str, partition["isr"])),
            _watermark(partition),
        ]
        for broker in brokers:
            replica = partition["replicas"].get(str(broker["id"]))
            words = f"{role_of(broker, row, replica).words[0]}, " if replica else "-"
            start = f"start {replica['log_start']}, " if replica and replica["log_start"] else ""
            cells.append(f"{words}{start}end {replica['end']}" if replica else words)
        rows.append(cells)
    return rows


def _watermark(partition: PartitionFrame) -> str:
    """`11`, or `11 (LSO 4)` while a transaction is open."""
    high = partition["high_watermark"]
    stable = partition.get("last_stable_offset", high)
    return f"{high} (LSO {stable})" if stable < high else str(high)


def _group(group: GroupFrame) -> Iterable[str]:
    yield f"Group {group['id']}: {group['state']}, generation {group['generation']}"
    for member in group["members"]:
        words = ", ".join(progress_words(p) for p in member["partitions"]) or "no partition"
        yield f"  {member['client'] or member['id']}: {words}"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
