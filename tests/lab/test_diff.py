"""Applying what changed to the old picture gives the new one, paint order included."""

import copy
import json

from hypothesis import given
from hypothesis import strategies as st

from lab.playback.scripted import cluster_frame, isr_story
from lab.scenes.cluster_view import View, draw
from lab.scenes.diff import NOTHING, apply, diff, is_empty
from lab.scenes.shapes import Scene, Shape, group, rect, text

keys = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)
leaves = st.builds(
    lambda x, fill: (x, fill), st.integers(0, 3), st.sampled_from(["comm", "unc", "out"])
)


def _shape(key: str, look: tuple[int, str]) -> Shape:
    # The tag hangs on the key: a key never changes it.
    if key in "abc":
        return rect(key, look[0], 0, 10, 10, look[1])
    return text(key, look[0], 0, look[1])


@st.composite
def scenes(draw_from: st.DrawFn) -> Scene:
    def shapes() -> list[Shape]:
        return [_shape(key, draw_from(leaves)) for key in draw_from(keys)]

    groups = [
        group(
            f"g{key}", [*shapes(), group("inner", shapes())], at=(draw_from(st.integers(0, 2)), 0)
        )
        for key in draw_from(keys)
    ]
    return Scene(100, 100, "", "", tuple(groups))


@given(scenes(), scenes())
def test_any_scene_becomes_any_other(old: Scene, new: Scene) -> None:
    before, after = old.flat(), new.flat()
    assert list(apply(before, diff(before, after)).items()) == list(after.items())


@given(scenes())
def test_a_scene_does_not_differ_from_itself(scene: Scene) -> None:
    assert is_empty(diff(scene.flat(), copy.deepcopy(scene).flat()))


def test_every_picture_of_a_story_follows_from_the_one_before() -> None:
    shown = NOTHING
    for width in (700, 1200):
        for moment in isr_story().moments:
            new = draw(moment.frame, View(width)).flat()
            shown = apply(shown, diff(shown, new))
            assert list(shown.items()) == list(new.items())


def test_a_patch_is_json_and_small() -> None:
    moments = isr_story().moments
    old = draw(moments[0].frame, View(1200)).flat()
    new = draw(moments[1].frame, View(1200)).flat()
    patch = diff(old, new)
    assert json.loads(json.dumps(patch)) == json.loads(json.dumps(patch, default=str))
    assert len(json.dumps(patch)) < 8000


def test_one_record_more_is_one_cell_more() -> None:
    frame = cluster_frame()
    more = copy.deepcopy(frame)
    replica = more["topics"][0]["partitions"][0]["replicas"]["1"]
    cell = {**replica["cells"][-1], "offset": 40}
    replica["cells"] = [*replica["cells"][1:], cell]  # type: ignore[list-item]
    replica["end"] = 41
    patch = diff(draw(frame, View(1200)).flat(), draw(more, View(1200)).flat())
    leader = "/body/cluster/b1/p0/log0/c"
    assert [added[0] for added in patch["a"] if added[0].startswith(leader)] == [leader + "40"]
    assert len([key for key in patch["d"] if key.startswith(leader)]) == 1
