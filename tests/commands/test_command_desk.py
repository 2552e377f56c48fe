"""Asking the desk: who is on duty, where a handoff would go, whether all is sound."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta

import pytest
from cryptography.fernet import Fernet

from bridge.accounts import MAIN, Accounts
from bridge.people import covers
from bridge.roster.covers import Cover
from bridge.security.vault import Vault
from bridge.store import Database
from sandbox.assembly import ANY_PORTS, Sandbox

EVENING = "2026-11-21T18:22+05:30"
PAYLOAD = {
    "conversation_id": "wa-1",
    "channel": "whatsapp",
    "topic": "refund",
    "trigger": {"kind": "asked"},
    "summary": {"wants": "her money", "tried": "the form", "suspects": "a double charge"},
}


def test_who_is_on_duty_is_told_with_shift_backup_and_who_follows(handoff):
    told = handoff("roster", "who", "--channel", "whatsapp", "--at", EVENING)
    assert told.status == 0
    assert told.out.splitlines() == [
        "Ravi Iyer has whatsapp (evening) until Sun 22 Nov 01:00 IST.",
        "Backup Meera Shah, lead Meera Shah.",
        "Next: Meera Shah from Sun 22 Nov 01:00 IST.",
    ]


def test_who_is_on_duty_as_json(handoff):
    told = handoff("roster", "who", "--channel", "whatsapp", "--at", EVENING, "--json").json
    assert (told["owner"], told["backup"], told["next_owner"]) == ("ravi", "meera", "meera")
    assert (told["at"], told["until"]) == (
        "2026-11-21T18:22:00+05:30",
        "2026-11-21T19:30:00+00:00",
    )


@pytest.fixture
def covered(environment):
    """Asha has said in the chat that she stands in for Ravi."""
    at = datetime.fromisoformat(EVENING)
    cover = Cover(
        cover_id="cv_1",
        owner="asha",
        in_place_of="ravi",
        channels=("whatsapp",),
        starts_at=at - timedelta(hours=1),
        ends_at=at + timedelta(hours=1),
        made_by="asha",
        made_at=at - timedelta(hours=1),
    )
    database = Database(environment["HANDOFF_DATABASE_URL"])
    accounts = Accounts(Vault([Fernet.generate_key().decode()]), helpdesk_vendors=(), chat_vendors=())
    database.transact(lambda tx: accounts.ensure(tx, MAIN, {}, at))
    database.transact(lambda tx: covers.make(tx, MAIN, cover))
    database.close()


def test_a_cover_is_told_with_who_says_so(handoff, covered):
    told = handoff("roster", "who", "--channel", "whatsapp", "--at", EVENING)
    assert told.out.splitlines() == [
        "Asha Rao has whatsapp (evening) until Sat 21 Nov 19:22 IST.",
        "Backup Meera Shah, lead Meera Shah.",
        "Asha covers for Ravi until 19:22, says Asha.",
        "Next: Ravi Iyer from Sat 21 Nov 19:22 IST.",
    ]
    told = handoff("roster", "who", "--channel", "whatsapp", "--at", EVENING, "--json").json
    assert (told["owner"], told["note"]) == ("asha", "Asha covers for Ravi until 19:22, says Asha")


def test_a_handoff_would_go_to_who_covers(handoff, covered, tmp_path):
    payload = tmp_path / "payload.json"
    payload.write_text(json.dumps(PAYLOAD))
    told = handoff("route", "--payload", payload, "--at", EVENING, "--json").json
    assert told["owner"] == "asha"


def test_without_a_store_the_desk_file_alone_counts(handoff, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    told = handoff("roster", "who", "--channel", "whatsapp", "--at", EVENING, HANDOFF_DATABASE_URL=None)
    assert told.out.startswith("Ravi Iyer has whatsapp")
    assert list(elsewhere.iterdir()) == []


def test_a_store_that_may_hold_covers_and_cannot_be_read_is_no_roster(handoff, empty_url):
    told = handoff("roster", "who", "--channel", "whatsapp", "--at", EVENING, HANDOFF_DATABASE_URL=empty_url)
    assert told.status == 2
    assert "covers" in told.err
    assert "handoff migrate" in told.err


@pytest.fixture
def mondays_only(desk_file):
    """The desk with one shift, on Mondays."""
    text = desk_file.read_text()
    begin, end = text.index("shifts:"), text.index("# Somebody else")
    shift = "shifts:\n  - {name: monday, channels: [whatsapp, web, email], days: mon, hours: '09:00-10:00',"
    desk_file.write_text(f"{text[:begin]}{shift} owners: [asha]}}\n\n{text[end:]}")


def test_nobody_on_duty_is_exit_status_1_and_names_who_is_next(handoff, mondays_only):
    told = handoff("roster", "who", "--channel", "whatsapp", "--at", EVENING)
    assert told.status == 1
    assert told.out == "Nobody has whatsapp then.\nNext: Asha Rao from Mon 23 Nov 09:00 IST.\n"
    told = handoff("roster", "who", "--channel", "whatsapp", "--at", EVENING, "--json")
    assert (told.status, told.json["owner"], told.json["next_owner"]) == (1, None, "asha")


def test_a_channel_that_the_desk_does_not_have_is_no_gap(handoff):
    told = handoff("roster", "who", "--channel", "whatsap")
    assert told.status == 2
    assert told.err == "handoff: the desk has no channel 'whatsap'; did you mean 'whatsapp'?\n"


@pytest.mark.parametrize("command", ["roster who --channel web", "route --payload x"])
@pytest.mark.parametrize("moment", ["2026-11-21T18:22", "2026-11-21", "yesterday", "18:22+05:30"])
def test_a_moment_without_a_zone_is_refused_with_one_that_would_do(handoff, command, moment):
    told = handoff(*command.split(), "--at", moment)
    assert told.status == 2
    assert "write 2026-11-21T18:22+05:30" in told.err
    assert "Traceback" not in told.err


@pytest.fixture
def payload(tmp_path):
    path = tmp_path / "handoff.json"
    path.write_text(json.dumps(PAYLOAD))
    return path


def test_a_dry_run_tells_group_owner_and_ladder_each_with_its_reason(handoff, payload):
    told = handoff("route", "--payload", payload, "--at", EVENING)
    assert told.status == 0
    assert "Group     Billing, priority high" in told.out
    assert "Owner     ravi, shift evening" in told.out
    assert "rung 1  2026-11-21T18:24:30+05:30  remind_owner" in told.out
    assert "Promise   fast: answer by 2026-11-21T18:27:00+05:30" in told.out
    reasons = told.out.partition("Because\n")[2].splitlines()
    assert len(reasons) >= 3
    assert all(line.startswith("  - ") for line in reasons)


def test_a_dry_run_as_json(handoff, payload):
    told = handoff("route", "--payload", payload, "--at", EVENING, "--json").json
    assert (told["group"], told["owner"], told["card_channel"]) == ("Billing", "ravi", "C0EVENING")
    assert [rung["number"] for rung in told["ladder"]] == [1, 2, 3, 4]
    assert told["ladder"][-1]["steps"] == ["page lead", "move_group Escalations"]


def test_a_dry_run_brings_what_is_due_before_the_channel_closes(handoff, payload):
    said = [{"speaker": "customer", "text": "hello?", "at": "2026-11-20T13:12:00Z"}]
    payload.write_text(json.dumps({**PAYLOAD, "channel": "whatsapp", "transcript": said}))
    told = handoff("route", "--payload", payload, "--at", EVENING, "--json").json
    assert told["channel_closes_at"] == "2026-11-21T18:42:00+05:30"
    assert told["promised_at"] == "2026-11-21T18:27:00+05:30"
    assert [rung["due_at"][11:19] for rung in told["ladder"]] == [
        "18:24:30",
        "18:27:00",
        "18:29:30",
        "18:32:00",
    ]
    said[0]["at"] = "2026-11-20T12:56:00Z"
    payload.write_text(json.dumps({**PAYLOAD, "channel": "whatsapp", "transcript": said}))
    told = handoff("route", "--payload", payload, "--at", EVENING, "--json").json
    assert [rung["due_at"][11:19] for rung in told["ladder"]] == [
        "18:24:00",
        "18:24:00",
        "18:24:00",
        "18:24:00",
    ]


def test_a_dry_run_reads_standard_input(handoff, monkeypatch):
    typed = io.TextIOWrapper(io.BytesIO(json.dumps(PAYLOAD).encode()))
    monkeypatch.setattr("sys.stdin", typed)
    assert handoff("route", "--payload", "-", "--json").json["group"] == "Billing"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"channel": "web"', "not JSON at line 1, column 18"),
        ('{"channel": "web", "channel": "email"}', "/channel: appears twice"),
        ('{"channel": "web", "trigger": {"kind": "asked"}}', "/conversation_id is missing"),
        ("\ufeff{}", "byte order mark"),
    ],
)
def test_a_payload_that_cannot_be_used_is_refused_with_the_place(handoff, payload, text, says):
    payload.write_text(text)
    told = handoff("route", "--payload", payload)
    assert (told.status, told.out) == (2, "")
    assert says in told.err


def test_a_payload_that_is_not_there_is_named(handoff):
    told = handoff("route", "--payload", "nowhere.json")
    assert told.status == 2
    assert told.err == "handoff: nowhere.json cannot be read: No such file or directory\n"


def test_a_sound_desk_is_exit_status_0(handoff):
    told = handoff("check")
    assert (told.status, told.out) == (0, "All good.\n")
    assert handoff("check", "--json").json == []


def test_a_doubtful_desk_is_exit_status_1_with_what_would_do(handoff, mondays_only):
    told = handoff("check")
    assert told.status == 1
    assert "warning  channels.whatsapp: nobody is on duty for" in told.out
    assert "→ add a shift" in told.out
    assert told.out.rstrip().endswith("warnings")


def test_a_desk_with_mistakes_is_exit_status_2_with_all_of_them(handoff, desk_file):
    text = (
        desk_file.read_text().replace("lead: meera", "lead: nobody").replace("timezone: Asia", "timezone: Oz")
    )
    desk_file.write_text(text)
    told = handoff("check", "--json")
    assert told.status == 2
    places = [finding["where"] for finding in told.json]
    assert any(place.startswith("desk.yaml:4 timezone") for place in places)
    assert sum("lead" in place for place in places) >= 3
    assert {finding["severity"] for finding in told.json} == {"error"}


def test_a_live_check_without_vendors_says_that_nothing_is_connected(handoff):
    told = handoff("check", "--live")
    assert told.status == 1
    assert "nothing is connected" in told.out


@pytest.fixture(scope="module")
def vendors():
    with Sandbox(ports=ANY_PORTS) as sandbox:
        yield sandbox


def test_a_live_check_of_vendors_that_have_everything_is_good(handoff, vendors):
    vendors.reset()
    assert handoff("check", "--live", **vendors.environment()).out == "All good.\n"


def test_a_live_check_lists_what_is_missing_at_each_vendor(handoff, vendors):
    vendors.reset()
    desk = vendors.zendesk.store
    desk.groups[:] = [group for group in desk.groups if group["name"] != "Billing"]
    desk.fields[900101]["active"] = False
    vendors.freshdesk.remove_field("cf_topic")
    vendors.slack.workspace.channels["C0NIGHT"].archived = True
    del vendors.slack.workspace.users["U07RAVI"]
    told = handoff("check", "--live", "--json", **vendors.environment())
    found = {finding["where"]: finding["problem"] for finding in told.json}
    assert told.status == 2
    assert found["group Billing"] == "does not exist at Zendesk"
    assert "is deactivated" in found.values()
    assert found["channel C0NIGHT"] == "it is archived"
    assert any("cf_topic" in f"{where}{problem}" for where, problem in found.items())
    assert any("avi" in where for where in found)


def test_a_live_check_with_a_wrong_key_says_so_and_goes_on_with_the_others(handoff, vendors):
    vendors.reset()
    wrong = {**vendors.environment(), "ZENDESK_API_TOKEN": "wrong-token-canary"}
    told = handoff("check", "--live", **wrong)
    assert told.status == 2
    assert "error    zendesk: " in told.out
    assert "1 errors" in told.out
    assert "wrong-token-canary" not in told.out + told.err


def test_a_live_check_of_a_vendor_that_is_away_says_so(handoff, vendors):
    vendors.reset()
    away = {**vendors.environment(), "SLACK_API_BASE_URL": "http://127.0.0.1:1/api/"}
    told = handoff("check", "--live", **away)
    assert told.status == 2
    assert "error    slack" in told.out
