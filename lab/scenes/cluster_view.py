"""The cluster at work, composed for a wide and a narrow page: frame -> scene.

    wide (1000 and up)                          narrow
    title, settings          controllers        title         controllers
    time bar                                    settings, time bar, finding
    finding                                     brokers
    brokers                  faults             records, groups, clients, legend
    records, groups,         events             faults        events
    clients, legend

Reading order and tab order are the same: time, finding, cluster, group, faults, events.

Invariants: pure, so equal arguments give equal scenes; without `Controls` it is the static twin,
the same picture without what could be pressed.
Read next: `text_table`, the same in words; `lab.widgets.cluster_view`, which shows it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kafkalab.frames.shape import ControllerFrame, Frame, TopicFrame
from lab.scenes.clients import draw_clients
from lab.scenes.cluster import ROWS_MAX, Row, density_for, draw_cluster, is_diverged, rows_of
from lab.scenes.controls import Controls, draw_bar, draw_faults, draw_picker
from lab.scenes.feed import LINE_HEIGHT, draw_feed, feed_height
from lab.scenes.groups import draw_groups
from lab.scenes.legend import ALWAYS, CONTROL, DIVERGED, Entry, draw_legend
from lab.scenes.metrics import fit, width_of, wrap
from lab.scenes.rail import Rail, lay_out, marks_of
from lab.scenes.records import HEIGHT, draw_records
from lab.scenes.shapes import Scene, Shape, glyph, group, text

WIDE: Final = 1000
WIDTH_MIN, WIDTH_MAX = 640, 1400
STATIC_WIDTH: Final = 1000
MARGIN: Final = 14
SIDE: Final = 318
GAP: Final = 14

KEYS: Final[Mapping[str, str]] = {
    "ArrowLeft": "back",
    "ArrowRight": "step",
    "End": "end",
    " ": "play",
}


@dataclass(frozen=True, slots=True)
class View:
    """What this reader looks at: not part of the world, and not of its frame."""

    width: int = STATIC_WIDTH
    topic: str = ""  # "": the first
    partition: int = 0  # whose records are shown
    first_row: int = 0  # of the window over partitions

    def at_width(self, width: float) -> "View":
        """Laid out for a page this wide, in steps of ten: a scroll bar changes nothing."""
        return replace(self, width=int(min(max(width, WIDTH_MIN), WIDTH_MAX)) // 10 * 10)


@dataclass(frozen=True, slots=True)
class Block:
    """Shapes one above the other with their height."""

    shapes: tuple[Shape, ...]
    height: float


def draw(frame: Frame, view: View, controls: Controls | None = None) -> Scene:
    """The whole picture.  `controls` is how playback stands; None for the static twin."""
    inner = view.width - 2 * MARGIN
    topic = chosen_topic(frame, view.topic)
    topic_name = topic["name"] if topic else ""
    head = _head(frame, topic, controls, view.width)
    if view.width >= WIDE:
        main_width = inner - SIDE - 24
        main = _main(frame, topic, view, controls, main_width)
        body = _beside(main, frame, topic_name, controls, main_width)
        entries, legend_height = draw_legend(_entries(topic), inner)
    else:
        main = _main(frame, topic, view, controls, inner)
        entries, legend_height = draw_legend(_entries(topic), inner)
        body = main
    legend = group("legend", [entries], at=(0, body.height + 26))
    height = body.height + 26 + legend_height
    shapes = [*body.shapes, legend]
    if view.width < WIDE:
        below = _below(frame, topic_name, controls, inner, height + 24)
        shapes += below.shapes
        height += 24 + below.height
    body_group = group("body", shapes, at=(MARGIN, head.height))
    title = f"{frame['title']}, topic {topic['name']}" if topic else frame["title"]
    total = int(head.height + height + 4)
    return Scene(view.width, total, title, frame["say"], (*head.shapes, body_group), KEYS)


def chosen_topic(frame: Frame, name: str) -> TopicFrame | None:
    """The topic of that name, else the first; Kafka's own topics last."""
    topics = topics_in_order(frame)
    return next((t for t in topics if t["name"] == name), topics[0] if topics else None)


def topics_in_order(frame: Frame) -> list[TopicFrame]:
    return sorted(frame["topics"], key=lambda topic: topic["name"].startswith("__"))


def window(topic: TopicFrame | None, first_row: int) -> tuple[int, int]:
    """First row and number of rows shown of the topic's partitions."""
    total = len(topic["partitions"]) if topic else 0
    shown = min(total, ROWS_MAX)
    return max(0, min(first_row, total - shown)), shown


