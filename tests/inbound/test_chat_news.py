"""News of the chat: known before any post fails, told once, and with one effect however often they come."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from bridges import all_of, deliveries, events, handoff, pay
from sqlalchemy import text
from vendors_town import SIGNING_SECRET, wait_for_an_answer

from bridge.store import tables
from sandbox.slack.sending import JSON, event_wrapper, signed_headers

IDS = {"asha": "U07ASHA", "ravi": "U07RAVI", "meera": "U07MEERA"}


def tell(town, event, number=1):
    """Tell of an event as Slack does; a redelivery has the same number."""
    body = json.dumps(event_wrapper(event, number, town.clock)).encode()
    return town.post("/slack/events", body, signed_headers(JSON, body, SIGNING_SECRET, town.clock))


def archived(channel="C0EVENING"):
    return {"type": "channel_archive", "channel": channel, "user": "U07MEERA"}


def gone(user_id="U07RAVI", **more):
    return {"type": "user_change", "user": {"id": user_id, "deleted": True, **more}}


def told(town, kind):
    """Return the words of what is owed to people beside any handoff."""
    return [row.payload["text"] for row in deliveries(town.bridge, kind) if row.handoff_id == ""]


def defects(town):
    return [row.about for row in all_of(town.bridge, tables.defects)]


def kept(town):
    return [row.event_id for row in all_of(town.bridge, tables.inbox) if row.event_id.startswith("Ev")]


def trouble(town):
    (row,) = [one for one in all_of(town.bridge, tables.connections) if one.connection == "slack"]
    return row.trouble


def test_an_archived_channel_is_known_at_once_and_told_to_the_lead(town):
    assert tell(town, archived()).status_code == 200
    (line,) = told(town, "channel_note")
    assert line.startswith("What belongs in C0EVENING comes here. It was archived or deleted")
    assert line.endswith("See https://chat.example/C0EVENING")
    assert defects(town) == ["channel C0EVENING"]
    pay(town.bridge)
    ((place, notice),) = town.bridge.connectors.chats["slack"].notices
    assert (place, [one.key for one in notice.tag]) == ("C0MORNING", ["meera"])


def test_the_same_event_told_again_and_again_has_one_effect(town_on_either_store):
    town = town_on_either_store
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: tell(town, archived()), range(24)))
    for wait in (timedelta(minutes=1), timedelta(minutes=5), timedelta(days=3)):
        town.clock.now += wait
        answers.append(tell(town, archived()))
    assert {answer.status_code for answer in answers} == {200}
    assert len(told(town, "channel_note")) == 1
    assert kept(town) == ["Ev00000001"]


def test_an_event_whose_row_cannot_be_kept_has_no_effect_and_is_not_acknowledged(town):
    forbid = "CREATE TRIGGER full BEFORE INSERT ON inbox BEGIN SELECT RAISE(ABORT, 'no room'); END"
    with town.bridge.database.engine.begin() as connection:
        connection.execute(text(forbid))
    assert tell(town, archived()).status_code == 500
    assert (kept(town), defects(town), told(town, "channel_note")) == ([], [], [])
    with town.bridge.database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER full"))
    assert tell(town, archived()).status_code == 200
    assert (kept(town), defects(town)) == (["Ev00000001"], ["channel C0EVENING"])


def test_the_fallback_channel_archived_is_told_to_the_lead_alone(town):
    tell(town, archived("C0MORNING"))
    assert told(town, "channel_note") == []
    (line,) = told(town, "direct_message")
    assert line.startswith("Nothing can be posted in C0MORNING")
    pay(town.bridge)
    ((place, notice),) = town.bridge.connectors.chats["slack"].notices
    assert (place, notice.text) == ("@meera", line)


def test_a_channel_we_never_post_in_is_none_of_ours(town):
    tell(town, archived("C0RANDOM"))
    assert (defects(town), kept(town), told(town, "channel_note")) == ([], [], [])


def test_the_bot_removed_from_a_channel_is_told_and_over_when_it_is_back(town):
    tell(town, {"type": "member_left_channel", "user": "U0BRIDGE", "channel": "C0EVENING"}, 1)
    assert "The bot was removed from it" in told(town, "channel_note")[0]
    tell(town, {"type": "member_joined_channel", "user": "U0BRIDGE", "channel": "C0EVENING"}, 2)
    assert defects(town) == []
    tell(town, {"type": "channel_left", "channel": "C0EVENING"}, 3)
    assert len(told(town, "channel_note")) == 2


def test_a_renamed_channel_changes_nothing(town):
    tell(town, {"type": "channel_rename", "channel": {"id": "C0EVENING", "name": "late"}})
    assert (defects(town), kept(town)) == ([], [])


def owned(town, handoff_id):
    return handoff(town.bridge, handoff_id).owner


def test_what_a_deactivated_owner_has_goes_to_the_backup_and_the_lead_hears_once(town_on_either_store):
    town = town_on_either_store
    waiting = wait_for_an_answer(town)
    owner = owned(town, waiting)
    for number in (1, 2):
        tell(town, gone(IDS[owner]), number)
    assert owned(town, waiting) != owner
    assert events(town.bridge, waiting).count("owner_unreachable") == 1
    assert defects(town) == [f"person {owner}"]
    lines = [row.payload["text"] for row in deliveries(town.bridge, "channel_note")]
    assert len([line for line in lines if "mend the desk file" in line]) == 1


def test_a_deactivated_person_who_owns_nothing_is_told_to_the_lead(town):
    tell(town, gone("U07ASHA"), 1)
    tell(town, gone("U07ASHA"), 2)
    assert told(town, "channel_note") == [
        "Asha Rao is on the roster and cannot be reached in the chat: mend the desk file."
    ]


def test_somebody_who_is_not_of_the_desk_may_go(town):
    tell(town, gone("U0STRANGER", profile={"email": "x@elsewhere.example"}))
    assert (defects(town), kept(town)) == ([], [])


def test_access_lost_is_shown_at_once(town):
    tell(town, {"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}}, 1)
    assert trouble(town) is None
    tell(town, {"type": "tokens_revoked", "tokens": {"bot": ["U0BRIDGE"]}}, 2)
    assert "install it again" in trouble(town)
    tell(town, {"type": "app_uninstalled"}, 3)
    assert kept(town) == ["Ev00000002", "Ev00000003"]
