"""`handoff run`, `web` and `worker` as processes: they start, tell what they do, and end when told to."""

from __future__ import annotations

import json
import re
import signal

import pytest
import requests


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


def test_a_worker_ends_when_told_to(process):
    started = process("worker")
    started.wait_for(lambda: "worker_started" in started.err)
    assert started.stop() == 0
    assert [event["event"] for event in log_of(started)] == ["worker_started", "worker_stopped"]


def test_ctrl_c_ends_a_process_like_any_other_stop(process):
    started = process("run", "--port", "0")
    url_of(started)
    assert started.stop(signal.SIGINT) == 0
    assert "Traceback" not in started.err


def test_run_migrates_an_empty_store_by_itself(process, empty_url):
    started = process("run", "--port", "0", HANDOFF_DATABASE_URL=empty_url)
    assert requests.get(f"{url_of(started)}/readyz", timeout=5).status_code == 200
    assert started.stop() == 0
