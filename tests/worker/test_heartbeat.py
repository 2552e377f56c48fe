"""The sign of life to a watcher outside."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bridges import hand_over, system_clock
from fastapi import FastAPI
from sqlalchemy import delete
from structlog.testing import capture_logs

from bridge import app
from bridge.app import build_worker
from bridge.store import tables
from bridge.worker.heartbeat import LIVELY, Heartbeat
from sandbox.server import serve


class Watcher:
    """Counts the signs of life that reach it."""

    def __init__(self, status: int = 200) -> None:
        self.beats = 0
        self.app = FastAPI(openapi_url=None)
        self.app.get("/beat", status_code=status)(self._take)

    def _take(self) -> None:
        self.beats += 1


@pytest.fixture
def watcher():
    watcher = Watcher()
    with serve(watcher.app) as running:
        watcher.url = f"{running.url}/beat"
        yield watcher


def events(work):
    with capture_logs() as logs:
        work()
    return [one["event"] for one in logs]


def test_a_worker_that_looks_at_its_clocks_gives_a_sign_of_life(open_bridge, watcher, until, monkeypatch):
    monkeypatch.setattr(app, "AUDIT_EVERY_SECONDS", 1)
    worker = build_worker(open_bridge(HANDOFF_HEARTBEAT_URL=watcher.url))
    worker.start()
    try:
        until(lambda: watcher.beats > 0)
    finally:
        worker.stop()


def test_a_tick_that_hangs_gives_none(watcher, frozen_now):
    hung = Heartbeat(watcher.url, lambda: frozen_now - LIVELY - timedelta(seconds=1))
    assert events(lambda: hung.beat(frozen_now)) == ["heartbeat_withheld"]
    assert Heartbeat(watcher.url, lambda: None).beat(frozen_now) is False
    assert watcher.beats == 0


def test_books_that_do_not_balance_give_none(open_bridge, watcher):
    bridge = open_bridge(HANDOFF_HEARTBEAT_URL=watcher.url)
    worker = build_worker(bridge)
    worker.ticker.looked_at = system_clock()
    audit = app._audit(bridge, worker.ticker)
    audit()
    assert watcher.beats == 1
    hand_over(bridge)
    bridge.database.transact(lambda tx: tx.execute(delete(tables.deliveries)))
    audit()
    assert watcher.beats == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/beat-canary", "http://nobody.invalid/beat-canary"])
def test_a_watcher_that_is_away_is_told_in_the_log_without_its_address(url, frozen_now):
    with capture_logs() as logs:
        assert Heartbeat(url, lambda: frozen_now).beat(frozen_now) is False
    assert [one["event"] for one in logs] == ["heartbeat_not_taken"]
    assert "canary" not in str(logs)
