"""`handoff run`, `web` and `worker` as processes: they start, tell what they do, and end when told to."""

from __future__ import annotations

import json
import re
import signal
from datetime import timedelta

import pytest
import requests
from bridges import SECRET_KEY, a_bridge, all_of, deliveries, hand_over, system_clock

from bridge.store import tables


def url_of(process) -> str:
    return process.wait_for(lambda: re.search(r"^Listening at (http://\S+)$", process.out, re.MULTILINE))[1]


def log_of(process) -> list[dict[str, object]]:
    """Return the log; whatever in it is no event in JSON makes the test fail."""
    return [json.loads(line) for line in process.err.splitlines()]


@pytest.mark.parametrize("command", ["run", "web"])
def test_a_serving_process_is_ready_and_ends_when_told_to(process, command):
    started = process(command, "--port", "0")
    ready = requests.get(f"{url_of(started)}/readyz", timeout=5)
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
    assert started.stop() == 0
    assert all(event["level"] == "info" for event in log_of(started))


@pytest.mark.parametrize("part", [(), ("--only", "clocks"), ("--only", "deliveries")])
def test_a_worker_ends_when_told_to(process, part):
    started = process("worker", *part)
    started.wait_for(lambda: "worker_started" in started.err)
    assert started.stop() == 0
    assert [event["event"] for event in log_of(started)] == ["worker_started", "worker_stopped"]


def test_of_two_processes_that_share_the_work_one_fires_rungs_and_leaves_the_calls_to_the_other(
    process, sqlite_url, desk_file
):
    with a_bridge(sqlite_url, desk_file) as bridge:
        started = process("worker", "--only", "clocks", HANDOFF_SECRET_KEYS=SECRET_KEY)
        started.wait_for(lambda: "worker_started" in started.err)
        in_a_second = system_clock() - timedelta(minutes=2.5) + timedelta(seconds=1)
        hand_over(bridge, asked_at=in_a_second, callback_url="https://bot.invalid/told")
        started.wait_for(lambda: any(row.state == "fired" for row in all_of(bridge, tables.clocks)))
        assert {row.attempts for row in deliveries(bridge, "callback")} == {0}


def test_a_rung_fires_although_the_process_for_the_clocks_is_gone(process, sqlite_url, desk_file):
    with a_bridge(sqlite_url, desk_file) as bridge:
        hand_over(bridge, asked_at=system_clock() - timedelta(minutes=3))
        started = process("worker", "--only", "deliveries", HANDOFF_SECRET_KEYS=SECRET_KEY)
        started.wait_for(lambda: any(row.state == "fired" for row in all_of(bridge, tables.clocks)))
        assert [row.rung for row in all_of(bridge, tables.clocks) if row.state == "fired"] == [1]


def test_ctrl_c_ends_a_process_like_any_other_stop(process):
    started = process("run", "--port", "0")
    url_of(started)
    assert started.stop(signal.SIGINT) == 0
    assert "Traceback" not in started.err


def test_run_migrates_an_empty_store_by_itself(process, empty_url):
    started = process("run", "--port", "0", HANDOFF_DATABASE_URL=empty_url)
    assert requests.get(f"{url_of(started)}/readyz", timeout=5).status_code == 200
    assert started.stop() == 0
