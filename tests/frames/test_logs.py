"""Bytes become text for people."""

import pytest

from kafkalab.frames.logs import text_of


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (None, None),
        (b"", ""),
        ("Größe".encode(), "Größe"),
        (b"\x00\x01", "0x0001"),
        (b"\xff\xfe", "0xfffe"),
        (b"x" * 41, "x" * 39 + "…"),
        (("ä" * 100).encode(), "ä" * 39 + "…"),
        (b"a" + ("ä" * 100).encode(), "a" + "ä" * 38 + "…"),
    ],
)
def test_bytes_are_shown_as_text_if_they_are_that(data: bytes | None, text: str | None) -> None:
    assert text_of(data) == text
