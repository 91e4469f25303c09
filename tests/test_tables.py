"""Tables of numbers."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from seglib.tables import show_table

HEADER = ["map", "segments", "mIoU"]


def test_cells_stand_under_their_heads_and_rows_have_names():
    table = show_table([["blank & bare", 1, 0.256], ["sieve", 1234.5, 1.0]], HEADER, caption="<T>")
    root = ElementTree.fromstring(table.html)
    assert root.get("aria-label") == root.find(".//caption").text == "<T>"
    assert [head.text for head in root.iterfind(".//thead//th")] == HEADER
    assert all(head.get("scope") == "col" for head in root.iterfind(".//thead//th"))
    rows = [[cell.text for cell in row] for row in root.iterfind(".//tbody/tr")]
    assert rows == [["blank & bare", "1", "0.26"], ["sieve", "1,234", "1.00"]]
    assert all(row[0].get("scope") == "row" for row in root.iterfind(".//tbody/tr"))
    assert root.get("tabindex") == "0"  # a wide table scrolls, also by keyboard


@pytest.mark.parametrize(
    ("rows", "caption", "words"),
    [
        ([], "x", r"3 cells each as the header, got \[\]"),
        ([["a", 1]], "x", r"3 cells each as the header, got \[2\]"),
        ([["a", 1, 2]], " ", "caption must say what is shown"),
    ],
)
def test_bad_tables_are_refused(rows, caption, words):
    with pytest.raises(ValueError, match=words):
        show_table(rows, HEADER, caption=caption)
