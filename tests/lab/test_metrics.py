import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.scenes.metrics import first_fitting, fit, width_of, wrap
from lab.scenes.theme import TYPE

styles = st.sampled_from(sorted(TYPE))


@given(st.text(max_size=60), styles, st.floats(0, 600))
def test_what_is_fitted_fits(words: str, style: str, room: float) -> None:
    assert width_of(fit(words, style, room), style) <= room


@given(st.text(st.characters(codec="ascii"), max_size=60), styles)
def test_what_fits_is_left_alone(words: str, style: str) -> None:
    assert fit(words, style, width_of(words, style)) == words


@given(st.lists(st.text("abcxyz ", max_size=12), max_size=20), st.floats(60, 400))
def test_wrapped_lines_fit_and_hold_the_words_in_order(words: list[str], room: float) -> None:
    said = " ".join(words)
    lines = wrap(said, "lab", room, lines_max=50)
    assert all(width_of(line, "lab") <= room for line in lines)
    if not any("…" in line for line in lines):
        assert " ".join(lines).split() == said.split()


def test_the_last_line_of_too_long_a_text_is_cut() -> None:
    lines = wrap("one two three four five six seven", "lab", 60, lines_max=2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")


def test_widths_are_those_of_dejavu_sans() -> None:
    advances = 686 + 411 + 612 + 579 + 615 + 411 + 318 + 636
    assert width_of("Broker 3", "body") == pytest.approx(advances * 0.013)
    assert width_of("40", "num") == pytest.approx(2 * 602 * 0.012)


def test_the_first_candidate_that_fits_is_taken() -> None:
    assert first_fitting(("offline, disk kept", "offline"), "lab", 80) == "offline"
    assert first_fitting(("offline",), "lab", 5) == ""
