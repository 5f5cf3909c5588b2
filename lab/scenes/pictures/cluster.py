"""The cluster: brokers as columns, partitions as rows; below, records, groups and clients.

Read next: `lab.scenes.cluster`, which draws the cards; `lab.scenes.partition_map`, which stands
above them where they do not show all.
"""

from collections.abc import Mapping, Sequence

from kafkalab.frames.shape import TopicFrame
from lab.scenes.clients import draw_clients
from lab.scenes.cluster import density_for, draw_cluster
from lab.scenes.controls import draw_picker
from lab.scenes.groups import draw_groups
from lab.scenes.legend import ALWAYS, CONTROL, DIVERGED, MAY_LEAD, STABLE, STOPPED, Entry
from lab.scenes.partition_map import draw_map, duties_of
from lab.scenes.picture import Picture, Sight
from lab.scenes.records import HEIGHT, draw_records
from lab.scenes.replica_cells import Row, is_diverged, rows_of
from lab.scenes.shapes import Shape, group
from lab.scenes.view import GAP, Block, absent, chosen_topic, topics_in_order, window


def _draw(sight: Sight) -> Block:
    """Picker, brokers, records, groups, clients: one column."""
    frame, view, controls, width = sight.frame, sight.view, sight.controls, sight.width
    topic = chosen_topic(frame, view.topic)
    shapes: list[Shape] = []
    y = 0.0
    first, shown = window(frame, topic, view.first_row)
    total = len(topic["partitions"]) if topic else 0
    names = [each["name"] for each in topics_in_order(frame)]
    if controls and (len(names) > 1 or total > shown or (names and topic is None)):
        pager = (first, shown, total) if total > shown else None
        picker = draw_picker(names, topic["name"] if topic else "", pager, width)
        shapes.append(group("picker", picker, label="Topics"))
        y += 32 if len(names) > 1 or not topic else 0  # a pager alone stands beside the map
    duties: Mapping[int, str] = {}
    if topic and total > shown:
        partitions = topic["partitions"]
        drawn, height = draw_map(
            partitions, frame["brokers"], (first, shown), width, can_press=controls is not None
        )
        shapes.append(group("map", drawn, at=(0, y), label="All partitions"))
        y += height + 8
        duties = duties_of(frame["brokers"], partitions)
    rows: Sequence[Row] = rows_of(topic)[first : first + shown] if topic else ()
    cards, height = draw_cluster(frame["brokers"], rows, width, density_for(shown), duties)
    shapes.append(group("cluster", cards, at=(0, y), arrows="plane"))
    y += height + GAP
    if topic and view.partition < total:
        partition = topic["partitions"][view.partition]
        has_buttons = controls is not None and total > 1
        records = draw_records(partition, frame["brokers"], width, has_buttons=has_buttons)
        label = f"Records of partition {partition['id']}"
        shapes.append(group(f"records-{topic['name']}", records, at=(0, y), label=label))
        y += HEIGHT + GAP
    groups, height = draw_groups(frame["groups"], width)
    if groups:
        shapes.append(group("groups", groups, at=(0, y)))
        y += height + GAP
    clients, height = draw_clients(frame["clients"], width)
    if clients:
        shapes.append(group("clients", clients, at=(0, y), label="Clients"))
        y += height + GAP
    return Block(tuple(shapes), y - GAP)


def _legend(sight: Sight) -> Sequence[Entry]:
    """With the rare cells only when there are any."""
    topic: TopicFrame | None = chosen_topic(sight.frame, sight.view.topic)
    entries = list(ALWAYS)
    if any(broker["state"] == "stopped" for broker in sight.frame["brokers"]):
        entries.insert(3, STOPPED)
    if topic is None:
        return entries
    rows = rows_of(topic)
    cells = [
        (cell, row)
        for row in rows
        for replica in row.partition["replicas"].values()
        for cell in replica["cells"]
    ]
    if any(row.partition.get("elr") for row in rows):
        entries.insert(3, MAY_LEAD)
    replicas = [each for row in rows for each in row.partition["replicas"].values()]
    if any("last_stable" in each for each in replicas):
        entries.append(STABLE)
    if any(cell["kind"] == "control" for cell, _ in cells):
        entries.append(CONTROL)
    if any(is_diverged(cell, row) for cell, row in cells):
        entries.append(DIVERGED)
    return entries


CLUSTER = Picture(
    name="cluster", draw=_draw, say=lambda sight: absent(sight.frame, sight.view), legend=_legend
)
