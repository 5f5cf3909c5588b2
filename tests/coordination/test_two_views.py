"""A table of which some is written and some is committed."""

from hypothesis import given
from hypothesis import strategies as st

from kafkalab.coordination import Change, TwoViews

CHANGES = st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 9))))


def test_what_is_written_shows_there_and_what_is_committed_shows_here() -> None:
    table: TwoViews[str, int] = TwoViews()
    table.put("a", 1, 4)
    table.put("a", 2, 5)
    assert (table.written, table.committed, table.is_settled) == ({"a": 2}, {}, False)
    assert list(table.commit(5)) == [Change(4, "a", 1)]
    assert (table.written, table.committed) == ({"a": 2}, {"a": 1})
    assert list(table.commit(6)) == [Change(5, "a", 2)]
    assert table.is_settled


def test_a_key_that_is_gone_is_committed_until_that_is() -> None:
    table: TwoViews[str, int] = TwoViews()
    table.put("a", 1, 0)
    list(table.commit(1))
    table.put("a", None, 1)
    assert (table.written, table.committed) == ({}, {"a": 1})
    list(table.commit(2))
    assert not table


@given(CHANGES, st.integers(0, 20))
def test_the_committed_view_is_what_was_written_below_the_high_watermark(
    changes: list[tuple[str, int | None]], high_watermark: int
) -> None:
    table: TwoViews[str, int] = TwoViews()
    plain: dict[str, int] = {}
    for offset, (key, value) in enumerate(changes):
        table.put(key, value, offset)
        if offset < high_watermark:
            plain.pop(key, None)
            if value is not None:
                plain[key] = value
    branch = table.fork()
    list(table.commit(high_watermark))
    assert table.committed == plain
    assert branch.committed == {}
    list(branch.commit(len(changes)))
    assert branch.committed == branch.written == table.written
