"""The cluster at work on its page: frame -> scene.

Read next: `page`, the page; `pictures.cluster`, the picture; `text_table`, the same in words.
"""

from kafkalab.frames.shape import Frame
from lab.scenes.controls import Controls
from lab.scenes.page import draw_page
from lab.scenes.pictures.cluster import CLUSTER
from lab.scenes.shapes import Scene
from lab.scenes.view import View


def draw(frame: Frame, view: View, controls: Controls | None = None) -> Scene:
    """The whole picture.  `controls` is how playback stands; None for the static twin."""
    return draw_page(frame, view, CLUSTER, controls)


__all__ = ["View", "draw"]
