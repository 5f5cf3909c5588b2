"""Grade filled-in notebooks from the command line: `python -m lab.grade FILE …`.

    02_topics.ipynb
      02.1  1.00  Right. …
      02.2  0.00  Not yet: it is not so that order holds for the topic. …
      02.3     -  Not attempted yet. …
      1.00 of 3

Each notebook is run in a kernel of its own, from the top, as it was handed in.  A cell that raises
does not end it: what comes after is graded all the same.  The definitions are this lab's, not the
notebook's, so a changed `check` in a notebook changes nothing.  What a solver's code prints is not
read.  Grade strangers' notebooks where you would run strangers' code.

Left out: a table for a whole class.
Read next: `lab.release`, which makes the notebook that is handed out.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from nbclient import NotebookClient

from lab.checking.shelf import lesson

_TIMEOUT_S = 180
_MARK = "kafkalab-grades:"
_COLLECT = f"""
import json as _json
from lab.checking.views import outcomes as _outcomes
print({_MARK!r} + _json.dumps({{id: [type(one).__name__, one.score, repr(one)]
                              for id, one in _outcomes.items()}}))
"""


class Grade(NamedTuple):
    """What came of one exercise; score None if it was not attempted."""

    id: str
    score: float | None
    words: str


def grade(path: Path) -> list[Grade]:
    """Run a notebook; a grade for each exercise of its lesson.  ValueError if it is no lesson."""
    number = path.name[:2]
    exercises, _ = lesson(number)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(_COLLECT))
    client = NotebookClient(
        notebook,
        timeout=_TIMEOUT_S,
        allow_errors=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    found = _collected(notebook.cells[-1])
    grades = []
    for each in exercises:
        kind, score, words = found.get(each.id, ("NotAttempted", 0.0, "Its check was not run."))
        grades.append(Grade(each.id, None if kind == "NotAttempted" else score, words))
    return grades


def _collected(cell: Any) -> dict[str, tuple[str, float, str]]:
    for output in cell.outputs:
        text = output.get("text", "")
        if _MARK in text:
            found: dict[str, tuple[str, float, str]] = json.loads(text.partition(_MARK)[2])
            return found
    return {}


def main(arguments: list[str] | None = None) -> int:
    """Print the grades of each file; 1 if one could not be graded."""
    parser = argparse.ArgumentParser(prog="python -m lab.grade", description="Grade notebooks.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args(arguments)
    failed = 0
    for path in options.files:
        try:
            grades = grade(path)
        except Exception as error:
            failed = 1
            print(f"{path}: {error}", file=sys.stderr)
            continue
        _print(path, grades, options.json)
    return failed


def _print(path: Path, grades: list[Grade], is_json: bool) -> None:
    total = sum(one.score or 0.0 for one in grades)
    if is_json:
        scores = {one.id: one.score for one in grades}
        print(json.dumps({"file": str(path), "scores": scores, "total": total}))
        return
    print(path)
    for one in grades:
        shown = "   -" if one.score is None else f"{one.score:.2f}"
        print(f"  {one.id}  {shown}  {one.words.splitlines()[0]}")
    print(f"  {total:.2f} of {len(grades)}")


if __name__ == "__main__":
    sys.exit(main())
