"""Execute notebooks and save them with their pictures: `python -m lab.save_notebooks FILE …`.

A saved notebook is read on the web, in print and by screen readers, where no widget runs.  Viewers
prefer the widget's view and then show nothing; so the view and the widgets' state are taken out of
what is saved, and the static twin (SVG and text) stays.

Read next: `widgets.picture_view`, which gives both.
"""

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
TIMEOUT_S = 180


def strip(notebook: Any) -> Any:
    """Take out what only a running kernel can show, and what changes from run to run."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = joined(cell.outputs)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
    return notebook


def joined(outputs: list[Any]) -> list[Any]:
    """What one cell printed in one piece: a slow kernel sends it in several."""
    found: list[Any] = []
    for output in outputs:
        last = found[-1] if found else {}
        if output["output_type"] == "stream" and last.get("name") == output["name"]:
            last["text"] += output["text"]
        else:
            found.append(output)
    return found


def save(path: Path) -> None:
    """Execute one notebook in its folder and write it back, stripped."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=TIMEOUT_S, resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    nbformat.write(strip(notebook), path)


def main(names: list[str]) -> None:
    for name in names:
        print(f"executing {name}", flush=True)
        save(Path(name))


if __name__ == "__main__":
    main(sys.argv[1:])
