"""Producers and consumers in one quiet line: what each has sent, and what it is doing.

Read next: `groups`, where consumers show what they own.
"""

from collections.abc import Sequence
from typing import Final

from kafkalab.frames.shape import ClientFrame
from lab.scenes.clock import clock_words
from lab.scenes.metrics import first_fitting, fit, width_of
from lab.scenes.shapes import Shape, glyph, group, line, rect, text

CLIENT_WIDTH_MIN: Final = 196
LINE_HEIGHT: Final = 52
LINES_MAX: Final = 2

_SIGNS: Final = {"producer": "up", "consumer": "down", "admin": "diamond", "external": "plug"}


def draw_clients(clients: Sequence[ClientFrame], width: float) -> tuple[list[Shape], float]:
    """One card with a column a client, and its height; nothing when there are none."""
    if not clients:
        return [], 0
    per_line = max(1, int((width - 20) // CLIENT_WIDTH_MIN))
    lines = min(-(-len(clients) // per_line), LINES_MAX)
    height = lines * LINE_HEIGHT + 8
    column = (width - 20) / per_line
    shapes = [rect("card", 0, 0, width, height, "card", "line", radius=10)]
    shown = clients[: per_line * lines]
    for i, client in enumerate(shown):
        at = (14 + i % per_line * column, i // per_line * LINE_HEIGHT)
        shapes.append(_client(client, column - 20, at, is_first=i % per_line == 0))
    if len(clients) > len(shown):
        words = f"+ {len(clients) - len(shown)} more"
        shapes.append(text("more", width - 12, height - 6, words, "tiny", anchor="end"))
    return shapes, height


def _client(client: ClientFrame, room: float, at: tuple[float, float], *, is_first: bool) -> Shape:
    is_crashed = client["state"] == "crashed"
    is_outside = client["kind"] == "external"
    counts = not is_outside and (client["kind"] == "producer" or client["sent"] > 0)
    name = fit(client["name"], "lab", room - 18)
    doing = "crashed" if is_crashed else client["doing"]
    tone = "out-t" if is_crashed else "mute"
    x, y = (18 + width_of(name, "lab") + 8, 25) if counts else (18, 45)
    if "clock" in client:
        clock, tone = clock_words(client["clock"]).partition(",")[0], "out-t"
        clocks = (f"{clock} · {doing}", clock, clock.removeprefix("clock "))
        doing = first_fitting(clocks, "note", room - x)
    shapes: list[Shape | None] = [
        None if is_first else line("edge", (-12, 10), (-12, 50), "line"),
        glyph("sign", "cross" if is_crashed else _SIGNS[client["kind"]], 6, 25,
              "out-t" if is_crashed else "comm-t"),
        text("name", 18, 25, name, "lab", "mute" if is_crashed else "ink"),
        text("doing", x, y, fit(doing, "note", room - x), "note", tone),
        *(_counts(client, room) if counts else ()),
    ]  # fmt: skip
    if is_outside:
        beside = 18 + width_of(name, "lab") + 8
        words = fit(f"{client['sent']} requests", "note", room - beside)
        shapes.append(text("counts", beside, 25, words, "note"))
    label = f"{client['kind']} {client['name']}: {doing}, {_count_words(client)}"
    key = client["name"].replace("/", "_")  # a real client's name may be anything
    return group(f"c-{key}", shapes, at=at, label=label)


def _counts(client: ClientFrame, room: float) -> list[Shape]:
    words = fit(f"{client['sent']} sent · {client['acknowledged']} acked", "note", room - 18)
    shapes = [text("counts", 18, 45, words, "note")]
    if client["failed"]:
        x = 18 + width_of(words, "note")
        failed = fit(f" · {client['failed']} failed", "note", room - x)
        shapes.append(text("failed", x, 45, failed, "note", "out-t"))
    return shapes


def _count_words(client: ClientFrame) -> str:
    acknowledged, failed = client["acknowledged"], client["failed"]
    if client["kind"] == "external":
        return f"{client['sent']} requests, {acknowledged} answered"
    return f"{client['sent']} sent, {acknowledged} acknowledged, {failed} failed"
