"""What if?  This run and its twin, with one thing changed, at the instant shown.

Twins end where the run stood when they were asked for; once it has gone on, that is said, beside a
button that compares all of it.  They do not follow by themselves: that would run both again.

Before there is a twin: what in this run could have gone otherwise, each a button.

Read next: `lab.scenes.twins`, which draws; `lab.bench.run_details`, which holds the twins.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kafkalab.frames.shape import Frame
from lab.scenes import twins
from lab.scenes.clock import seconds
from lab.scenes.controls import button
from lab.scenes.legend import Entry
from lab.scenes.metrics import first_fitting, fit, width_of, wrap
from lab.scenes.picture import Picture, Sight
from lab.scenes.pictures.spacetime import to_freeze
from lab.scenes.shapes import Shape, chip, chip_width, glyph, group, line, text
from lab.scenes.twins_text import write_text
from lab.scenes.view import Block, View

_FAULTS_MAX: Final = 8
#: Settings that often matter: words on the button, and those of the command line.
_SETTINGS: Final = (
    ("acks=all", "twins config acks all"),
    ("acks=1", "twins config acks 1"),
    ("min.insync.replicas=2", "twins config min.insync.replicas 2"),
    ("unclean elections", "twins config unclean.leader.election.enable true"),
)


def _run(view: View) -> str:
    return view.choice if view.choice in ("A", "B") else ""


def _draw(sight: Sight) -> Block:
    detail = sight.detail
    if detail is None:
        return to_freeze(sight, "What has been live cannot be run again.", "run that twice")
    if detail["twins"] is None:
        return _what_if(detail["faults"], sight)
    shapes: list[Shape] = []
    y = 0.0
    frame = detail["twins"]
    if sight.controls is not None:
        shapes.append(group("bar", _bar(frame, sight.width), label="Twins"))
        y = 40.0
    if lag := _lag(detail):
        shapes.append(group("lag", _further(lag, sight), at=(0, y), label=lag[0]))
        y += 44.0
    for style, words, step in (("h2", frame["title"], 20), ("sub", frame["settings"], 18)):
        for i, each in enumerate(wrap(words, style, sight.width, 2)):
            shapes.append(text(f"{style}{i}", 0, y + 12, each, style))
            y += step
    y += 8
    clusters = tuple(detail["clusters"]) if detail["clusters"] else None
    view = twins.View(now=detail["at"], is_live=sight.controls is not None, run=_run(sight.view))
    block = twins.draw_block(frame, view, sight.width, clusters, detail["chain"])
    shapes.append(group("twins", block.shapes, at=(0, y)))
    return Block(tuple(shapes), y + block.height)


def _bar(frame: Any, width: float) -> list[Shape]:
    """Where the two part, the twin as a run of its own, another question."""
    specs = [("open", "branch", "Turn to B", "twins open"),
             ("other", "minus", "Another change", "twins none")]  # fmt: skip
    if frame["diverges"] is not None:
        specs.insert(0, ("part", "diamond", "Where they part", f"seek {frame['diverges']}"))
    shapes: list[Shape] = []
    x = 0.0
    for key, icon, words, action in specs:
        shape, wide = button(key, (x, 0), action, words=words, icon=icon)
        shapes.append(shape)
        x += wide + 6
    return shapes


def _lag(detail: Any) -> tuple[str, ...]:
    """What to know once the run has gone on: the twins have not.  The same in fewer words."""
    if detail["gone_on_to"] is None:
        return ()
    end, now = f"{seconds(detail['end'])} s", f"{seconds(detail['gone_on_to'])} s"
    stand = "Both stand still at" if detail["is_beyond"] else "Compared up to"
    return (f"{stand} {end}: the run has gone on since, to {now}.", f"{stand} {end} of {now}.")


def _further(lag: Sequence[str], sight: Sight) -> list[Shape]:
    """That, and a button that compares all of it."""
    press: list[Shape] = []
    room = sight.width - 24
    if sight.controls is not None:
        name = "Compare all of it"
        shape, wide = button("again", (0, 0), "twins again", words=name, icon="next")
        press, room = [shape], room - wide - 12
    words = first_fitting(lag, "body", room)
    shapes = [glyph("sign", "clock", 8, 18, "group-t"), text("words", 24, 18.5, words, "body")]
    if press:
        shapes.append(group("press", press, at=(36 + width_of(words, "body"), 0)))
    return shapes


def _what_if(faults: Sequence[Mapping[str, Any]], sight: Sight) -> Block:
    """Buttons: this run again, without a fault, or with another setting."""
    shapes: list[Shape] = [
        text("head", 0, 12, "What if one thing had been otherwise?", "h2"),
        text("note", 0, 32, fit("The run is made again, twice, from the same seed: once as it was, "
             "once with the change.", "sub", sight.width), "sub"),
    ]  # fmt: skip
    y = 52.0
    for fault in faults[:_FAULTS_MAX]:
        children: list[Shape] = [
            line("rule", (0, -1), (sight.width, -1), "line"),
            text("at", 56, 20, seconds(fault["at"]), "num", "mute", anchor="end"),
            glyph("sign", fault["glyph"], 76, 20.5, fault["tone"]),
            text("words", 92, 20, fit(fault["words"], "body", sight.width - 260), "body"),
        ]
        if sight.controls is not None:
            words = "What if it had not?"
            children.append(chip("ask", (sight.width - chip_width(words), 5), words,
                                 ("none", "rule", "ink"), action=f"twins without {fault['id']}",
                                 label=f"What if not: {fault['words']}?"))  # fmt: skip
        shapes.append(group(f"f{fault['id']}", children, at=(0, y)))
        y += 30
    if not faults:
        words = "No fault yet in this run: crash a broker, let time pass, and come back."
        shapes.append(text("none", 0, y + 12, fit(words, "body", sight.width), "body"))
        y += 26
    if sight.controls is not None:
        shapes.append(text("settings-head", 0, y + 34, "Or another setting", "lab"))
        x = left = width_of("Or another setting", "lab") + 14
        for words, action in _SETTINGS:
            if x + chip_width(words) > sight.width:
                x, y = left, y + 26
            shapes.append(chip(action, (x, y + 20), words, ("none", "rule", "ink"), action=action,
                               label=f"What if {words}?"))  # fmt: skip
            x += chip_width(words) + 6
        y += 54
    return Block(tuple(shapes), y)


def _key(frame: Frame, view: View) -> str:
    return f"twins {_run(view)}".strip()


def _say(sight: Sight) -> str:
    if sight.detail is None or sight.detail["twins"] is None:
        return ""
    return str(sight.detail["twins"]["say"])


def _words(sight: Sight) -> str:
    if sight.detail is None or sight.detail["twins"] is None:
        return ""
    lag = _lag(sight.detail)
    return "\n".join([*lag[:1], write_text(sight.detail["twins"])])


def _legend(sight: Sight) -> Sequence[Entry]:
    if sight.detail is None or sight.detail["twins"] is None:
        return ()
    return twins.entries(sight.detail["twins"], sight.detail["chain"])


def _obey(sight: Sight, words: list[str]) -> str | None:
    if words[:1] == ["chain"]:
        return "".join(words[1:])
    return None


def _keys(sight: Sight) -> Mapping[str, str]:
    if sight.detail is None or sight.detail["twins"] is None:
        return {}
    diverges = sight.detail["twins"]["diverges"]
    return {"d": f"seek {diverges}"} if diverges is not None else {}


TWINS = Picture(
    name="twins", draw=_draw, detail=_key, say=_say, words=_words, legend=_legend,
    obey=_obey, keys=_keys,
)  # fmt: skip
