"""Make the notebook that is handed out: `python -m lab.release NOTEBOOK OUT`.

Outputs go, and so does what solves an exercise: a cell that defines an exercise's answer is put
back to its stub.  The solutions themselves are in `lab/solutions`; a lab without that folder shows
none.

Read next: `lab.grade`, for what comes back.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import nbformat

from lab.checking.shelf import lesson


def release(notebook: Any, number: str) -> Any:
    """Strip outputs and answers from a lesson's notebook, in place; returns it."""
    exercises, _ = lesson(number)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        for each in exercises:
            call = f'exercise("{each.id}").check('
            if call in cell.source:
                cell.source = f"{each.stub}\n\n{call}{each.answer})"
    notebook.metadata.pop("widgets", None)
    return notebook


def main(arguments: list[str] | None = None) -> int:
    """Write the released notebook."""
    parser = argparse.ArgumentParser(prog="python -m lab.release", description=__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    notebook = nbformat.read(options.notebook, as_version=4)
    nbformat.write(release(notebook, options.notebook.name[:2]), options.out)
    print(f"{options.out}: hand this out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
