"""The widget side of the player: one class for every picture.

    show(scene) ── patch, ≤ 30 a second ──▶ custom message ─┐
    renew()     ── whole picture, each second, at rest ───▶ trait `scene` ─┴─▶ player.js
    on_action   ◀── {action: words} | {width: px} ──────────────────────────── clicks, keys, size

Invariants: sequence numbers rise by one a patch; the trait holds a picture some patch has led to,
so a view that opens late needs no answer from the kernel; `show` sends nothing when nothing
changed.  Callable from any one thread at a time.
Read next: `player.js`; `lab.scenes.diff`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from lab.scenes.diff import NOTHING, diff, is_empty
from lab.scenes.shapes import Flat, Scene
from lab.scenes.theme import stylesheet

Message = dict[str, object]
_SCRIPT: Final = Path(__file__).with_name("player.js").read_text(encoding="utf-8")


class ScenePlayer(anywidget.AnyWidget):
    """Shows scenes; sends back what the reader does, by action name.

    `on_message(handler)`: called with `{"action": words}` or `{"width": px}`, on whatever thread
    the kernel handles it, so the handler must be quick and only enqueue.
    """

    _esm = _SCRIPT
    _css = stylesheet(live=True)
    scene = traitlets.Dict().tag(sync=True)
    name = traitlets.Unicode("scene").tag(sync=True)

    def __init__(self, scene: Scene, name: str = "scene") -> None:
        self._shown = scene
        self._flat: Flat = scene.flat()
        self._sequence = 0
        super().__init__(scene=self._whole(), name=name)

    def on_message(self, handler: Callable[[Message], None]) -> None:
        def receive(widget: object, content: Any, buffers: object) -> None:
            if isinstance(content, dict):
                handler(content)

        self.on_msg(receive)

    def show(self, scene: Scene, *, is_cut: bool = False) -> bool:
        """Send what changed; whether anything did.  `is_cut`: a jump, so nothing glides."""
        flat = scene.flat()
        patch = diff(self._flat, flat)
        are_keys_new = scene.keys != self._shown.keys
        if is_empty(patch) and scene.say == self._shown.say and not are_keys_new:
            return False
        self._shown, self._flat = scene, flat
        self._sequence += 1
        keys = {"keys": dict(scene.keys)} if are_keys_new else {}
        self.send({**self._head(), **keys, "cut": is_cut, "patch": patch})
        return True

    def renew(self) -> None:
        """Renew the key frame: the whole picture, as it was last shown."""
        self.scene = self._whole()

    def _whole(self) -> Message:
        scene = self._shown
        return {
            **self._head(),
            "full": True,
            "title": scene.title,
            "keys": dict(scene.keys),
            "patch": diff(NOTHING, self._flat),
        }

    def _head(self) -> Message:
        scene = self._shown
        return {"seq": self._sequence, "size": [scene.width, scene.height], "say": scene.say}
