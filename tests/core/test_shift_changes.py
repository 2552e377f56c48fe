"""Another person comes on duty: what is open goes to them once, and the shift's channel reads who has what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.handoffs import lifecycle
from bridge.handoffs.accept import GAP
from bridge.handoffs.model import State
from bridge.people import covers
from bridge.roster.covers import Cover
from bridge.store import tables
from bridge.worker.housekeeping import load_desk_file
from bridge.worker.shifts import ShiftWatch
from connectors.errors import OutcomeUnknown

#: 01:00 in Kolkata: the evening of Ravi ends, and Meera's night begins
NIGHT = datetime(2026, 11, 21, 19, 30, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

DESK = """
timezone: Asia/Kolkata
people:
  asha: {name: Asha Rao, slack: U07ASHA, zendesk: 3601}
  ravi: {name: Ravi Iyer, slack: U07RAVI, zendesk: 3602}
  meera: {name: Meera Shah, slack: U07MEERA, role: lead}
  leela: {name: Leela Sen, slack: U07LEELA}
channels:
  whatsapp: {attention_window_minutes: 15}
  web: {attention_window_minutes: 15}
shifts:
  - {name: day, days: daily, hours: "09:00-19:00", owners: [asha], backup: ravi, lead: meera, slack_channel: C0DAY}
  - {name: late, days: daily, hours: "21:00-01:00", owners: [ravi], backup: asha, lead: meera, slack_channel: C0LATE}
routes:
  - {when: {topic: vip}, owner: asha}
  - {otherwise: true, group: Support, sla: standard}
sla:
  standard: {respond_within_minutes: 600}
