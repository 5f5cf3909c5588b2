"""Nothing of the subject is missing, and the table tells the truth."""

import re
from importlib import import_module
from pathlib import Path

import nbformat
import pytest

from lab.checking.shelf import lesson, lessons
from lab.coverage import ROOT, TABLE, WORDS, glossary, notebook, rows, table
from lab.exercises.glossary import GLOSSARY
from lab.exercises.lessons import LESSONS
from lab.exercises.subject import KEYS, SUBJECT

DOCUMENT = ROOT.parent / "shared" / "core-concepts.md"
#: Lessons that are written; when all are, every item must be taught.
ALL_LESSONS = tuple(f"{number:02}" for number in range(14))


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the subject's document is not beside this tree")
def test_the_items_are_those_of_the_document() -> None:
    text = DOCUMENT.read_text()
    assert [item.key for item in SUBJECT if item.text not in text] == []
    missing = [
        line
        for line in text.splitlines()
        if re.match(r"^(##+ |- |\| [^-])", line)
        and not re.match(r"^\| (Use Case|Concept|Strategy|Role|Guarantee) \|", line)
        and not any(item.text in line for item in SUBJECT)
    ]
    assert missing == []
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    untaught = [block for block in blocks if not any(item.text in block for item in SUBJECT)]
    assert untaught == []


def test_lessons_name_items_that_there_are_and_headings_that_there_are() -> None:
    for number in lessons():
        covers: dict[str, str] = import_module(f"lab.exercises.lesson_{number}").COVERS
        assert set(covers) <= KEYS, (number, set(covers) - KEYS)
        path = notebook(number)
        assert path is not None, number
        headings = headings_of(path)
        assert set(covers.values()) <= headings, (number, set(covers.values()) - headings)
        for each in lesson(number)[0]:
            assert set(each.concepts) <= KEYS, (each.id, set(each.concepts) - KEYS)


def test_every_item_is_taught() -> None:
    if set(lessons()) != set(ALL_LESSONS):
        pytest.skip(f"lessons still to come: {sorted(set(ALL_LESSONS) - set(lessons()))}")
    assert [row.item.key for row in rows() if not row.places] == []


def test_the_table_is_as_made() -> None:
    assert TABLE.read_text() == table(), "run: python -m lab.coverage"


def test_the_glossary_is_as_made_and_names_each_word_once() -> None:
    assert WORDS.read_text() == glossary(), "run: python -m lab.coverage"
    names = [word.name.lower() for word in GLOSSARY]
    assert len(names) == len(set(names))
    numbers = {lesson.number for lesson in LESSONS}
    assert all(set(word.lessons) <= numbers and word.lessons for word in GLOSSARY)


def headings_of(path: Path) -> set[str]:
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return {line.lstrip("#").strip() for line in text.splitlines() if line.startswith("#")}
