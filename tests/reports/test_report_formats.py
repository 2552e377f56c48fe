"""The same report as text, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from report_cases import after, many, received, report_of

from bridge.handoffs.model import State
from bridge.reports.as_csv import COLUMNS, as_csv, harmless
from bridge.reports.as_document import as_document
from bridge.reports.as_text import as_text
from bridge.reports.report import Report


@pytest.fixture
def report() -> Report:
    return report_of(
        *many(3, "in_time", answered_at=after(minutes=2), started_at=after(minutes=-4)),
        received("late", answered_at=after(minutes=20), channel="web", shift="evening"),
        received("left", state=State.WITHDRAWN, closed_at=after(minutes=2)),
        received("gap", shift=None, named_owner=None),
        received("stand_in", shift=None, named_owner="ravi"),
        received("test", test=True),
    )


def sheet(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(report))))


def lines(report: Report) -> dict[str, str]:
    """Return the lines of the text by how they begin, with single spaces."""
    rows = (line.split("  ", 1) for line in as_text(report).splitlines() if "  " in line.strip())
    return {name: " ".join(rest.split()) for name, rest in rows}


def tallies(document: Any) -> Iterator[dict[str, Any]]:
    for group in (document, *document["by_channel"], *document["by_shift"]):
        yield from (group["answered_in_window"], group["answered_by_promise"])


@pytest.fixture
def judged() -> Report:
    seen = {"answered_at": after(minutes=2)}
    return report_of(
        received("well", **seen, re_asked=False, rating="good"),
        received("asked_again", **seen, re_asked=True, rating="bad"),
        received("moved", **seen, rerouted=True, rating="neutral"),
        received("silent", **seen),
        received("unanswered", rerouted=True, re_asked=True, rating="bad"),
        received("test", **seen, test=True, rerouted=True),
    )


def test_what_was_said_of_answers_is_counted_with_how_many_said_it(judged):
    shown = lines(judged)
    assert shown["came to the right team at once"].startswith("3 of 4")
    assert shown["nothing had to be asked again"].startswith("1 of 2")
    assert shown["nothing had to be asked again"].endswith("2 of 4")
    assert shown["customers satisfied"].startswith("1 of 3")


def test_each_verdict_links_to_its_rows(judged):
    said = as_document(judged)["judged"]
    assert said["skill_match"]["badly"]["handoff_ids"] == ["moved"]
    assert said["context_retention"]["unsaid"]["handoff_ids"] == ["moved", "silent"]
    assert said["csat_escalated"]["well"]["handoff_ids"] == ["well"]
    assert said["csat_escalated"]["coverage"] == 0.75


def test_with_no_answer_nothing_is_said_of_answers():
    assert "how well" not in as_text(report_of(received("unanswered")))


def test_the_text_begins_with_the_headline(report):
    assert as_text(report).startswith(
        "3 of 7 customers handed over from 16 to 22 November (Asia/Kolkata) had"
    )


def test_the_text_shows_both_clocks_and_both_ways_to_count(report):
    assert lines(report)["answered in time"] == "3 4"
    assert lines(report)["in time, strict"] == "3 of 7 4 of 7"
    assert lines(report)["in time, attended"] == "3 of 6 4 of 6"


def test_the_text_names_the_zone_and_what_was_left_out(report):
    assert lines(report)["as of"] == "2026-11-23 09:00 (Asia/Kolkata)"
    assert lines(report)["handed over"] == "7; test handoffs left out: 1"
    assert lines(report)["never answered"].startswith("3 of 7")


def test_the_text_has_a_row_for_each_channel_and_shift(report):
    assert lines(report)["web"].startswith("1 0 0 of 1")
    shifts = ["evening", "gap", "morning", "outside shifts"]
    assert [name for name in lines(report) if name in shifts] == shifts


def test_a_channel_s_name_cannot_play_with_the_terminal():
    text = as_text(report_of(received(channel="\x1b[2Jweb\u202e\n")))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\n[2Jweb  " in text


def test_an_empty_week_has_no_table_of_nothing():
    text = as_text(report_of())
    assert text.startswith("No customer was handed over from 16 to 22 November (Asia/Kolkata).")
    assert "in time" not in text


def test_every_figure_of_the_document_links_to_its_rows(report):
    document = as_document(report)
    assert document["answered_in_window"]["outcomes"]["late"] == {"count": 1, "handoff_ids": ["late"]}
    assert document["excluded"]["test"] == {"count": 1, "handoff_ids": ["test"]}
    assert document["first_human_response"]["unknown"]["handoff_ids"] == ["left", "gap", "stand_in"]
    assert document["wait"]["before"]["unknown"]["count"] == 4


def test_the_document_s_outcomes_add_up_in_every_group(report):
    for tally in tallies(as_document(report)):
        counts = {name: rows["count"] for name, rows in tally["outcomes"].items()}
        assert all(len(rows["handoff_ids"]) == rows["count"] for rows in tally["outcomes"].values())
        assert sum(counts.values()) == tally["total"] == tally["matured"] + tally["pending"]
        assert tally["strict"]["of"] - tally["attended"]["of"] == counts["withdrawn"]


def test_an_empty_document_has_the_same_keys_and_no_number_that_is_none(report):
    empty, full = as_document(report_of()), as_document(report)
    assert empty.keys() == full.keys()
    assert empty["answered_in_window"].keys() == full["answered_in_window"].keys()
    assert empty["answered_in_window"]["strict"] == {
        "in_time": 0,
        "of": 0,
        "share": None,
        "interval_95": None,
    }
    assert empty["first_human_response"]["share_never_answered"] is None
    assert "NaN" not in json.dumps(empty)


def test_the_document_tells_moments_in_the_desk_s_zone(report):
    assert as_document(report)["period"] == {
        "from": "2026-11-16T00:00:00+05:30",
        "to": "2026-11-23T00:00:00+05:30",
        "time_zone": "Asia/Kolkata",
        "made_at": "2026-11-23T09:00:00+05:30",
    }


def test_the_sheet_s_outcomes_are_those_of_the_document(report):
    rows = [row for row in sheet(report) if (row["row"], row["grouped_by"]) == ("outcome", "all")]
    for clock, key in (("customer", "answered_in_window"), ("business", "answered_by_promise")):
        counts = {row["bucket"]: int(row["handoffs"]) for row in rows if row["clock"] == clock}
        outcomes = as_document(report)[key]["outcomes"]
        assert counts == {bucket: found["count"] for bucket, found in outcomes.items()}


def test_the_sheet_holds_the_shares_with_their_intervals(report):
    strict = next(row for row in sheet(report) if row["bucket"] == "strict")
    assert (strict["handoffs"], strict["of"], strict["time_zone"]) == ("3", "7", "Asia/Kolkata")
    assert float(strict["interval_low"]) < float(strict["share"]) < float(strict["interval_high"])


def test_what_a_sheet_cannot_say_is_empty():
    rows = sheet(report_of())
    assert tuple(rows[0]) == COLUMNS
    assert {row["share"] for row in rows} == {""}


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r"])
def test_fault_57_no_cell_of_the_sheet_is_a_formula(begins):
    """A name in the report begins like a formula: a spreadsheet shows it as text."""
    name = f'{begins}HYPERLINK("https://evil.example")'
    groups = {row["group"] for row in sheet(report_of(received(channel=name, shift=name)))}
    assert groups == {"all", f"'{name}"}


def test_numbers_and_plain_text_stay_as_they_are():
    assert [harmless(cell) for cell in (-1, 0.5, "web", "")] == [-1, 0.5, "web", ""]
