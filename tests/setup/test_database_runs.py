"""What a whole run of tests does with its databases: one server for all workers, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).parents[2]
END_SECONDS = 30

TWO_TESTS = """
import os, time
from pathlib import Path
import pytest
from sqlalchemy import make_url

@pytest.mark.parametrize("number", [1, 2])
def test_notes_where_its_server_is(empty_postgres_url, number):
    data = Path(make_url(empty_postgres_url).query["host"])
    notes = Path(os.environ["NOTES"])
    (notes / f"{number}.note").write_text(f"{data} {(data / 'postmaster.pid').read_text().split()[0]}")
    while len(list(notes.glob("*.note"))) < int(os.environ["TOGETHER"]):
        time.sleep(0.01)  # so that each worker takes one test
"""
KILLED_TEST = """
import os, signal
from pathlib import Path
from sqlalchemy import make_url

def test_is_killed(empty_postgres_url):
    data = Path(make_url(empty_postgres_url).query["host"])
    note = f"{data} {(data / 'postmaster.pid').read_text().split()[0]}"
    Path(os.environ["NOTES"], "1.note").write_text(note)
    os.kill(os.getpid(), signal.SIGKILL)
"""
MARKS = """
def test_on_postgresql(postgres_url): pass
def test_on_sqlite(sqlite_url): pass
def test_on_both(database_url): pass
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return how to run a file of tests, with the same fixtures, in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PROJECT), str(PROJECT / "tests")]))
    monkeypatch.setenv("NOTES", str(tmp_path))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    if "://" in os.environ.get("HANDOFF_TEST_POSTGRES", ""):
        monkeypatch.delenv("HANDOFF_TEST_POSTGRES")

    def run_file(source: str, *options: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_inner.py").write_text(source)
        command = [sys.executable, "-m", "pytest", "-p", "databases", "-p", "no:cacheprovider", *options]
        return subprocess.run(
            [*command, "-c", os.devnull, f"--rootdir={tmp_path}", str(tmp_path)],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    return run_file


def servers_noted(notes: Path) -> set[tuple[Path, int]]:
    noted = (note.read_text().split() for note in notes.glob("*.note"))
    return {(Path(data).parent, int(pid)) for data, pid in noted}


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def databases_of_others(postgres) -> set[str]:
    return {name for name in postgres.names() if not name.startswith(postgres.run)}


@pytest.mark.postgres
@pytest.mark.parametrize(("workers", "together"), [("0", "1"), ("2", "2")])
def test_all_workers_share_one_server_and_it_ends_with_the_run(run, tmp_path, monkeypatch, workers, together):
    monkeypatch.setenv("TOGETHER", together)
    ended = run(TWO_TESTS, "-n", workers)
    assert "2 passed" in ended.stdout
    [(room, pid)] = servers_noted(tmp_path)
    assert not room.exists()
    assert not is_running(pid)


@pytest.mark.postgres
def test_the_server_ends_with_a_run_that_is_killed(run, tmp_path):
    killed = run(KILLED_TEST, "-n", "0")
    assert killed.returncode == -9
    [(room, pid)] = servers_noted(tmp_path)
    end = time.monotonic() + END_SECONDS
    while room.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert not room.exists()
    assert not is_running(pid)


def test_on_a_named_server_no_database_is_left(run, postgres, monkeypatch):
    before = databases_of_others(postgres)
    monkeypatch.setenv("HANDOFF_TEST_POSTGRES", postgres.url)
    ended = run(MARKS, "-n", "0")
    assert "4 passed" in ended.stdout
    assert databases_of_others(postgres) == before


def test_tests_on_postgresql_are_marked_by_themselves(run):
    listed = run(MARKS, "--collect-only", "-q", "-m", "postgres")
    assert [line.rpartition("::")[2] for line in listed.stdout.splitlines() if "::" in line] == [
        "test_on_postgresql",
        "test_on_both[postgres]",
    ]
