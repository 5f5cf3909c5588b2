"""A picture on its page: title, time, finding above; faults and events beside or below.

    wide (1000 and up)                          narrow
    title, settings          controllers        title         controllers
    [time bar], branches below                  settings, time bar, branches
    finding                                     finding
    [tabs]                                      tabs
    the picture              faults             the picture, its legend
    its legend               events             faults        events

Reading order and tab order are the same: time, branches, finding, pictures, the picture, faults,
events.

Invariants: pure, so equal arguments give equal scenes; without `Controls` it is the static twin,
the same picture without what could be pressed.
Read next: `picture`; `lab.widgets.picture_view`, which shows pages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kafkalab.frames.shape import ControllerFrame, Frame, TopicFrame
from lab.scenes.controls import Controls, Target, draw_bar, draw_faults
from lab.scenes.feed import LINE_HEIGHT, Feed, draw_feed, feed_height
from lab.scenes.legend import draw_legend
from lab.scenes.metrics import fit, width_of, wrap
from lab.scenes.picture import Picture, Sight, detail_of
from lab.scenes.rail import Rail, lay_out, marks_of
from lab.scenes.rail_branches import TOP, Tab, draw_branches, hung
from lab.scenes.shapes import Scene, Shape, chip, chip_width, glyph, group, text
from lab.scenes.view import MARGIN, SIDE, WIDE, Block, View, chosen_topic, settings

KEYS: Final[Mapping[str, str]] = {
    "ArrowLeft": "back",
    "ArrowRight": "step",
    "m": "step message",
    "End": "end",
    " ": "play",
    "f": "full",
}


_FULL: Final = 104
_TITLE_SHARE_MIN: Final = 0.3  # of the name of a world, beside the topic


@dataclass(frozen=True, slots=True)
class Tabs:
    """What can be chosen on this page: pictures, and worlds (a run and its branches).

    `side_by_side`: the button that puts pictures beside each other (`picture_tabs`).
    `can_ask`: whether an event can be asked why it happened.
    """

    pictures: Sequence[Tab] = ()
    worlds: Sequence[Tab] = ()
    can_ask: bool = False
    side_by_side: Tab | None = None


def draw_page(
    frame: Frame,
    view: View,
    picture: Picture,
    controls: Controls | None = None,
    tabs: Tabs | None = None,
) -> Scene:
    """The whole page.  `controls` is how playback stands; None for the static twin."""
    inner = view.width - 2 * MARGIN
    is_wide = view.width >= WIDE and not picture.parts  # several need all the width
    topic = chosen_topic(frame, view.topic)
    topic_name = topic["name"] if topic else ""
    main_width = inner - SIDE - 24 if is_wide else inner
    sight = Sight(frame, detail_of(picture, frame, view), view, controls, main_width)
    say = picture.say(sight) or frame["say"]
    titled = topic if picture.has_topic else None
    head = _head(frame, say, (titled, topic_name), controls, tabs or Tabs(), view.width)
    main = picture.draw(sight)
    targets = picture.targets(frame)
    can_ask = bool(tabs and tabs.can_ask)
    feed = Feed(frame["events"], topic_name if titled else "", can_ask, controls is not None)
    body = _beside(main, feed, controls, targets, main_width) if is_wide else main
    shapes, height = list(body.shapes), body.height
    entries = picture.legend(sight)
    if entries:
        legend, legend_height = draw_legend(entries, inner)
        shapes.append(group("legend", [legend], at=(0, height + 26)))
        height += 26 + legend_height
    if not is_wide:
        below = _below(feed, controls, targets, inner, height + 24)
        shapes += below.shapes
        height += 24 + below.height
    body_group = group("body", shapes, at=(MARGIN, head.height))
    title = f"{frame['title']}, topic {topic_name}" if titled else frame["title"]
    total = int(head.height + height + 4)
    keys = {**KEYS, **picture.keys(sight)} if controls is not None else KEYS
    said = f"{controls.told}.  {say}" if controls is not None and controls.told else say
    return Scene(view.width, total, title, said, (*head.shapes, body_group), keys)


def _head(
    frame: Frame,
    say: str,
    topics: tuple[TopicFrame | None, str],
    controls: Controls | None,
    tabs: Tabs,
    width: int,
) -> Block:
    """Title, settings, controllers, time bar, worlds, finding, notice, tabs.

    `topics`: the one it is of, if it is of one; and the name of the one produced to.
    """
    topic, name = topics
    is_wide, inner = width >= WIDE, width - 2 * MARGIN
    y = 66 if is_wide else 90
    rail = controls.rail if controls else _static_rail(frame)
    bar, ends = draw_bar(frame["now"], rail, controls, name, inner, can_branch=bool(tabs.worlds))
    branches, branches_height = _branches(tabs.worlds, rail, ends, (y, inner))
    lines = wrap(say, "lab", inner)
    shapes = [
        *_title(frame, topic, width),
        group("time", [bar], at=(MARGIN, y)),
        *branches,
    ]
    y += branches_height
    shapes += [
        text(f"say{i}", MARGIN, y + 66 + i * 18, each, "lab") for i, each in enumerate(lines)
    ]
    y += 66 + max(len(lines), 1 if is_wide else 2) * 18
    if controls and controls.told:
        shapes.append(_told(controls.told, y, inner))
        y += 2 * 18 + 4
    if controls and controls.notice:
        shapes += _notice(controls.notice, y, inner)
        y += 20
    if len(tabs.pictures) > 1:
        row, height = _picture_tabs(tabs, inner)
        shapes.append(group("pictures", row, at=(MARGIN, y), label="Pictures"))
        y += height + 12
    return Block(tuple(shapes), y)


def _title(frame: Frame, topic: TopicFrame | None, width: int) -> list[Shape]:
    """Title and settings, on one line where it is wide; the controllers at its right."""
    is_wide, inner = width >= WIDE, width - 2 * MARGIN
    quorum, quorum_width = _quorum(frame["controller"], width - MARGIN)
    room = inner * 0.5 if is_wide else inner - quorum_width - 16
    of = f" · topic {topic['name']}" if topic else ""  # whose name is cut last
    title = fit(frame["title"], "h1", max(room - width_of(of, "h1"), room * _TITLE_SHARE_MIN))
    title = fit(title + of, "h1", room)
    x, y = (MARGIN + width_of(title, "h1") + 16, 32) if is_wide else (MARGIN, 54)
    room = width - MARGIN - x - (quorum_width + 16 if is_wide else 0)
    return [
        text("title", MARGIN, 32, title, "h1"),
        text("settings", x, y, fit(settings(frame, topic), "sub", room), "sub"),
        quorum,
    ]


def _branches(
    worlds: Sequence[Tab], rail: Rail, ends: tuple[float, float], place: tuple[float, float]
) -> tuple[list[Shape], float]:
    """Below the rail those with an instant, then the names of the rest; and their height."""
    y, width = place
    if len(worlds) < 2:
        return [], 0
    shapes, height = draw_branches(worlds, rail, ends, width)
    seen = {id(tab) for tab in hung(worlds)}
    rest = [tab for tab in worlds if not tab.is_chosen and id(tab) not in seen]
    if rest:
        more, more_height = _tabs(rest, width)
        shapes.append(group("more", more, at=(0, TOP + height)))
        height += more_height + 4
    return [group("worlds", shapes, at=(MARGIN, y), label="Branches")], height


def _notice(words: str, y: float, width: float) -> list[Shape]:
    return [
        glyph("notice-sign", "cross", MARGIN + 6, y, "out-t"),
        text("notice", MARGIN + 20, y, fit(words, "sub", width - 20), "sub", "out-t"),
    ]


def _told(words: str, y: float, width: float) -> Shape:
    """What a step did; room for two lines whatever it is, so that stepping moves nothing."""
    lines = wrap(words, "sub", width - 20, 2)
    shapes = [glyph("sign", "message", 6, 0, "comm-t")]
    shapes += [text(f"t{i}", 20, i * 18, each, "sub", "ink") for i, each in enumerate(lines)]
    return group("told", shapes, at=(MARGIN, y), label=words)


def _tabs(tabs: Sequence[Tab], width: float) -> tuple[list[Shape], float]:
    """Chips in lines that fit, and the height of all."""
    shapes: list[Shape] = []
    x = y = 0.0
    for tab in tabs:
        words = fit(tab.words, "lab", width / 2)
        wide = chip_width(words)
        if x and x + wide > width:
            x, y = 0.0, y + 26
        tones = ("ink", "ink", "bg") if tab.is_chosen else ("none", "rule", "ink")
        shapes.append(
            chip(
                tab.action,
                (x, y),
                words,
                tones,
                action=tab.action,
                label=tab.words,
                is_pressed=tab.is_chosen,
            )
        )
        x += wide + 6
    return shapes, y + 20


def _picture_tabs(tabs: Tabs, width: float) -> tuple[list[Shape], float]:
    """The pictures; at the right what puts them side by side, and what fills the window."""
    room = width - _FULL
    last = [
        chip("full", (room, 0), "Full window", ("card", "rule", "ink"), width=_FULL, action="full",
             label="Fill the window, or go back")
    ]  # fmt: skip
    both = tabs.side_by_side
    if both is not None:
        room -= chip_width(both.words) + 6
        tones = ("ink", "ink", "bg") if both.is_chosen else ("card", "rule", "ink")
        label = "One picture alone" if both.is_chosen else "Put a second picture beside this one"
        last.insert(0, chip("beside", (room, 0), both.words, tones, action=both.action, label=label,
                            is_pressed=both.is_chosen))  # fmt: skip
    row, height = _tabs(tabs.pictures, room - 12)
    return [*row, *last], height


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


def _beside(
    main: Block,
    feed: Feed,
    controls: Controls | None,
    targets: Sequence[Target],
    main_width: float,
) -> Block:
    """Faults and events to the right of the main column, as many events as fit its height."""
    x, y = main_width + 24, 16.0
    shapes = list(main.shapes)
    if controls is not None:
        faults, height = draw_faults(targets, SIDE)
        shapes.append(group("faults", faults, at=(x, y), label="Faults"))
        y += height + 26
    room = main.height - y - feed_height(0)
    lines = max(6, min(16, int(room // LINE_HEIGHT)))
    shapes.append(group("feed", draw_feed(feed, SIDE, lines), at=(x, y)))
    return Block(tuple(shapes), max(main.height, y + feed_height(lines)))


def _below(
    feed: Feed,
    controls: Controls | None,
    targets: Sequence[Target],
    width: float,
    y: float,
) -> Block:
    """Faults and events under the main column, side by side."""
    shapes: list[Shape] = []
    x, height, lines = 0.0, 0.0, 6
    if controls is not None:
        faults, height = draw_faults(targets, 316)
        shapes.append(group("faults", faults, at=(0, y), label="Faults"))
        x = 346
        lines = max(6, int((height - feed_height(0)) // LINE_HEIGHT) + 1)
    shapes.append(group("feed", draw_feed(feed, width - x, lines), at=(x, y)))
    return Block(tuple(shapes), max(height, feed_height(lines)))
