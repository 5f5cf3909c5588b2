"""`DurabilityGrid()`: what survives, tried cell by cell; `predict=True`: to be filled in first.

    grid = DurabilityGrid(predict=True)
    grid.guess("all", min_isr=2, failures=1, keeps=True, accepts=True)
    grid.reveal()

Read next: `lab.experiments.durability`, the experiment; `lab.scenes.durability`, the picture.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from kafkalab.errors import LearnerError
from lab.experiments.durability import ACKS, COPIES, Case, Outcome, cases, try_case
from lab.scenes.durability import Grid, Guess, draw_grid, finding
from lab.widgets.player_widget import Message, ScenePlayer
from lab.widgets.still_view import in_a_cell


@lru_cache(maxsize=1)
def _tried() -> dict[Case, Outcome]:
    """All cells; a third of a second once."""
    return {case: try_case(case) for case in cases()}


class DurabilityGrid:
    """See the module's docstring."""

    def __init__(self, *, predict: bool = False) -> None:
        self._grid = Grid(_tried(), is_revealed=not predict)
        self.widget = ScenePlayer(draw_grid(self._grid), name="durability-grid")
        self.widget.on_message(self._handle)

    @property
    def say(self) -> str:
        """What the picture says in one sentence."""
        return finding(self._grid)

    @property
    def outcomes(self) -> dict[Case, Outcome]:
        """What was tried.  `LearnerError` before `reveal()`."""
        if not self._grid.is_revealed:
            raise LearnerError("predict first: fill in the grid, then reveal()")
        return dict(self._grid.outcomes)

    def guess(
        self,
        acks: str,
        failures: int,
        *,
        min_isr: int = 2,
        keeps: bool | None = None,
        accepts: bool | None = None,
    ) -> "DurabilityGrid":
        """Predict one cell; what is None stays open.  `LearnerError` if there is no such cell."""
        case = self._case(acks, min_isr, failures)
        return self._show(self._with(case, Guess(keeps, accepts)))

    def reveal(self) -> "DurabilityGrid":
        """Show what was tried; guesses that came out otherwise are framed."""
        return self._show(replace(self._grid, is_revealed=True))

    def _case(self, acks: str, min_isr: int, failures: int) -> Case:
        for case in self._grid.outcomes:
            is_it = case.acks == acks and case.failures == failures
            if is_it and (acks != "all" or case.min_isr == min_isr):
                return case
        raise LearnerError(
            f"the grid has acks {', '.join(ACKS)}, min_isr 1 to {COPIES}, "
            f"failures 0 to {COPIES - 1}"
        )

    def _with(self, case: Case, guess: Guess) -> Grid:
        return replace(self._grid, guesses={**self._grid.guesses, case: guess})

    def _show(self, grid: Grid) -> "DurabilityGrid":
        self._grid = grid
        self.widget.show(draw_grid(grid))
        self.widget.renew()
        return self

    def _handle(self, message: Message) -> None:
        width = message.get("width")
        if isinstance(width, int | float):
            self._show(replace(self._grid, width=round(width)))
            return
        match str(message.get("action", "")).split():
            case ["reveal"]:
                self.reveal()
            case [("keeps" | "accepts") as what, acks, min_isr, failures]:
                case = self._case(acks, int(min_isr), int(failures))
                old = self._grid.guesses.get(case, Guess())
                turned = not getattr(old, what)  # nothing yet, then yes, no, yes …
                self._show(self._with(case, replace(old, **{what: turned})))

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return in_a_cell(self.widget, draw_grid(replace(self._grid, width=960)), repr(self))

    def __repr__(self) -> str:
        lines = ["What survives?", self.say, ""]
        if not self._grid.is_revealed:
            return "\n".join(lines).rstrip()
        lines.append("acks  min ISR  failures  copies  keeps  accepts")
        for case, outcome in self._grid.outcomes.items():
            min_isr = case.min_isr if case.acks == "all" else "any"
            keeps, accepts = (("no", "yes")[each] for each in (outcome.keeps, outcome.accepts))
            lines.append(
                f"{case.acks:<4}  {min_isr:>7}  {case.failures:>8}  {outcome.copies:>6}  "
                f"{keeps:<5}  {accepts}"
            )
        return "\n".join(lines)
