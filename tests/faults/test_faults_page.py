"""docs/faults.md says what the tests show: every row once, by tests or with a reason, and nothing else."""

from __future__ import annotations

import pytest
from fault_table import PAGE, ROWS, STRUCK_OUT, TESTS, StruckOut, page, rows_shown, rows_struck_out


@pytest.fixture
def module(tmp_path):
    """Return how to write a module of tests into a folder of its own."""

    def write(text: str):
        (tmp_path / "test_of_rows.py").write_text(text)
        return tmp_path

    return write


def test_the_page_is_what_the_tests_show():
    written = page(rows_shown(TESTS), rows_struck_out())
    assert PAGE.read_text() == written, "docs/faults.md is old: `make faults` writes it anew"


def test_every_row_is_shown_or_struck_out():
    shown = {test.row for test in rows_shown(TESTS) if test.says}
    missing = sorted(set(ROWS) - shown - set(rows_struck_out()))
    assert missing == [], f"rows without a test that says what it shows, and not in {STRUCK_OUT.name}"


def test_no_row_is_both_shown_and_struck_out():
    shown = {test.row for test in rows_shown(TESTS)}
    assert sorted(shown & set(rows_struck_out())) == []


def test_each_test_among_the_faults_says_what_it_shows():
    silent = [test for test in rows_shown(TESTS / "faults") if not test.says]
    assert [f"{test.file.name}:{test.line}" for test in silent] == []


def test_a_row_joins_what_its_tests_say_and_links_them(module):
    folder = module(
        'def test_fault_07_first(): "A worker dies: another takes over."\n'
        "def test_fault_07_second_one(): pass\n"
        'class Others:\n    def test_fault_08_third(self): "Two tick: one wins."\n'
    )
    written = page(rows_shown(folder), {}, seen_from=folder)
    assert (
        "| 7 | A worker dies: another takes over. "
        "| [first](test_of_rows.py)<br>[second one](test_of_rows.py) |\n" in written
    )
    assert "| 8 | Two tick: one wins. | [third](test_of_rows.py) |\n" in written


def test_a_row_struck_out_gives_its_reason():
    struck = StruckOut(row=30, case="A token is spent twice.", reason="There are none.")
    assert "| ~~30~~ | ~~A token is spent twice.~~ | There are none. |\n" in page([], {30: struck})


def test_signs_of_a_table_in_a_docstring_stay_in_their_cell(module):
    folder = module("def test_fault_54_x(): '`<!channel>` | *no*: text.'\n")
    assert r"| 54 | \`\<!channel>\` \| \*no\*: text. |" in page(rows_shown(folder), {})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def test_fault_7_short(): 'x'", "test_of_rows.py:1: test_fault_7_short: rows have two digits"),
        ("\ndef test_fault_74_far(): 'x'", "test_of_rows.py:2: test_fault_74_far: rows have two digits"),
        ("def test_fault_07_long(): 'x\\ny'", "test_fault_07_long: the docstring becomes a line"),
    ],
)
def test_a_test_the_page_cannot_use_is_named(module, text, problem):
    with pytest.raises(ValueError, match=problem):
        rows_shown(module(text))