fallback: {slack_channel: C0ALL, lead: meera}
"""
#: on that desk: Asha goes, and two hours later Ravi comes
GAP_BEGINS = datetime(2026, 11, 21, 13, 30, tzinfo=UTC)
GAP_ENDS = GAP_BEGINS + 2 * HOUR


@pytest.fixture
def looks(house):
    """Return how a worker looks; another one is another process."""
    watch = ShiftWatch(database=house.database, accounts=house.accounts, clock=lambda: house.now)
    watch.look()  # the rows begin with whoever is on duty
    return watch.look


@pytest.fixture
def small(house, desk_file):
    """Put the small desk with its gaps in force; return how to put another in its place."""

    def put(text=DESK):
        desk_file.write_text(text)
        load_desk_file(house.database, house.accounts, desk_file, house.now)

    put()
    return put


def notices(house, place):
    return [said for where, said in house.chat.notices if where == place]


def row(house, handoff_id, event):
    (found,) = [
        one for one in house.all(tables.timeline) if (one.handoff_id, one.event) == (handoff_id, event)
    ]
    return found


def claims(house, handoff_id, key):
    person = house.account().person(key)
    house.change(handoff_id, lambda change: lifecycle.claim(change, person, house.now))


def given_by_hand(house, handoff_id, key):
    person = house.account().person(key)
    house.change(handoff_id, lambda change: lifecycle.reassign(change, person, actor="ravi"))


def test_at_the_moment_of_the_change_and_not_before_an_open_handoff_goes_to_who_comes(house, looks):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    house.now = NIGHT - timedelta(milliseconds=1)
    looks()
    assert house.handoff(handoff_id).owner == "ravi"
    house.now = NIGHT
    looks()
    assert house.handoff(handoff_id).owner == "meera"
    reassigned = row(house, handoff_id, "reassigned")
    assert (reassigned.actor, reassigned.at) == ("shift", NIGHT)
    assert reassigned.data["reason"] == "Ravi's shift is over, Meera is on duty now"


def test_card_ticket_and_a_line_under_the_card_follow_and_the_clock_runs_on(house, looks):
    house.now = NIGHT - MINUTE
    handoff_id = house.hand_over().handoff_id
    house.pay()
    before = house.handoff(handoff_id)
    clocks = house.all(tables.clocks)
    house.now = NIGHT
    looks()
    house.pay()
    (card,) = house.chat.cards
    shown = house.chat.cards[card][-1]
    assert (shown.owner.key, shown.handed_on_from.key) == ("meera", "ravi")
    (said,) = notices(house, f"C0EVENING/{card}")
    assert ([person.key for person in said.tag], "Ravi's shift is over" in said.text) == (["meera"], True)
    assert [change.assignee.key for _, change in house.helpdesk.changed] == ["meera"]
    assert house.all(tables.clocks) == clocks
    after = house.handoff(handoff_id)
    assert (after.promised_at, after.card) == (before.promised_at, before.card)


def test_what_was_claimed_and_not_answered_goes_too_and_has_to_be_claimed_anew(house, looks):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    claims(house, handoff_id, "ravi")
    house.now = NIGHT
    looks()
    found = house.handoff(handoff_id)
    assert (found.owner, found.claimed_by) == ("meera", None)


def test_what_is_answered_stays_with_whoever_answered(house, looks):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    said = {"by": "Ravi Iyer", "at": house.now, "text": "On its way.", "message_id": "1"}
    house.change(handoff_id, lambda change: lifecycle.answered(change, **said))
    house.now = NIGHT
    looks()
    found = house.handoff(handoff_id)
    assert (found.state, found.owner) == (State.ANSWERED, "ravi")


def test_a_handoff_given_by_hand_to_somebody_off_the_roster_stays_theirs(house, small, looks):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    given_by_hand(house, handoff_id, "leela")
    house.now = GAP_ENDS
    looks()
    assert house.handoff(handoff_id).owner == "leela"


def test_a_handoff_given_by_hand_to_somebody_whose_shift_ends_goes_on_as_any_other(house, small, looks):
    house.now = GAP_ENDS
    looks()
    handoff_id = house.hand_over().handoff_id
    given_by_hand(house, handoff_id, "ravi")
    house.now = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)  # Asha comes on duty
    looks()
    assert house.handoff(handoff_id).owner == "asha"


def test_an_owner_whom_a_rule_names_keeps_it(house, small, looks):
    handoff_id = house.hand_over(topic="vip").handoff_id
    house.now = GAP_ENDS
    looks()
    assert house.handoff(handoff_id).owner == "asha"


def test_a_backup_who_claimed_it_and_is_on_duty_still_keeps_it(house, small, looks):
    handoff_id = house.hand_over(conversation_id="claimed").handoff_id
    other = house.hand_over(conversation_id="waiting").handoff_id
    claims(house, handoff_id, "asha")  # who stands behind Ravi in the late shift
    house.now = GAP_ENDS
    looks()
    assert (house.handoff(handoff_id).owner, house.handoff(other).owner) == ("asha", "ravi")


def test_on_a_desk_that_says_stay_nothing_moves_and_the_note_is_posted(house, small, looks):
    small(DESK + "shift_change: stay\n")
    looks()
    handoff_id = house.hand_over().handoff_id
    house.now = GAP_ENDS
    looks()
    house.pay()
    assert house.handoff(handoff_id).owner == "asha"
    assert len(notices(house, "C0LATE")) == 1


def test_another_look_and_another_worker_change_nothing_more(house, looks):
    handoff_id = house.hand_over().handoff_id
    house.now = NIGHT
    looks()
    another = ShiftWatch(database=house.database, accounts=house.accounts, clock=lambda: house.now)
    for _ in range(3):
        looks()
        another.look()
        house.now += 4 * SECOND
    house.pay()
    assert house.events(handoff_id).count("reassigned") == 1
    assert len(notices(house, "C0NIGHT")) == 1


def test_a_worker_whose_clock_is_behind_does_not_change_it_back(house, looks):
    handoff_id = house.hand_over().handoff_id
    house.now = NIGHT
    looks()
    slow = ShiftWatch(database=house.database, accounts=house.accounts, clock=lambda: NIGHT - SECOND)
    slow.look()
    looks()
    house.pay()
    assert house.handoff(handoff_id).owner == "meera"
    assert house.events(handoff_id).count("reassigned") == 1
    assert len(notices(house, "C0NIGHT")) == 1


def test_after_an_outage_over_several_changes_it_goes_once_to_whoever_is_on_duty_by_then(house, looks):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    house.now = NIGHT + 10 * HOUR  # Meera's night is over too: it is Asha's morning
    after = ShiftWatch(database=house.database, accounts=house.accounts, clock=lambda: house.now)
    after.look()
    house.pay()
    assert house.handoff(handoff_id).owner == "asha"
    assert house.events(handoff_id).count("reassigned") == 1
    assert (len(notices(house, "C0NIGHT")), len(notices(house, "C0MORNING"))) == (0, 1)


def test_one_that_was_accepted_for_the_old_shift_beside_the_change_goes_too(house, looks):
    house.now = NIGHT
    looks()
    house.now = NIGHT - timedelta(milliseconds=5)
    handoff_id = house.hand_over().handoff_id  # came before, and was kept after the look
    assert house.handoff(handoff_id).owner == "ravi"
    house.now = NIGHT + SECOND
    looks()
    assert house.handoff(handoff_id).owner == "meera"


def test_what_is_given_back_to_the_old_owner_later_in_the_shift_stays_there(house, looks):
    handoff_id = house.hand_over().handoff_id
    house.now = NIGHT
    looks()
    house.now = NIGHT + MINUTE
    looks()
    given_by_hand(house, handoff_id, "ravi")
    house.now += HOUR
    looks()
    found = house.handoff(handoff_id)
    assert (found.owner, found.handed_on_from) == ("ravi", None)


def test_an_edit_that_puts_another_person_on_duty_now_moves_nothing(house, small, looks):
    handoff_id = house.hand_over().handoff_id
    small(DESK.replace("owners: [asha], backup: ravi", "owners: [ravi], backup: asha"))
    looks()
    house.pay()
    assert house.handoff(handoff_id).owner == "asha"
    assert notices(house, "C0DAY") == []


def test_an_override_that_begins_moves_what_is_open_and_its_end_moves_it_back(house, small, looks):
    small(
        DESK + "overrides:\n  - {from: 2026-11-21 18:30, to: 2026-11-21 18:45, owner: ravi, note: errand}\n"
    )
    looks()
    handoff_id = house.hand_over().handoff_id
    house.now = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
    looks()
    assert house.handoff(handoff_id).owner == "ravi"
    house.now = datetime(2026, 11, 21, 13, 15, tzinfo=UTC)
    looks()
    assert house.handoff(handoff_id).owner == "asha"


def test_an_override_that_begins_as_it_is_written_counts_as_a_change_of_shift(house, small, looks):
    handoff_id = house.hand_over().handoff_id
    begins = house.now.isoformat()
    house.now += 15 * SECOND  # until the file is looked at again
    small(DESK + f"overrides:\n  - {{from: {begins}, to: 2026-11-21 18:45, owner: ravi}}\n")
    looks()
    assert house.handoff(handoff_id).owner == "ravi"


def test_a_cover_made_in_the_chat_begins_and_ends_as_a_shift_does(house, small, looks):
    handoff_id = house.hand_over().handoff_id
    cover = Cover(
        cover_id="c1",
        owner="ravi",
        in_place_of="asha",
        channels=("whatsapp",),
        starts_at=house.now,
        ends_at=house.now + 10 * MINUTE,
        made_by="ravi",
        made_at=house.now,
    )
    house.pay()
    house.database.transact(lambda tx: covers.make(tx, "main", cover))
    looks()
    house.pay()
    assert house.handoff(handoff_id).owner == "ravi"
    assert "you stand in for Asha" in house.chat.notices[-1][1].text
    house.now += 10 * MINUTE
    looks()
    assert house.handoff(handoff_id).owner == "asha"


def test_when_nobody_comes_the_handoff_keeps_its_owner_and_the_lead_hears_once(house, small, looks):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    house.now = GAP_BEGINS
    for _ in range(3):
        looks()
        house.now += SECOND
    house.pay()
    assert house.handoff(handoff_id).owner == "asha"
    (said,) = notices(house, "C0DAY")
    assert said.text.startswith("Nobody takes over from Asha until 21:00")
    assert "1 customer waits for an answer" in said.text
    assert [person.key for person in said.tag] == ["meera"]


def test_a_desk_that_closes_with_nobody_waiting_says_nothing(house, small, looks):
    house.now = GAP_BEGINS
    looks()
    house.pay()
    assert house.chat.notices == []


def test_after_a_gap_both_what_was_kept_and_what_came_without_an_owner_go_to_who_comes(house, small, looks):
    kept = house.hand_over(conversation_id="kept").handoff_id
    house.now = GAP_BEGINS + MINUTE
    looks()
    orphan = house.hand_over(conversation_id="in the gap").handoff_id
    assert (house.handoff(orphan).owner, house.handoff(orphan).flags) == (None, (GAP,))
    house.now = GAP_ENDS
    looks()
    house.pay()
    assert [house.handoff(one).owner for one in (kept, orphan)] == ["ravi", "ravi"]
    assert [house.handoff(one).handed_on_from for one in (kept, orphan)] == ["asha", None]
    assert "Ravi is on duty until" in notices(house, "C0LATE")[0].text


def test_one_note_tells_who_takes_over_what_is_open_and_where_the_roster_has_gaps(house, small, looks):
    for number, channel in enumerate(["whatsapp", "web"] * 6):
        house.later(seconds=10)
        house.hand_over(conversation_id=f"c-{number}", channel=channel, topic=f"topic_{number}")
    house.now = GAP_ENDS
    looks()
    house.pay()
    (said,) = notices(house, "C0LATE")
    lines = said.text.split("\n")
    assert lines[0] == "Ravi takes over from Asha until Sunday 22 November, 01:00 (whatsapp, web)."
    assert lines[1] == "12 customers wait for an answer, the longest first:"
    assert lines[2:12] == [f"• Priya, topic_{number}: waiting" for number in range(10)]
    assert lines[12] == "… and 2 more"
    assert lines[13].startswith("Nobody is on duty for whatsapp within seven days: Sun 22 Nov 01:00 to")
    assert lines[14].startswith("Nobody is on duty for web within seven days:")
    assert [person.key for person in said.tag] == ["ravi"]


def test_the_note_names_who_goes_and_masks_what_customers_said(house, looks):
    house.hand_over(topic="call +91 98765 43210")
    house.now = NIGHT
    looks()
    house.pay()
    (said,) = notices(house, "C0NIGHT")
    assert said.text.startswith("Meera takes over from Ravi until 09:00 (whatsapp, web, email).")
    assert "43210" not in said.text
    assert "within seven days" not in said.text


def test_no_note_and_no_move_where_the_same_person_goes_on(house, small, looks):
    small(DESK.replace('hours: "21:00-01:00", owners: [ravi]', 'hours: "19:00-01:00", owners: [asha]'))
    looks()
    handoff_id = house.hand_over().handoff_id
    house.now = GAP_BEGINS
    looks()
    house.pay()
    assert house.events(handoff_id).count("reassigned") == 0
    assert house.chat.notices == []


def test_a_note_that_is_late_by_a_whole_shift_is_not_posted(house, looks):
    house.hand_over()
    house.now = NIGHT
    looks()
    house.now = NIGHT + 9 * HOUR
    house.pay()
    assert notices(house, "C0NIGHT") == []


def test_at_a_change_of_the_clocks_the_shift_changes_when_the_wall_says_so(house, small, looks):
    small(DESK.replace("timezone: Asia/Kolkata", "timezone: Europe/Riga"))
    # On Sunday 28 March 2027 clocks in Riga go from 03:00 to 04:00: nine o'clock comes an hour sooner.
    house.now = datetime(2027, 3, 27, 22, 30, tzinfo=UTC)  # 00:30, in Ravi's late shift
    looks()
    handoff_id = house.hand_over().handoff_id
    house.now = datetime(2027, 3, 28, 5, 59, 59, tzinfo=UTC)
    looks()
    assert house.handoff(handoff_id).owner == "ravi"
    house.now += SECOND
    looks()
    assert house.handoff(handoff_id).owner == "asha"


def test_a_note_that_was_posted_keeps_no_word_of_a_customer(house, looks):
    house.hand_over()
    house.now = NIGHT
    looks()
    house.pay()
    (note,) = [row for row in house.all(tables.deliveries) if row.kind == "shift_note"]
    assert (note.state, note.payload) == ("settled", {})


def test_a_note_whose_answer_was_lost_is_looked_for_and_not_posted_twice(house, looks):
    house.now = NIGHT
    looks()
    house.chat.fail_after(OutcomeUnknown("remembering", "the answer was lost"))
    house.pay()
    house.later(minutes=5)
    house.pay()
    (note,) = [row for row in house.all(tables.deliveries) if row.kind == "shift_note"]
    assert (note.state, len(notices(house, "C0NIGHT"))) == ("settled", 1)
