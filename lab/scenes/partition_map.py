"""All partitions of a large topic at a glance, where the cards below show some of them.

    60 partitions   45 with every replica in sync · 15 with fewer · 0 whose leader is down
    P0   □□[2][2][2]□□□□ … □□□□□[2]□□
         ━━━━━━━━━━━━━━━            the line: those whose replicas are shown below

Invariants: a partition keeps its place; its state is a word or number, not a colour alone; the
numbers are counted over all partitions.
Read next: `cluster`, the cards; `pictures.cluster`, which puts the map above them.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from kafkalab.frames.shape import DOWN, BrokerFrame, PartitionFrame
from lab.scenes.metrics import first_fitting, width_of
from lab.scenes.shapes import Shape, glyph, group, line, rect, text

_STEP: Final = 20
_CELL: Final = 18
_LINE: Final = 30
_LEFT: Final = 36
_PAGER: Final = 150  # what the buttons that page take, at the right of the first line


class Health(NamedTuple):
    """Numbers of partitions: all replicas in sync, fewer, and no leader that runs."""

    whole: int
    fewer: int
    headless: int


def health_of(partitions: Sequence[PartitionFrame], brokers: Sequence[BrokerFrame]) -> Health:
    """Each partition is counted once.  A broker that is down leads nobody, whatever is decided."""
    up = _up(brokers)
    headless = sum(each["leader"] not in up for each in partitions)
    fewer = sum(_has_fewer(each) and each["leader"] in up for each in partitions)
    return Health(len(partitions) - fewer - headless, fewer, headless)


def duties_of(
    brokers: Sequence[BrokerFrame], partitions: Sequence[PartitionFrame]
) -> dict[int, str]:
    """What each broker does for all of them: `leads 5 of its 15 replicas`."""
    said = {}
    for broker in brokers:
        own = [each for each in partitions if str(broker["id"]) in each["replicas"]]
        leads = sum(each["leader"] == broker["id"] for each in own)
        said[broker["id"]] = f"{len(own)} replicas, leads {leads}"
    return said


def draw_map(
    partitions: Sequence[PartitionFrame],
    brokers: Sequence[BrokerFrame],
    shown: tuple[int, int],
    width: float,
    *,
    can_press: bool,
) -> tuple[list[Shape], float]:
    """The map and its height.  `shown`: first and number of those whose cards are below."""
    title = f"{len(partitions)} partitions"
    shapes: list[Shape] = [text("title", 0, 14.5, title, "lab")]
    x = width_of(title, "lab") + 14
    words = first_fitting(_summary(health_of(partitions, brokers)), "note", width - x - _PAGER)
    shapes.append(text("health", x, 14.5, words, "note", "ink"))
    per_line, up = _per_line(len(partitions), width), _up(brokers)
    cells = []
    for index, each in enumerate(partitions):
        row, column = divmod(index, per_line)
        at = (_LEFT + column * _STEP, 26 + row * _LINE)
        cells.append(_cell(each, at, is_led=each["leader"] in up, can_press=can_press))
        if column == 0:
            shapes.append(text(f"n{row}", 0, at[1] + 13.5, f"P{each['id']}", "note"))
    shapes.append(group("cells", cells, arrows="plane"))
    shapes += _window(shown, per_line)
    return shapes, 26 + -(-len(partitions) // per_line) * _LINE


def _up(brokers: Sequence[BrokerFrame]) -> set[int | None]:
    return {broker["id"] for broker in brokers if broker["state"] not in DOWN}


def _has_fewer(partition: PartitionFrame) -> bool:
    return len(partition["isr"]) < len(partition["replicas"])


def _summary(health: Health) -> tuple[str, ...]:
    whole, fewer, headless = health
    tail = f" · {headless} whose leader is down" if headless else ""
    counted = f"{whole} with every replica in sync · {fewer} with fewer"
    return (
        f"{counted}{': the number says how many are' if fewer else ''}{tail}",
        f"{counted}{tail}",
        f"{whole} all in sync · {fewer} with fewer{tail}",
        f"{fewer} with fewer{tail}",
    )


def _per_line(count: int, width: float) -> int:
    """Tens that fit, and about as many in each line."""
    most = max(10, int((width - _LEFT + 2) // _STEP) // 10 * 10)
    lines = -(-count // most) or 1
    return -(-count // lines // 10) * 10 or 10


def _cell(each: PartitionFrame, at: tuple[float, float], *, is_led: bool, can_press: bool) -> Shape:
    number, in_sync, copies = each["id"], len(each["isr"]), len(each["replicas"])
    label = f"Partition {number}: {in_sync} of {copies} in sync"
    is_well = is_led and not _has_fewer(each)
    tones = ("sync-s", "sync") if is_well else ("out-s", "out")
    dash = None if is_well else "3 2"
    shapes = [rect("face", 0, 0, _CELL, _CELL, *tones, radius=3, dash=dash, role="face")]
    if not is_led:
        shapes.append(glyph("sign", "cross", _CELL / 2, 13.5, "out-t", 10))
        label += ", no leader that runs"
    elif not is_well:
        words = text("words", _CELL / 2, 13, str(in_sync), "tiny", "out-t", anchor="middle")
        shapes.append(words)
    if not can_press:
        return group(f"p{number}", shapes, at=at, label=label)
    action = f"select {number}"
    return group(f"p{number}", shapes, at=at, label=label, action=action, is_tab_stop=False)


def _window(shown: tuple[int, int], per_line: int) -> Iterator[Shape]:
    """A line under those shown below."""
    first, count = shown
    for row in range(first // per_line, (first + count - 1) // per_line + 1):
        left = max(first - row * per_line, 0)
        right = min(first + count - row * per_line, per_line)
        y = 26 + row * _LINE + _CELL + 4
        start, end = _LEFT + left * _STEP, _LEFT + right * _STEP - 2
        yield line(f"w{row}", (start, y), (end, y), "ink", stroke_width=2)
