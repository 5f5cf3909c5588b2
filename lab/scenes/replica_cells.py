"""The records of one replica as cells, and its watermarks: a window that slides by a transform.

    ■■■■■■|□□┆┆      filled: committed · pale: not yet · outlined: on a disk nobody can read
                     dashed: not there · smaller: a control record · the line: the high watermark

Invariants: cells are keyed and placed by offset; a mark outside the window waits at its edge and
points out.
Read next: `cluster`, whose cards hold these.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from kafkalab.frames.shape import (
    CELLS_MAX,
    DOWN,
    BrokerFrame,
    CellFrame,
    PartitionFrame,
    ReplicaFrame,
    TopicFrame,
)
from lab.scenes.metrics import first_fitting
from lab.scenes.shapes import Shape, group, line, path, rect, text

#: Cells are placed relative to a multiple of this, for browsers place by 32-bit floats.
ORIGIN_STEP: Final = 1024

Look = tuple[str, str | None]  # fill and stroke
NOT_THERE: Final[Look] = ("none", "rule")
DIVERGED: Final[Look] = ("group-s", "group")
CONTROL: Final[Look] = ("soft", "rule")


@dataclass(frozen=True, slots=True)
class Density:
    """How much room a replica has."""

    box: int  # height
    band: int  # from one row to the next
    cell: tuple[int, int]
    step: int
    left: int  # of the first cell
    top: int  # of the cells


ROOMY: Final = Density(box=80, band=88, cell=(18, 20), step=20, left=17, top=32)
COMPACT: Final = Density(box=40, band=46, cell=(10, 12), step=12, left=14, top=22)


@dataclass(frozen=True, slots=True)
class Row:
    """A partition, with what all its replicas are compared to."""

    partition: PartitionFrame
    top: int  # the highest log end offset
    leader_end: int
    leader_epochs: dict[int, int]  # offset -> leader epoch, in the leader's log


def rows_of(topic: TopicFrame) -> list[Row]:
    return [_row(partition) for partition in topic["partitions"]]


def _row(partition: PartitionFrame) -> Row:
    replicas = partition["replicas"]
    ends = [replica["end"] for replica in replicas.values()]
    leader = replicas.get(str(partition["leader"]))
    return Row(
        partition,
        top=max(ends, default=0),
        leader_end=leader["end"] if leader else max(ends, default=0),
        leader_epochs={c["offset"]: c["epoch"] for c in leader["cells"]} if leader else {},
    )


def draw_log(
    row: Row, replica: ReplicaFrame, broker: BrokerFrame, slots: int, density: Density
) -> Shape:
    """The last records, one cell an offset, and the watermark; a window slides by a transform."""
    slots = max(1, min(slots, CELLS_MAX))
    base = max(0, row.top - slots)
    origin = base // ORIGIN_STEP * ORIGIN_STEP
    watermark = min(replica["high_watermark"], replica["end"])
    cells = {cell["offset"]: cell for cell in replica["cells"]}
    children = []
    if not row.top:
        y = density.top + density.cell[1] - 5
        words = first_fitting(("no records yet", "empty"), "note", slots * density.step - 1)
        children.append(text("empty", 5, y, words, "note"))
    for offset in range(base, row.top):
        look = _look(offset, replica, cells.get(offset), row, broker)
        if look is not None:
            children.append(_cell(offset, offset - origin, look, density))
    if "last_stable" in replica and replica["last_stable"] >= base:
        children += _stable(replica["last_stable"], origin, density)
    children += _watermark(watermark, base, origin, density)
    at = (density.left - (base - origin) * density.step, 0)
    return group(f"log{origin}", children, at=at)


@lru_cache(maxsize=8192)
def _cell(offset: int, place: int, look: Look, density: Density) -> Shape:
    """One record.  Remembered, for nine shapes in ten are cells, and most look as before."""
    fill, stroke = look
    wide, high = density.cell
    dash = "2 2" if look == NOT_THERE else "5 2" if look == DIVERGED else None
    inset = wide // 5 if look == CONTROL else 0  # smaller: no colour is needed to tell it
    return rect(
        f"c{offset}", place * density.step + inset, density.top + inset,
        wide - 2 * inset, high - 2 * inset, fill, stroke,
        radius=3, dash=dash, stroke_width=2 if look == DIVERGED else None, role="cell",
    )  # fmt: skip


def _stable(offset: int, origin: int, density: Density) -> list[Shape]:
    """Where readers of committed transactions stop: dashed, left of the high watermark."""
    rise = 3 if density is COMPACT else 5
    top, bottom = density.top - rise, density.top + density.cell[1] + rise
    at = ((offset - origin) * density.step - 1, 0)
    return [
        line("lso-bed", (0, top), (0, bottom), "bg", at=at, stroke_width=4),
        line("lso", (0, top), (0, bottom), "group", at=at, stroke_width=2, dash="4 3"),
    ]


def _watermark(watermark: int, base: int, origin: int, density: Density) -> list[Shape]:
    """The line; at the window's left edge with an arrow when it lies further left."""
    top, bottom = density.top - 5, density.top + density.cell[1] + 5
    if density is COMPACT:
        top, bottom = density.top - 3, density.top + density.cell[1] + 3
    x = (max(watermark, base) - origin) * density.step - 1
    shapes = [line("hw", (0, top), (0, bottom), "ink", at=(x, 0), stroke_width=2)]
    if watermark < base:
        middle = (top + bottom) / 2
        shapes.append(path("hwout", f"M{x} {middle - 5}l-7 5 7 5z", "ink"))
    return shapes


def _look(
    offset: int, replica: ReplicaFrame, cell: CellFrame | None, row: Row, broker: BrokerFrame
) -> Look | None:
    """Fill and stroke of one cell; None where a record was, and is no more (deleted, compacted)."""
    if offset >= replica["end"]:
        return NOT_THERE
    if cell is None:
        return None
    if is_diverged(cell, row):
        return DIVERGED
    if broker["state"] in DOWN:
        return ("none", "comm")
    if cell["kind"] == "control":
        return CONTROL
    return ("comm", None) if offset < replica["high_watermark"] else ("unc", "comm")


def is_diverged(cell: CellFrame, row: Row) -> bool:
    """Whether the leader's log has another record there, or none: it will be cut away."""
    epoch = row.leader_epochs.get(cell["offset"])
    if epoch is not None:
        return epoch != cell["epoch"]
    return bool(row.leader_epochs) and cell["offset"] >= row.leader_end