def settings(frame: Frame, topic: TopicFrame | None) -> str:
    """The muted line: what the picture depends on."""
    seed = f"seed {frame['seed']}"
    if topic is None:
        return f"{_count(len(frame['brokers']), 'broker')} · no topic yet · {seed}"
    return (
        f"{_count(len(topic['partitions']), 'partition')} · "
        f"RF {topic['replication_factor']} · "
        f"min.insync.replicas {topic['min_insync_replicas']} · {seed}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _head(frame: Frame, topic: TopicFrame | None, controls: Controls | None, width: int) -> Block:
    """Title, settings, controllers, time bar, finding, notice."""
    is_wide, inner = width >= WIDE, width - 2 * MARGIN
    title = f"{frame['title']} · topic {topic['name']}" if topic else frame["title"]
    title = fit(title, "h1", inner * 0.5)
    after_title = MARGIN + width_of(title, "h1") + 16
    at = (after_title, 32) if is_wide else (MARGIN, 54)
    quorum, quorum_width = _quorum(frame["controller"], width - MARGIN)
    room = width - MARGIN - at[0] - (quorum_width + 16 if is_wide else 0)
    y = 66 if is_wide else 90
    rail = controls.rail if controls else _static_rail(frame)
    bar = draw_bar(frame["now"], rail, controls, topic["name"] if topic else "", inner)
    lines = wrap(frame["say"], "lab", inner)
    shapes = [
        text("title", MARGIN, 32, title, "h1"),
        text("settings", at[0], at[1], fit(settings(frame, topic), "sub", room), "sub"),
        quorum,
        group("time", [bar], at=(MARGIN, y)),
        *(text(f"say{i}", MARGIN, y + 66 + i * 18, words, "lab") for i, words in enumerate(lines)),
    ]
    y += 66 + max(len(lines), 1 if is_wide else 2) * 18
    if controls and controls.notice:
        shapes += [
            glyph("notice-sign", "cross", MARGIN + 6, y, "out-t"),
            text("notice", MARGIN + 20, y, fit(controls.notice, "sub", inner - 20), "sub", "out-t"),
        ]
        y += 20
    return Block(tuple(shapes), y)


def _static_rail(frame: Frame) -> Rail:
    marks = marks_of(frame["events"])
    return lay_out(marks, marks[0].at if marks else 0, frame["now"], frame["now"])


def _quorum(controller: ControllerFrame, right: float) -> tuple[Shape, float]:
    """The controllers, right-aligned: the active one named, the others by sign and number."""
    leader = controller["leader"]
    name = f"Controller {leader}" if leader is not None else "no active controller"
    words = f"{name}, epoch {controller['epoch']}" if leader is not None else name
    tone = "lead-t" if leader is not None else "out-t"
    sign = "star" if leader is not None else "cross"
    others = [node for node in controller["nodes"] if node["id"] != leader]
    shapes = [
        glyph("sign", sign, 6, 0, tone),
        text("words", 17, 0, words, "note", "ink" if leader is not None else "out-t"),
    ]
    x = 17 + width_of(words, "note")
    spoken = [words]
    for node in others:
        is_well = node["state"] == "online"
        number = str(node["id"])
        sign, tone = ("dot", "sync-t") if is_well else ("cross", "out-t")
        shapes += [
            glyph(f"s{number}", sign, x + 16, 0, tone, 10),
            text(f"n{number}", x + 25, 0, number, "note"),
        ]
        x += 25 + width_of(number, "note")
        spoken.append(f"{number} {node['state']}")
    return group("quorum", shapes, at=(right - x, 32), label=", ".join(spoken)), x


def _main(
    frame: Frame, topic: TopicFrame | None, view: View, controls: Controls | None, width: float
) -> Block:
    """Picker, brokers, records, groups, clients: one column."""
    shapes: list[Shape] = []
    y = 0.0
    first, shown = window(topic, view.first_row)
    total = len(topic["partitions"]) if topic else 0
    names = [each["name"] for each in topics_in_order(frame)]
    if controls and (len(names) > 1 or total > shown):
        pager = (first, shown, total) if total > shown else None
        picker = draw_picker(names, topic["name"] if topic else "", pager, width)
        shapes.append(group("picker", picker, label="Topics"))
        y += 32
    rows: Sequence[Row] = rows_of(topic)[first : first + shown] if topic else ()
    cards, height = draw_cluster(frame["brokers"], rows, width, density_for(shown))
    shapes.append(group("cluster", cards, at=(0, y)))
    y += height + GAP
    if topic and topic["partitions"]:
        partition = topic["partitions"][min(view.partition, total - 1)]
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


def _beside(
    main: Block, frame: Frame, topic: str, controls: Controls | None, main_width: float
) -> Block:
    """Faults and events to the right of the main column, as many events as fit its height."""
    x, y = main_width + 24, 16.0
    shapes = list(main.shapes)
    if controls is not None:
        faults, height = draw_faults(frame["brokers"], SIDE)
        shapes.append(group("faults", faults, at=(x, y), label="Faults"))
        y += height + 26
    room = main.height - y - feed_height(0)
    lines = max(6, min(16, int(room // LINE_HEIGHT)))
    feed = draw_feed(frame["events"], SIDE, lines, topic)
    shapes.append(group("feed", feed, at=(x, y)))
    return Block(tuple(shapes), max(main.height, y + feed_height(lines)))


def _below(frame: Frame, topic: str, controls: Controls | None, width: float, y: float) -> Block:
    """Faults and events under the main column, side by side."""
    shapes: list[Shape] = []
    x, height, lines = 0.0, 0.0, 6
    if controls is not None:
        faults, height = draw_faults(frame["brokers"], 316)
        shapes.append(group("faults", faults, at=(0, y), label="Faults"))
        x = 346
        lines = max(6, int((height - feed_height(0)) // LINE_HEIGHT) + 1)
    feed = draw_feed(frame["events"], width - x, lines, topic)
    shapes.append(group("feed", feed, at=(x, y)))
    return Block(tuple(shapes), max(height, feed_height(lines)))


def _entries(topic: TopicFrame | None) -> list[Entry]:
    """The legend, with the rare cells only when there are any."""
    entries = list(ALWAYS)
    if topic is None:
        return entries
    rows = rows_of(topic)
    cells = [
        (cell, row)
        for row in rows
        for replica in row.partition["replicas"].values()
        for cell in replica["cells"]
    ]
    if any(cell["kind"] == "control" for cell, _ in cells):
        entries.append(CONTROL)
    if any(is_diverged(cell, row) for cell, row in cells):
        entries.append(DIVERGED)
    return entries
