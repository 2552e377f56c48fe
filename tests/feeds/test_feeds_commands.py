"""What commands tell of calendars."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from bridges import SECRET_KEY, pay
from calendars import calendar, event

from bridge.cli import main
from bridge.desk.load import read_desk
from bridge.desk.mistakes import DeskRefused
from bridge.security.outbound import GuardedSender


@pytest.fixture
def handoff(monkeypatch, capsys, desk_file, database_url):
    monkeypatch.setenv("HANDOFF_DESK", str(desk_file))
    monkeypatch.setenv("HANDOFF_DATABASE_URL", database_url)
    monkeypatch.setenv("HANDOFF_SECRET_KEYS", SECRET_KEY)
    monkeypatch.setenv("HANDOFF_ALLOW_LOOPBACK_CALLBACKS", "true")

    def run(*arguments):
        capsys.readouterr()
        status = main(list(arguments))
        return status, capsys.readouterr().out

    return run


def findings(handoff):
    _, out = handoff("check", "--live", "--json")
    return [one for one in json.loads(out) if one["where"] == "feeds.team"]


def today(title):
    day = datetime.now(UTC)
    return event(title, f"{day:%Y%m%d}T000000Z", f"{day + timedelta(days=1):%Y%m%d}T000000Z")


def test_who_is_on_duty_goes_by_the_calendar(town, server, handoff):
    server.body = calendar(event("meera"))
    town.read()
    _, out = handoff("roster", "who", "--channel", "whatsapp", "--at", "2026-11-21T12:52Z", "--json")
    assert json.loads(out)["owner"] == "meera"


def test_a_live_check_reads_each_calendar(server, handoff):
    server.body = calendar(today("meera"))
    assert findings(handoff) == []
    server.status = 404
    (found,) = findings(handoff)
    assert (found["severity"], "404" in found["problem"]) == ("error", True)


def test_a_live_check_counts_events_that_name_nobody(server, handoff):
    server.body = calendar(today("meera"), today("Lunch").replace("UID:1", "UID:2"))
    (found,) = findings(handoff)
    assert (found["severity"], found["problem"][:6]) == ("warning", "1 of 2")


@pytest.mark.parametrize(
    "url", ["webcal://x/team.ics", "http://x/team.ics", "ftp://x", "team.ics", "https://"]
)
def test_an_address_that_cannot_be_read_is_a_mistake_of_the_desk(desk_file, server, url):
    text = desk_file.read_text().replace(f"{server.url}/team.ics", url)
    with pytest.raises(DeskRefused, match="https://"):
        read_desk(text, "desk.yaml", frozenset({"slack", "zendesk", "freshdesk"}))


def test_the_address_is_never_shown(town, server, capsys):
    server.status = 500
    town.read()
    pay(town.bridge, GuardedSender(allow_loopback=True))
    assert "team.ics" not in capsys.readouterr().out
