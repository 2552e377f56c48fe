"""What the operator reads: events without a secret and without a customer's word."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from bridge.settings import read_settings
from bridge.watching import HIDDEN, _Seldom, set_up_logging

TOKEN = "xoxb-canary-81f2"
WORDS = "my card is 4111 1111 1111 1111, call +91 98450 12345 or priya@customer.example"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return what takes the place of standard error."""
    standing = io.StringIO()
    monkeypatch.setattr(sys, "stderr", standing)
    return standing


@pytest.fixture
def events(said: io.StringIO) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Set logging up as JSON and give how to read what was logged."""
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    root.handlers.clear()
    set_up_logging(
        read_settings(
            {
                "HANDOFF_LOG_FORMAT": "json",
                "SLACK_BOT_TOKEN": TOKEN,
                "HANDOFF_DATABASE_URL": "postgresql://u:pa%20ss@db/x",
            }
        )
    )
    yield lambda: [json.loads(line) for line in said.getvalue().split("\n") if line]
    root.handlers[:] = before
    structlog.reset_defaults()


def fail(error: Exception) -> None:
    raise error


def log() -> Any:
    return structlog.get_logger()


def test_each_line_is_one_event_in_json_with_its_level_and_moment(events):
    log().info("delivery_settled", delivery="dl_1", attempt=2)
    log().warning("line\nbreak", error="a\nb\u2028c")
    first, second = events()
    assert (first["event"], first["level"], first["attempt"]) == ("delivery_settled", "info", 2)
    assert first["timestamp"].endswith("Z")
    assert second["error"] == "a\nb\u2028c"


@pytest.mark.parametrize(
    "value",
    [
        f"Bearer {TOKEN}",
        [f"token={TOKEN}"],
        {"headers": {"Authorization": TOKEN}},
        {TOKEN},
        Path(f"/secrets/{TOKEN}"),
        "postgresql://u:pa%20ss@db",
        "password is pa ss",
    ],
    ids=["text", "list", "nested", "set", "path", "address", "decoded"],
)
def test_a_secret_of_the_settings_gets_into_no_field(events, value):
    log().error("went_wrong", detail=value)
    (event,) = events()
    shown = json.dumps(event)
    assert HIDDEN in shown
    assert not any(secret in shown for secret in (TOKEN, "pa%20ss", "pa ss"))


def test_a_secret_does_not_even_get_into_the_events_own_name(events):
    log().error(f"went wrong with {TOKEN}", handoff=f"ho_{TOKEN}")
    assert TOKEN not in json.dumps(events())


@pytest.mark.parametrize("value", [WORDS, [WORDS], {"said": {"by": WORDS}}])
def test_what_looks_like_a_customers_data_is_masked(events, value):
    log().info("noted", detail=value)
    shown = json.dumps(events())
    assert not any(part in shown for part in ("4111 1111", "98450", "priya@customer"))
    assert "[e-mail]" in shown


def test_an_exception_is_told_by_kind_and_place_and_never_by_its_text(events):
    try:
        fail(ValueError(f"cannot read {WORDS}"))
    except ValueError as error:
        log().exception("broke", error=error)
    (event,) = events()
    assert event["exception"].startswith("ValueError at tests/test_watching.py:")
    assert event["error"] == "ValueError"
    assert "cannot read" not in json.dumps(event)


def test_what_a_library_logs_becomes_an_event_without_its_text(events):
    try:
        fail(KeyError(WORDS))
    except KeyError:
        logging.getLogger("some.library").exception("Exception in %s", WORDS)
    (event,) = events()
    assert (event["event"], event["logger"], event["level"]) == ("library_log", "some.library", "error")
    assert event["exception"].startswith("KeyError at ")
    assert "4111" not in json.dumps(event)


@pytest.mark.parametrize(
    "name", ["slack_bolt.App", "urllib3.connectionpool", "zenpy.lib.api", "alembic.runtime"]
)
def test_libraries_that_quote_requests_say_nothing_at_all(events, name):
    logging.getLogger(name).error("POST /api said %s", WORDS)
    assert events() == []


def test_ids_stay_readable(events):
    log().info("rung_fired", handoff="ho_019aa5a4118200110022003300", delivery="dl_4111111111111111", rung=2)
    (event,) = events()
    assert event["handoff"] == "ho_019aa5a4118200110022003300"
    assert event["delivery"] == "dl_4111111111111111"


def test_quiet_leaves_only_what_went_wrong(said, events, monkeypatch):
    monkeypatch.setattr(sys, "stderr", said)
    set_up_logging(read_settings({"HANDOFF_LOG_FORMAT": "json"}), quiet=True)
    log().info("delivery_settled")
    log().error("books_do_not_balance")
    assert [event["event"] for event in events()] == ["books_do_not_balance"]


def test_text_for_people_is_one_line_for_each_event(said, events, monkeypatch):
    monkeypatch.setattr(sys, "stderr", said)
    set_up_logging(read_settings({"SLACK_BOT_TOKEN": TOKEN}))
    log().info("webhook_taken", connection="zendesk", detail=f"{TOKEN} {WORDS}")
    line = said.getvalue()
    assert line.count("\n") == 1
    assert "webhook_taken" in line
    assert TOKEN not in line
    assert "4111" not in line


def test_the_same_trouble_again_and_again_is_told_once_and_then_counted():
    now = [0.0]
    seldom = _Seldom(lambda: now[0])

    def tell(error):
        try:
            return seldom(None, "error", {"event": "store_unavailable", "error": error})
        except structlog.DropEvent:
            return None

    assert tell("DiskFull") == {"event": "store_unavailable", "error": "DiskFull"}
    assert [tell("DiskFull") for _ in range(3)] == [None] * 3
    assert tell("OperationalError") is not None
    now[0] = 31.0
    assert tell("DiskFull") == {"event": "store_unavailable", "error": "DiskFull", "left_out": 3}


def test_a_store_that_is_away_makes_one_line_however_often_it_is_asked(events):
    for _ in range(50):
        log().error("store_unavailable", error="OperationalError")
    log().error("rung_broke", handoff="ho_1")
    log().error("rung_broke", handoff="ho_1")
    assert [one["event"] for one in events()] == ["store_unavailable", "rung_broke", "rung_broke"]
