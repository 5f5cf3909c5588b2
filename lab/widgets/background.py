"""`lab.background(function)`: a learner's endless loop in a thread, with a stop button.

Clicks are handled on whatever thread the kernel has for them, so the handler only asks; the loop's
own thread shows what becomes of it.
Read next: `lab.loops`, which runs and stops it.
"""

import threading
from collections.abc import Callable
from typing import Any, Final

from lab.loops import Loop, Stopped
from lab.scenes.loop import draw_loop
from lab.scenes.svg import write_svg
from lab.widgets.player_widget import Message, ScenePlayer

_WIDTH: Final = 640
_WIDTH_MIN, _WIDTH_MAX = 420, 1000


def background(function: Callable[..., Any], *arguments: Any) -> "Background":
    """Run `function(*arguments)` in a thread; shown with a stop button as a cell's last line.

    ```python
    def read():
        while True:
            message = consumer.poll(1.0)
            …

    reading = lab.background(read)
    reading                                # in Jupyter: the button
    reading.stop()                         # the same in Python
    ```

    When it is told to stop, `lab.Stopped` is raised in it as soon as the call it is in returns;
    `finally` blocks run.  An error ends it and is shown.  `LearnerError` if it is no function.
    """
    return Background(function, arguments)


class Background:
    """See `background`."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._width = _WIDTH
        self._showing = threading.Lock()
        self._widget: ScenePlayer | None = None
        self._loop = Loop(function, arguments, self._show)

    def stop(self, wait: float = 0) -> bool:
        """Ask it to end, and wait so many seconds for it; whether it is over."""
        self._loop.stop()
        return self.wait(wait)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is over (for ever, if no seconds are given); whether it is."""
        return self._loop.wait(seconds)

    @property
    def state(self) -> str:
        """running, stopping, stopped, ended, or failed."""
        return self._loop.state.value

    @property
    def error(self) -> BaseException | None:
        """What it failed of."""
        return self._loop.error

    @property
    def result(self) -> Any:
        """What the function returned, if it has."""
        return self._loop.result

    def _handle(self, message: Message) -> None:
        width = message.get("width")
        if isinstance(width, int | float):
            self._width = int(min(max(width, _WIDTH_MIN), _WIDTH_MAX)) // 10 * 10
            self._show()
        elif message.get("action") == "stop":
            self._loop.stop()

    def _scene(self, *, is_live: bool) -> Any:
        loop = self._loop
        width = self._width if is_live else _WIDTH
        return draw_loop(loop.name, loop.state.value, loop.words, width, is_live=is_live)

    def _show(self) -> None:
        with self._showing:
            if self._widget is not None:
                self._widget.show(self._scene(is_live=True))
                self._widget.renew()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The live line, and for readers without a kernel the same as a picture and in words."""
        with self._showing:
            if self._widget is None:
                self._widget = ScenePlayer(self._scene(is_live=True), name="background")
                self._widget.on_message(self._handle)
        bundle = self._widget._repr_mimebundle_()
        data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        data["image/svg+xml"] = write_svg(self._scene(is_live=False))
        data["text/plain"] = repr(self)
        return data

    def __repr__(self) -> str:
        return f"<background {self._loop.name}: {self._loop.words}>"


__all__ = ["Background", "Stopped", "background"]
