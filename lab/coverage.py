"""What is taught where, and the glossary: `python -m lab.coverage` writes both into docs/.

An item of the subject ──▶ the notebook and heading that teach it ──▶ the exercises that practise
it ──▶ the test that tries those.

Read next: `exercises.subject`, the items; a lesson's `COVERS`.
"""

from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

from lab.checking.shelf import lesson, lessons
from lab.exercises.glossary import GLOSSARY
from lab.exercises.lessons import LESSONS
from lab.exercises.subject import SUBJECT, Item

ROOT: Final = Path(__file__).resolve().parents[1]
TABLE: Final = ROOT / "docs" / "coverage.md"
WORDS: Final = ROOT / "docs" / "glossary.md"
_TEST: Final = "tests/checking/test_every_exercise.py"


class Place(NamedTuple):
    """Where an item is taught."""

    lesson: str
    heading: str


class Row(NamedTuple):
    """One line of the table."""

    item: Item
    places: tuple[Place, ...]
    exercises: tuple[str, ...]


def rows() -> list[Row]:
    """The table, in the subject's order."""
    places: dict[str, list[Place]] = {}
    exercises: dict[str, list[str]] = {}
    for number in lessons():
        covers: dict[str, str] = import_module(f"lab.exercises.lesson_{number}").COVERS
        for key, heading in covers.items():
            places.setdefault(key, []).append(Place(number, heading))
        for each in lesson(number)[0]:
            for key in each.concepts:
                exercises.setdefault(key, []).append(each.id)
    return [
        Row(item, tuple(places.get(item.key, ())), tuple(exercises.get(item.key, ())))
        for item in SUBJECT
    ]


def notebook(number: str) -> Path | None:
    """The notebook of a lesson."""
    return next(iter((ROOT / "notebooks").glob(f"{number}_*.ipynb")), None)


def table() -> str:
    """The table in Markdown."""
    lines = [
        "# What is taught where",
        "",
        "Made by `python -m lab.coverage`; a test holds it against the notebooks and exercises.",
        "Every exercise is tried, right and wrong, by",
        f"[`{_TEST}`](../{_TEST}); every notebook is run by",
        "[`tests/notebooks`](../tests/notebooks/test_notebooks.py).",
        "",
        "| item | kind | lesson | exercises |",
        "| --- | --- | --- | --- |",
    ]
    for row in rows():
        taught = "; ".join(_link(place) for place in row.places) or "**nowhere yet**"
        practised = ", ".join(row.exercises) or "–"
        lines.append(f"| {row.item.key} | {row.item.kind} | {taught} | {practised} |")
    return "\n".join(lines) + "\n"


def _link(place: Place) -> str:
    path = notebook(place.lesson)
    name = f"{place.lesson}: {place.heading}"
    return f"[{name}](../notebooks/{path.name})" if path else name


def glossary() -> str:
    """The glossary in Markdown."""
    lines = [
        "# Glossary",
        "",
        "Kafka's words in a sentence each, with the lessons in which one meets them.",
        "Made by `python -m lab.coverage`.",
        "",
        "| word | is | lessons |",
        "| --- | --- | --- |",
    ]
    files = {lesson.number: lesson.file for lesson in LESSONS}
    for word in sorted(GLOSSARY, key=lambda word: word.name.lower()):
        links = [f"[{number}](../notebooks/{files[number]})" for number in word.lessons]
        lines.append(f"| **{word.name}** | {word.meaning} | {', '.join(links)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    WORDS.write_text(glossary())
    TABLE.write_text(table())
    missing = [row.item.key for row in rows() if not row.places]
    print(
        f"{TABLE.relative_to(ROOT)}: {len(SUBJECT) - len(missing)} of {len(SUBJECT)} items taught"
    )
