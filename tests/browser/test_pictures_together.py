"""Several pictures on one page in a browser: in the narrowest columns, and one above the other."""

from collections.abc import Callable

import pytest

from kafkalab import Simulation
from kafkalab.frames import cluster_frame
from lab.bench.run_details import NAMES, RunDetails
from lab.scenes.controls import Controls
from lab.scenes.page import Tabs, draw_page
from lab.scenes.picture import keys_of
from lab.scenes.picture_tabs import side_by_side, tabs_of
from lab.scenes.pictures import ALL, BY_NAME
from lab.scenes.pictures.beside import beside
from lab.scenes.rail import lay_out, marks_of
from lab.scenes.shapes import Scene
from lab.scenes.view import View
from tests.browser.test_picture_layout import LINT, OpenPage, large, small


def scene(sim: Simulation, names: str, width: int) -> Scene:
    parts = names.split("+")
    view, picture = View(picture=names).at_width(width), beside([BY_NAME[name] for name in parts])
    keys = keys_of(picture, cluster_frame(sim), view)
    frame = cluster_frame(sim, wanted=tuple(key for key in keys if key.split()[0] not in NAMES))
    asked = RunDetails(sim)
    own = {key: asked.make(key, frame["now"]) for key in keys if key.split()[0] in NAMES}
    frame = {**frame, "details": {**frame.get("details", {}), **own}}
    rail = lay_out(marks_of(frame["events"]), 0, frame["now"], frame["now"] + 2000)
    tabs = Tabs(tabs_of(ALL, names), side_by_side=side_by_side(ALL, names))
    return draw_page(frame, view, picture, Controls(True, 0.5, True, 14, rail, ""), tabs)


@pytest.mark.parametrize("make", [small, large], ids=["small", "large"])
@pytest.mark.parametrize(
    "names",
    ["log+replication", "cluster+groups", "quorum+network+transaction", "spacetime+ledger"],
)
def test_words_are_large_enough_inside_and_apart(
    open_page: OpenPage, names: str, make: Callable[[], Simulation]
) -> None:
    for width, theme in ((700, "light"), (1260, "dark")):
        page = open_page(width, theme)
        page.open(scene(make(), names, width))
        assert page.page.evaluate(LINT) == [], width
