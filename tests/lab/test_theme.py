"""Contrast of the tokens, light and dark, as WCAG counts it."""

import pytest

from lab.scenes.glyphs import GLYPHS
from lab.scenes.theme import TOKENS, TYPE, contrast, stylesheet

TEXT_TONES = ("ink", "mute", "lead-t", "sync-t", "out-t", "comm-t", "group-t")
TEXT_PAIRS = [
    *((tone, surface) for tone in TEXT_TONES for surface in ("bg", "card")),
    *((f"{t}-t", f"{t}-s") for t in ("lead", "sync", "out", "comm", "group")),
    *(("ink", s) for s in ("soft", "lead-s", "sync-s", "out-s", "comm-s", "group-s", "mark")),
    *(("mute", s) for s in ("soft", "out-s", "sync-s", "comm-s")),
    ("onout", "out"),
    ("bg", "ink"),
    ("dark", "unc"),
]
# Not lead and unc, which never stand alone.
SHAPE_PAIRS = [(tone, s) for tone in ("sync", "out", "comm", "rule") for s in ("bg", "card")]
SHAPE_PAIRS += [("group", "bg"), ("comm", "unc")]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("tone", "surface"), TEXT_PAIRS)
def test_words_can_be_read_on_every_surface_they_stand_on(
    tone: str, surface: str, theme: str
) -> None:
    assert contrast(_colour(tone, theme), _colour(surface, theme)) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("tone", "surface"), [p for p in SHAPE_PAIRS if p != ("comm", "unc")])
def test_shapes_with_a_meaning_stand_out(tone: str, surface: str, theme: str) -> None:
    assert contrast(_colour(tone, theme), _colour(surface, theme)) >= 3


def test_contrast_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_no_type_is_smaller_than_eleven_pixels() -> None:
    assert min(style.size for style in TYPE.values()) == 11


def test_the_static_sheet_has_no_motion_and_needs_no_variable_of_jupyters() -> None:
    static, live = stylesheet(live=False), stylesheet(live=True)
    assert "transition" not in static
    assert "prefers-reduced-motion" in live
    assert "var(--jp-ui-font-color1,#212121)" in static  # with a colour to fall back on


def test_glyphs_are_paths_in_their_box() -> None:
    for glyph in GLYPHS.values():
        numbers = [float(n) for n in _numbers(glyph.path)]
        assert numbers
        assert all(-0.01 <= n <= 12 for n in numbers)


def _numbers(path: str) -> list[str]:
    import re

    absolute = re.sub(r"[a-z].*", "", path)
    return re.findall(r"-?(?:\d+\.?\d*|\.\d+)", absolute)


def _colour(name: str, theme: str) -> str:
    token = TOKENS[name]
    return token.light if theme == "light" else token.dark
