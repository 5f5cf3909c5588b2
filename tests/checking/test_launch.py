"""Binder's links: each lesson has one, its file is there, and JupyterLab opens it."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from jupyterlab_server.handlers import MASTER_URL_PATTERN

from lab import launch
from lab.coverage import ROOT
from lab.exercises.lessons import LESSONS

README = launch.README.read_text()
LINKS = re.findall(r"\((https://mybinder\.org/v2/[^)]*)\)", README)


def test_the_readme_has_the_links_as_they_are_made() -> None:
    assert launch.written(README) == README, "run python -m lab.launch"


def test_there_is_a_link_for_the_landing_page_and_one_for_each_lesson() -> None:
    assert [launch.link(file) for file in ("index.ipynb", *(one.file for one in LESSONS))] == LINKS


@pytest.mark.parametrize("link", LINKS)
def test_a_link_opens_a_notebook_that_is_there_in_jupyterlab(link: str) -> None:
    parts = urlsplit(link)
    assert parts.path == f"/v2/gh/{launch.REPOSITORY}/HEAD"
    assert launch.REPOSITORY.count("/") == 1
    query = parse_qs(parts.query, strict_parsing=True)
    assert list(query) == ["urlpath"]
    opened = re.fullmatch(MASTER_URL_PATTERN.format("lab"), "/" + query["urlpath"][0])
    assert opened is not None
    assert opened["tree"] is not None
    assert (ROOT / opened["tree"].removeprefix("/tree/")).is_file()


def test_no_picture_of_the_readme_comes_from_another_host_than_binders() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]*)\)", README)
    away = [each for each in pictures if urlsplit(each).netloc]
    assert away == ["https://mybinder.org/badge_logo.svg"]
    assert all((ROOT / each).is_file() for each in pictures if each not in away)


def test_an_owner_that_is_not_set_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "REPOSITORY", "OWNER/kafkalab")
    assert "set `REPOSITORY`" in launch.block()
    monkeypatch.setattr(launch, "REPOSITORY", "somebody/else")
    assert "OWNER" not in launch.block()
    assert "/gh/somebody/else/HEAD" in launch.block()
    with pytest.raises(ValueError, match="no place"):
        launch.written("no marks")
