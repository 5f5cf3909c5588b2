"""`PictureView`: pictures of a world on one page, live in Jupyter, still elsewhere.

The live picture shows where *playback* is; the picture and text kept in the notebook show where
the *world* is, whatever a thread has got round to drawing, so that running a notebook twice gives
the same file.

A call means the instant where the reader is (`lab.reader`), a click the one on screen; so what a
call does never depends on what has been drawn.

Invariants: nothing here waits for a drawing; click handlers only enqueue; a width, a topic or a
picture chosen belongs to this view and never to the world; what is drawn for a world the page has
turned away from is thrown away.
Read next: `lab.player`, which calls `show`; `lab.scenes.page`, which draws; `views`.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Protocol

import ipywidgets

from kafkalab import Simulation
from kafkalab.errors import LearnerError
from kafkalab.frames.shape import Frame
from kafkalab.live import LiveCluster
from kafkalab.world.batches import batch_at
from lab.playback.source import Source
from lab.playback.sources import source_of
from lab.player import Player, player_of
from lab.scenes.controls import Controls
from lab.scenes.page import Tabs, draw_page
from lab.scenes.picture import Picture, Sight, detail_of, keys_of, view_of
from lab.scenes.picture_tabs import side_by_side, tabs_of
from lab.scenes.pictures.beside import PARTS_MAX, beside
from lab.scenes.rail_branches import Tab
from lab.scenes.shapes import Scene
from lab.scenes.text_table import write_text
from lab.scenes.view import View, partition_named, row_of, row_that_shows
from lab.widgets.drawer import Drawer
from lab.widgets.player_widget import Message, ScenePlayer
from lab.widgets.record_lens import RecordLens
from lab.widgets.seat import Seat
from lab.widgets.still_view import in_a_cell
from lab.widgets.transport import Transport
from lab.widgets.what_there_is import check, no_picture

World = Simulation | LiveCluster | Source


class OwnDetails(Protocol):
    """Makes details that no world at one instant has: `lab.bench.run_details`."""

    @property
    def names(self) -> Collection[str]:
        """First words of their keys."""

    def make(self, key: str, at: int, *, is_moving: bool = False) -> Any:
        """The detail of the instant `at` (ms, as `Frame["now"]`), or None.

        `is_moving`: more pictures follow at once, so one of a moment ago may do.
        """


class PictureView(Transport):
    """One or more pictures of a world; `view` says which at first, and of what.

    `more`: asked about actions that are neither this view's nor the player's, and told the instant
    (ms) at which they are asked; `worlds`: tabs to
    other worlds; `own`: makes details that take a whole run.  All three are the bench's.
    `LearnerError` for a topic, partition or group that is not there.
    """

    def __init__(
        self,
        world: World,
        pictures: Sequence[Picture],
        view: View,
        *,
        name: str = "picture",
        more: Callable[[list[str], int], bool] | None = None,
        worlds: Callable[[], Sequence[Tab]] = tuple,
        own: OwnDetails | None = None,
    ) -> None:
        self._of, self._world = world, source_of(world)
        self.drawer = Drawer()
        self._pictures = {picture.name: picture for picture in pictures}
        self._view = view
        self._more = more
        self._worlds = worlds
        self._own = own
        self._frame = self._world.frame()
        check(view, self._frame)
        self._player: Player = player_of(self._world)
        self.widget = ScenePlayer(self._draw(self._frame, self._view, None), name=name)
        self._drawing = threading.Lock()
        self._seat = Seat(self)
        self.widget.on_message(lambda message: self._player.post(message, self._seat))
        self._player.add(self._seat)

    @property
    def view(self) -> View:
        """What is looked at."""
        return self._view

    @property
    def shown_at(self) -> int:
        """The instant that calls mean, in ms (`Frame["now"]`): now, unless one looks back."""
        return self._player.reader.at

    @property
    def _began(self) -> int:
        return self._of.world.began

    def look(self, **choices: Any) -> None:
        """Look at something else: `picture`, `topic`, `partition`, `group`, `choice`.

        `LearnerError` for what is there neither at the instant meant nor at the present.
        """
        self._known(choices.get("picture", self._view.picture))
        choice = choices.pop("choice", None)
        if "topic" in choices:
            choices = {"partition": 0, "first_row": 0, **choices}

        def change(view: View) -> View:
            view = replace(view, **choices)
            return view if choice is None else view.choosing(choice)

        if choices or choice:
            self._check(change(self._view), self._player.reader.frame())
        self._change(change)
        self._player.redraw()

    def turn_to(self, world: World) -> None:
        """Show another world in the same place."""
        self._player.remove(self._seat)
        with self._drawing:
            self._of, self._world = world, source_of(world)
            self._player, self._seat = player_of(self._world), Seat(self)
        self._player.add(self._seat)
        self._player.redraw()  # it may have been at rest, with other views

    def to_the_present(self) -> None:
        """What a call was told of the present is seen there, unless the reader looks back."""
        self._player.reader.to_the_present()

    def lens(self, topic: str, partition: int = 0, offset: int | None = None) -> RecordLens:
        """Open a batch's bytes below, as they are at the instant meant (`shown_at`).

        If they are still the same, the lens acts at the present, as everything on a page does; of
        bytes that are gone nothing can be sent.  `offset` None: the last.  `LearnerError` if there
        is no such offset, then or now.
        """
        return self._lens(topic, partition, offset, self._player.reader.frame())

    def open(self, view: Any) -> None:
        """Put a widget below the page, in place of what is there; None closes it."""
        if view is None:
            self.drawer.close()
        else:
            self.drawer.open(view)

    def post(self, words: str) -> None:
        """See `Transport`."""
        if self._obey(words.split(), self._complete(self._player.reader.frame())):
            self._player.redraw()
        else:
            self._player.act(words)

    def move(self, words: str) -> None:
        """See `Transport`."""
        self._player.act(words)

    def close(self) -> None:
        """Take the picture off the page, and stop playing if it was the last."""
        self._player.remove(self._seat)
        self.drawer.close()
        self.widget.close()

    # for the player

    def wants(self, frame: Frame) -> tuple[str, ...]:
        keys = keys_of(self._picture, frame, self._view)
        return tuple(key for key in keys if not self._is_own(key))

    def show(self, seat: Seat, frame: Frame, controls: Controls, *, is_cut: bool) -> bool:
        """Called by the player, on its thread."""
        frame = self._with_own(frame, is_moving=controls.is_moving)
        scene = self._draw(frame, self._view, controls)
        with self._drawing:
            if seat is not self._seat:
                return False
            self._frame = frame
            return self.widget.show(scene, is_cut=is_cut)

    def renew(self) -> None:
        with self._drawing:
            self.widget.renew()

    def handle(self, message: Message) -> bool:
        """A click: from what is on screen."""
        width = message.get("width")
        if isinstance(width, int | float):
            self._change(lambda view: view.at_width(width))
            return True
        return self._obey(str(message.get("action", "")).split(), self._frame)

    # inside

    def _change(self, change: Callable[[View], View]) -> None:
        """Look at it otherwise; a call and a click may come at once."""
        with self._drawing:
            self._view = change(self._view)

    def _obey(self, words: list[str], frame: Frame) -> bool:
        """What is looked at is this view's own; the rest is the player's."""
        picture = self._picture
        if words[:1] == ["in"] and len(words) > 2:
            picture, words = self._known(words[1]), words[2:]
        view = view_of(picture, self._view)
        if words[:1] == ["choose"]:
            choice: str | None = " ".join(words[1:])
        else:
            choice = picture.obey(self._sight(None, frame, picture=picture), words)
        if choice is not None:
            chosen = view.choosing(choice)
            self._change(lambda now: replace(now, choices=chosen.choices))
            return True
        match words:
            case ["show", name]:
                self._known(name)
                self._change(lambda view: replace(view, picture=name))
            case ["topic", name]:
                self._turn(frame, topic=name, partition=0, first_row=0)
            case ["group", name]:
                self._turn(frame, group=name)
            case ["select", which]:
                self._turn(frame, partition=partition_named(frame, self._view, which))
                self._change(lambda view: replace(view, first_row=row_that_shows(frame, view)))
            case ["rows", which]:
                self._change(lambda view: replace(view, first_row=row_of(frame, view, which)))
            case ["lens", place, offset] if offset.isdigit() and "-" in place:
                topic, _, number = place.rpartition("-")
                self._lens(topic, int(number), int(offset), frame)
            case _:
                return self._more is not None and self._more(words, frame["now"])
        return True

    def _lens(self, topic: str, partition: int, offset: int | None, frame: Frame) -> RecordLens:
        world = self._of
        if not isinstance(world, Simulation | LiveCluster):
            raise LearnerError("a script has no logs, so no bytes to look at")
        offset = self._last(frame, topic, partition) if offset is None else offset
        at = frame["now"] + world.world.began
        if isinstance(world, Simulation) and at < world.now:
            past = world.at(at / 1000)
            then = _bytes(past, topic, partition, offset)
            world = world if then in (None, _bytes(world, topic, partition, offset)) else past
        lens = RecordLens(world, topic, partition, offset)
        self.open(lens)
        return lens

    def _last(self, frame: Frame, topic: str, partition: int) -> int:
        """The offset of the last record in the log."""
        self._check(replace(self._view, topic=topic, partition=partition), frame)
        ends = [
            replica["end"]
            for each in frame["topics"]
            if each["name"] == topic
            for row in each["partitions"]
            if row["id"] == partition
            for id, replica in row["replicas"].items()
            if id == str(row["leader"])
        ]
        if not any(ends):
            raise LearnerError(f"{topic}-{partition} has no record yet: produce one first")
        return ends[0] - 1

    def _turn(self, frame: Frame, **choices: Any) -> None:
        self._check(replace(self._view, **choices), frame)
        self._change(lambda view: replace(view, **choices))

    def _check(self, view: View, frame: Frame) -> None:
        """Whether it is there: at that instant, or now."""
        try:
            check(view, frame)
        except LearnerError:
            check(view, self._world.frame())

    def _known(self, name: str) -> Picture:
        """The picture of that name, or of several: `log+replication`.  `LearnerError` if none."""
        parts = name.split("+") if isinstance(name, str) else [name]
        for part in parts:
            if part not in self._pictures:
                raise no_picture(part, tuple(self._pictures))
        if len(set(parts)) < len(parts) or len(parts) > PARTS_MAX:
            raise LearnerError(f"up to {PARTS_MAX} different pictures go on one page, not {name}")
        found = [self._pictures[part] for part in parts]
        return found[0] if len(found) == 1 else beside(found)

    @property
    def _picture(self) -> Picture:
        return self._known(self._view.picture)

    def _draw(self, frame: Frame, view: View, controls: Controls | None) -> Scene:
        tabs = None
        if controls is not None:
            known = list(self._pictures.values())
            tabs = Tabs(
                tabs_of(known, view.picture),
                self._worlds(),
                can_ask=self._own is not None,
                side_by_side=side_by_side(known, view.picture),
            )
        return draw_page(frame, view, self._picture, controls, tabs)

    def _is_own(self, key: str) -> bool:
        return self._own is not None and key.split(maxsplit=1)[0] in self._own.names

    def _with_own(self, frame: Frame, *, is_moving: bool = False) -> Frame:
        """The frame with what only the bench can find out."""
        own = self._own
        keys = [key for key in keys_of(self._picture, frame, self._view) if self._is_own(key)]
        if own is None or not keys:
            return frame
        found = {key: own.make(key, frame["now"], is_moving=is_moving) for key in keys}
        return {**frame, "details": {**frame.get("details", {}), **found}}

    def _sight(
        self,
        controls: Controls | None,
        frame: Frame,
        *,
        picture: Picture | None = None,
    ) -> Sight:
        picture = picture or self._picture
        view = view_of(picture, self._view)
        return Sight(frame, detail_of(picture, frame, view), view, controls, 1000)

    # still

    def _still(self) -> Frame:
        """The world as it is now, with what the picture needs."""
        return self._complete(self._world.frame())

    def _complete(self, frame: Frame) -> Frame:
        """A frame of this world with what the picture needs."""
        frame = self._with_own(frame)
        missing = tuple(key for key in self.wants(frame) if key not in frame.get("details", {}))
        if missing:
            found = self._world.details_at(frame["now"], missing)
            if found is None:  # a live cluster tells of now alone
                wanted, self._world.wanted = self._world.wanted, missing
                frame = self._world.frame()
                self._world.wanted = wanted
            else:
                frame = {**frame, "details": {**frame.get("details", {}), **found}}
        return frame

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        frame = self._still()
        still = replace(self._view, width=View().width, first_row=0)
        box = ipywidgets.VBox([self.widget, self.drawer.widget])
        return in_a_cell(box, draw_page(frame, still, self._picture), self._words(frame))

    def _words(self, frame: Frame) -> str:
        words = self._picture.words(self._sight(None, frame))
        return words or write_text(frame, self._view.topic)

    def __repr__(self) -> str:
        return self._words(self._still())


def _bytes(sim: Simulation, topic: str, partition: int, offset: int) -> bytes | None:
    try:
        with sim.driver.locked() as world:
            return batch_at(world, topic, partition, offset)
    except LearnerError:
        return None
