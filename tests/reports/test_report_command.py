"""`handoff report` on a store."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import resources

import pytest
from report_cases import ASKED, after, stored
from sqlalchemy import insert

from bridge.commands import report
from bridge.commands.outcome import Refused
from bridge.store import tables

WEEK = ("--from", "2026-11-16", "--to", "2026-11-23")


@pytest.fixture
def command(monkeypatch, capsys) -> Callable[..., str]:
    """Return how to run the command on the store at a URL; it gives what was printed."""
    root = argparse.ArgumentParser()
    report.add_to(root.add_subparsers())

    def command(url: str, *arguments: str) -> str:
        monkeypatch.setenv("HANDOFF_DATABASE_URL", url)
        given = root.parse_args(["report", *arguments])
        assert given.run(given) == 0
        return capsys.readouterr().out

    return command


@pytest.fixture
def run(command, database_url) -> Callable[..., str]:
    return partial(command, database_url)


@pytest.fixture
def desk(database, keep) -> None:
    """Give the store the example's desk, which is in Kolkata, and one answered handoff."""
    keep(stored("seen", answered_at=after(minutes=2)))
    text = (resources.files("bridge.desk") / "example.yaml").read_text()
    for version, written in ((1, text.replace("Asia/Kolkata", "Europe/Riga")), (2, text)):
        values = {"account_id": "main", "version": version, "digest": "", "file_name": "desk.yaml"}
        row = insert(tables.desk_versions).values(**values, text=written, loaded_at=ASKED)
        database.transact(lambda tx, row=row: tx.execute(row))


def test_dates_are_days_of_the_newest_desk_s_zone(run, desk):
    document = json.loads(run(*WEEK, "--format", "json"))
    assert document["period"]["from"] == "2026-11-16T00:00:00+05:30"
    assert document["answered_in_window"]["outcomes"]["in_time"]["handoff_ids"] == ["seen"]


def test_moments_may_be_given_with_their_zone(run, desk):
    out = run("--from", "2026-11-18T09:00Z", "--to", "2026-11-18T10:00Z")
    assert out.startswith(
        "No customer was handed over from 18 November 14:30 to 18 November 15:30 (Asia/Kolkata)"
    )


def test_text_is_what_a_person_gets(run, desk):
    assert run(*WEEK).startswith(
        "1 of 1 customer handed over from 16 to 22 November (Asia/Kolkata) had a person's answer in time."
    )


def test_csv_is_what_a_spreadsheet_gets(run, desk):
    rows = list(csv.DictReader(io.StringIO(run(*WEEK, "--format", "csv"))))
    assert {(row["grouped_by"], row["group"]) for row in rows} == {
        ("all", "all"),
        ("channel", "whatsapp"),
        ("shift", "morning"),
    }


def test_without_a_desk_days_are_those_of_utc(run):
    assert json.loads(run(*WEEK, "--json"))["period"]["time_zone"] == "UTC"


def test_by_default_it_is_about_the_last_seven_days_with_today(run):
    before = datetime.now(UTC).date()
    period = json.loads(run("--json"))["period"]
    starts, ends = datetime.fromisoformat(period["from"]), datetime.fromisoformat(period["to"])
    assert ends - starts == timedelta(days=7)
    assert before < ends.date() <= datetime.now(UTC).date() + timedelta(days=1)


@pytest.mark.parametrize("given", ["yesterday", "2026-13-45", "2026-11-16T10:00", "0001-01-01"])
def test_what_is_no_time_is_refused(command, capsys, given):
    with pytest.raises(SystemExit, match="2"):
        command("sqlite://", "--from", given)
    assert f"argument --from: {given!r}" in capsys.readouterr().err


def test_a_period_that_ends_before_it_starts_is_refused(run):
    with pytest.raises(Refused, match="nothing lies between --from 2026-11-23 and --to 2026-11-16"):
        run("--from", "2026-11-23", "--to", "2026-11-16")


def test_a_store_without_tables_is_refused(command, empty_database_url):
    with pytest.raises(Refused, match="handoff migrate"):
        command(empty_database_url)
