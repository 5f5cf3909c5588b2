"""Binder's links: each lesson has one, its file is there, and JupyterLab opens it."""

import re
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from jupyterlab_server.handlers import MASTER_URL_PATTERN

from lab import launch
from lab.coverage import ROOT
from lab.exercises.lessons import LESSONS

README = launch.README.read_text()
LINKS = re.findall(r"\((https://mybinder\.org/v2/[^)]*)\)", README)
#: Whoever forks the lab writes their own name into README.md: these tests hold there as well.
REPOSITORY = "/".join(urlsplit(LINKS[0]).path.split("/")[3:5])
FILES = ("index.ipynb", *(one.file for one in LESSONS))


def test_the_readme_has_the_links_as_they_are_made() -> None:
    assert launch.written(README, REPOSITORY) == README, "run python -m lab.launch"


def test_there_is_a_link_for_the_landing_page_and_one_for_each_lesson() -> None:
    assert [launch.link(file, REPOSITORY) for file in FILES] == LINKS


@pytest.mark.parametrize("link", LINKS)
def test_a_link_opens_a_notebook_that_is_there_in_jupyterlab(link: str) -> None:
    parts = urlsplit(link)
    assert parts.path == f"/v2/gh/{REPOSITORY}/HEAD"
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


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("https://github.com/somebody/kafkalab.git", "somebody/kafkalab"),
        ("https://token@github.com/somebody/my.lab/", "somebody/my.lab"),
        ("git@github.com:some-body/kafkalab.git", "some-body/kafkalab"),
        ("ssh://git@github.com/somebody/kafkalab", "somebody/kafkalab"),
        ("https://example.org/notgithub.com/somebody/kafkalab", launch.UNSET),
        ("https://notgithub.com/somebody/kafkalab", launch.UNSET),
        ("/home/somebody/kafkalab", launch.UNSET),
    ],
)
def test_a_clone_takes_its_name_from_its_origin(tmp_path: Path, origin: str, name: str) -> None:
    for words in (["init", "-q"], ["remote", "add", "origin", origin]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    assert launch.repository(tmp_path) == name


def test_a_notebook_shows_the_links_or_says_what_to_do(tmp_path: Path) -> None:
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    assert launch.repository(tmp_path) == launch.UNSET
    assert "Publish it there" in repr(launch.binder_links(tmp_path))
    add = ["remote", "add", "origin", "git@github.com:somebody/else.git"]
    subprocess.run(["git", "-C", str(tmp_path), *add], check=True)
    shown = launch.binder_links(tmp_path).markdown
    assert all(launch.link(file, "somebody/else") in shown for file in FILES)


def test_one_line_writes_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "README.md"
    copy.write_text(README)
    monkeypatch.setattr(launch, "README", copy)
    monkeypatch.setattr(launch, "repository", lambda: "somebody/else")
    assert "somebody/else" in launch.main()
    assert "OWNER" not in copy.read_text()
    assert copy.read_text().count("/gh/somebody/else/HEAD") == len(FILES)
    assert "no repository" in launch.main(["somebody"])
    monkeypatch.setattr(launch, "repository", lambda: launch.UNSET)
    assert "python -m lab.launch somebody/kafkalab" in launch.main()
    assert "**`OWNER`**" in copy.read_text()
    with pytest.raises(ValueError, match="no place"):
        launch.written("no marks", "somebody/else")
