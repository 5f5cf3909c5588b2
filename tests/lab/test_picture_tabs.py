"""Putting pictures side by side by pressing: every press is a `show` that Python knows too."""

from lab.scenes.picture_tabs import side_by_side, tabs_of
from lab.scenes.pictures import ALL, BY_NAME
from lab.scenes.pictures.beside import PARTS_MAX


def pressed(shown: str, title: str) -> str:
    """What is on the page after a tab was pressed."""
    tab = next(tab for tab in tabs_of(ALL, shown) if tab.words == title)
    return tab.action.removeprefix("show ")


def test_alone_a_tab_turns_to_its_picture() -> None:
    assert pressed("cluster", "Log") == "log"
    assert [tab.words for tab in tabs_of(ALL, "log") if tab.is_chosen] == ["Log"]


def test_side_by_side_shows_the_other_half_at_once_and_goes_back() -> None:
    button = side_by_side(ALL, "log")
    assert button is not None and not button.is_chosen
    assert button.action == "show log+replication"
    button = side_by_side(ALL, "log+replication")
    assert button is not None and button.is_chosen
    assert button.action == "show log"


def test_then_tabs_add_and_take_away_up_to_the_most() -> None:
    assert pressed("log+replication", "Groups") == "log+replication+groups"
    assert pressed("log+replication", "Log") == "replication"
    full = "log+replication+groups"
    assert len(full.split("+")) == PARTS_MAX
    assert pressed(full, "Quorum") == "log+replication+quorum"
    assert [tab.words for tab in tabs_of(ALL, full) if tab.is_chosen] == [
        "Log", "Replication", "Groups",
    ]  # fmt: skip


def test_every_picture_has_another_half_that_is_there() -> None:
    for picture in ALL:
        button = side_by_side(ALL, picture.name)
        assert button is not None
        first, second = button.action.removeprefix("show ").split("+")
        assert first == picture.name != second and second in BY_NAME
    assert side_by_side(ALL[:1], "cluster") is None
    two = side_by_side((BY_NAME["quorum"], BY_NAME["twins"]), "quorum")
    assert two is not None and two.action == "show quorum+twins"
