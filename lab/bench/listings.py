"""What `describe` prints: tables like those of Kafka's own tools."""

from collections.abc import Iterable, Sequence

from kafkalab.errors import LearnerError
from kafkalab.frames.shape import Frame


def describe_topic(frame: Frame, name: str) -> str:
    """Partitions with leader, replicas and ISR, as `kafka-topics --describe`."""
    topic = next((t for t in frame["topics"] if t["name"] == name), None)
    if topic is None:
        there_are = ", ".join(t["name"] for t in frame["topics"]) or "none"
        raise LearnerError(f"there is no topic {name!r}; there are {there_are}")
    rows = []
    for partition in topic["partitions"]:
        leader = "none" if partition["leader"] is None else str(partition["leader"])
        isr = partition["isr"]
        replicas = [int(each) for each in partition["replicas"]]
        out = [each for each in replicas if each not in isr]
        rows.append(
            (
                partition["id"],
                leader,
                partition["leader_epoch"],
                _ids(replicas),
                _ids(isr),
                _ids(out) or "-",
                partition["high_watermark"],
            )
        )
    head = (
        f"{name}: {len(topic['partitions'])} partitions, {topic['replication_factor']} copies, "
        f"min.insync.replicas {topic['min_insync_replicas']}\n"
    )
    names = ("partition", "leader", "epoch", "replicas", "ISR", "out", "high watermark")
    return head + table(names, rows)


def describe_group(frame: Frame, name: str) -> str:
    """Partitions with offsets, lag and owner, as `kafka-consumer-groups --describe`."""
    group = next((g for g in frame["groups"] if g["id"] == name), None)
    if group is None:
        there_are = ", ".join(g["id"] for g in frame["groups"]) or "none"
        raise LearnerError(f"there is no group {name!r}; there are {there_are}")
    owners = {
        (one["topic"], one["partition"]): member["client"]
        for member in group["members"]
        for one in member["partitions"]
        if one.get("state", "owned") == "owned"
    }
    rows = []
    for offset in group["offsets"]:
        committed = offset["committed"]
        lag = "-" if committed is None else offset["end"] - committed
        shown = "-" if committed is None else committed
        owner = owners.get((offset["topic"], offset["partition"]), "nobody")
        rows.append((offset["topic"], offset["partition"], shown, offset["end"], lag, owner))
    head = (
        f"{name}: {group['state']}, generation {group['generation']}, "
        f"coordinator broker {group['coordinator']}\n"
    )
    return head + table(("topic", "partition", "committed", "end", "lag", "owner"), rows)


def describe_broker(frame: Frame, number: str) -> str:
    """What a broker leads and follows."""
    broker = next((b for b in frame["brokers"] if str(b["id"]) == number), None)
    if broker is None:
        there_are = ", ".join(str(b["id"]) for b in frame["brokers"])
        raise LearnerError(f"there is no broker {number!r}; there are {there_are}")
    rows = []
    for topic in frame["topics"]:
        for partition in topic["partitions"]:
            replica = partition["replicas"].get(number)
            if replica is None:
                continue
            role = "leader" if partition["leader"] == broker["id"] else "follower"
            in_sync = "in sync" if broker["id"] in partition["isr"] else "out"
            place = f"{topic['name']}-{partition['id']}"
            rows.append((place, role, in_sync, replica["high_watermark"], replica["end"]))
    head = f"broker {number}: {broker['state']}\n"
    return head + table(("partition", "role", "", "high watermark", "end"), rows)


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns as wide as they must be; numbers to the right.  "" without rows."""
    cells = [[str(cell) for cell in row] for row in rows]
    if not cells:
        return ""
    widths = [max(len(name), *(len(row[i]) for row in cells)) for i, name in enumerate(names)]
    is_number = [
        all(row[i].lstrip("-").isdigit() or row[i] == "-" for row in cells)
        for i in range(len(names))
    ]
    lines = []
    for row in ([*names], *cells):
        parts = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, is_number, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def _ids(ids: Iterable[int]) -> str:
    return ",".join(map(str, ids))
