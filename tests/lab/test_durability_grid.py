"""The durability grid: each cell tried in the engine; predicted first, revealed after."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from kafkalab.errors import LearnerError
from lab import DurabilityGrid
from lab.experiments.durability import Case, cases, try_case
from lab.scenes.durability import draw_grid
from lab.scenes.svg import write_svg


@pytest.mark.parametrize(
    "case", cases(), ids=lambda case: f"{case.acks}-{case.min_isr}-{case.failures}"
)
def test_a_cell_follows_the_rule(case: Case) -> None:
    """Kept while fewer fail than copies were sure; taken while enough are left."""
    sure = {"0": 0, "1": 1, "all": case.min_isr}[case.acks]
    needed = case.min_isr if case.acks == "all" else 1
    for seed in (0, 5):
        outcome = try_case(case, seed)
        assert outcome.copies == sure
        assert outcome.keeps == (case.failures < sure)
        assert outcome.accepts == (3 - case.failures >= needed)


def test_predict_then_reveal() -> None:
    grid = DurabilityGrid(predict=True)
    assert "0 of 15" in grid.say
    assert "may lose" not in write_svg(draw_grid(grid._grid))
    with pytest.raises(LearnerError, match="predict first"):
        _ = grid.outcomes
    grid.guess("all", 1, min_isr=2, keeps=True, accepts=True)
    grid.guess("1", 1, keeps=True, accepts=True)
    assert "2 of 15" in grid.say
    grid.reveal()
    assert "1 of 2 right" in grid.say
    assert len(grid.outcomes) == 15


def test_clicks_turn_a_word_and_reveal() -> None:
    grid = DurabilityGrid(predict=True)
    for _ in range(2):
        grid._handle({"action": "keeps all 2 1"})
    grid._handle({"action": "accepts all 2 1"})
    guess = grid._grid.guesses[Case("all", 2, 1)]
    assert (guess.keeps, guess.accepts) == (False, True)
    grid._handle({"width": 700})
    grid._handle({"action": "reveal"})
    assert grid._grid.is_revealed
    with pytest.raises(LearnerError, match="failures 0 to 2"):
        grid.guess("all", 3)


def test_text_and_picture() -> None:
    grid = DurabilityGrid()
    assert "all         2         1       2  yes    yes" in repr(grid)
    for width in (640, 960, 1300):
        ET.fromstring(write_svg(draw_grid(replace(grid._grid, width=width))))
