"""`Seat`: the place a page has at the player of one world.

A page that turns to another world leaves its seat there and takes one here.  What is still drawn
for the old one then goes nowhere, for the page knows whose drawing it is.

Read next: `picture_view`, the page; `lab.player`, to which a seat is a view.
"""

from typing import Protocol

from kafkalab.frames.shape import Frame
from lab.scenes.controls import Controls
from lab.widgets.player_widget import Message


class Page(Protocol):
    """As `lab.player.PlayerView`, but told from which seat."""

    def wants(self, frame: Frame) -> tuple[str, ...]: ...

    def show(self, seat: "Seat", frame: Frame, controls: Controls, *, is_cut: bool) -> bool: ...

    def renew(self) -> None: ...

    def handle(self, message: Message) -> bool: ...


class Seat:
    """A world's view of the page: as long as the page is turned to it, and no longer."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def wants(self, frame: Frame) -> tuple[str, ...]:
        return self._page.wants(frame)

    def show(self, frame: Frame, controls: Controls, *, is_cut: bool) -> bool:
        return self._page.show(self, frame, controls, is_cut=is_cut)

    def renew(self) -> None:
        self._page.renew()

    def handle(self, message: Message) -> bool:
        return self._page.handle(message)
