"""What people write to the customer goes on to the bot: each message once, in order, with what is attached."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from bridge.handoffs import lifecycle
from bridge.handoffs.model import Speaker, State, Turn
from bridge.inbound.helpdesk import take_in
from bridge.inbound.history import heard
from bridge.inbound.tickets import LISTENS_ON
from bridge.store import migrate, tables
from bridge.store.migrate import migrate_back
from connectors.base import Attachment, Author, AuthorKind, HelpdeskEvent, TicketMessage, TicketState
from connectors.errors import Busy, Rejected

CALLBACK = "https://bot.example/callback"
PHOTO = Attachment(name="door.jpg", url="https://helpdesk.example/files/door.jpg")


def said(house, message_id="m1", *, kind=AuthorKind.PERSON, at=None, **parts):
    given = {"public": True, "text": f"words of {message_id}", **parts}
    author = Author(kind=kind, id="3601", name="Asha Rao")
    return TicketMessage(id=message_id, at=at or house.now, author=author, **given)


def wrote(house, *messages, ticket="1"):
    """Have messages stand on a ticket; nothing tells of them."""
    house.helpdesk.messages.setdefault(ticket, []).extend(messages)


def read_back(house, handoff_id):
    house.change(handoff_id, lambda change: change.owe("read_ticket", "helpdesk"))
    house.pay()


def told_of(house, message, *, whole=True):
    """Take in the webhook of a message on ticket 1, and do what follows."""
    event = HelpdeskEvent(event_id=f"event-{message.id}", ticket_id="1", message=message, whole=whole)
    account = house.account()
    house.database.transact(lambda tx: take_in(tx, account, "helpdesk", event, b"", house.now))


def events(house, *names):
    """Return what the bot was told, as (name, data)."""
    told = [json.loads(body) for _, _, body in house.sender.posts]
    named = [(one["type"].removeprefix("handoff."), one["data"]) for one in told]
    return [each for each in named if not names or each[0] in names]


def shown(house):
    """Return the ids of the messages that the bot was given to show, as they came."""
    return [data["message"]["id"] for _, data in events(house, "message")]


def card(house):
    return house.chat.cards["1"][-1]


@pytest.fixture
def handoff_id(house):
    found = house.hand_over(callback_url=CALLBACK).handoff_id
    house.pay()
    house.later(seconds=10)
    return found


def test_every_public_message_of_a_person_goes_to_the_bot(house, handoff_id):
    wrote(house, said(house, "m1"))
    read_back(house, handoff_id)
    house.later(minutes=5)
    wrote(house, said(house, "m2"), said(house, "m3"))
    read_back(house, handoff_id)
    assert shown(house) == ["m1", "m2", "m3"]


def test_a_message_is_told_with_its_author_its_time_and_what_is_attached(house, handoff_id):
    wrote(house, said(house, attachments=(PHOTO,)))
    read_back(house, handoff_id)
    ((_, data),) = events(house, "message")
    assert data["message"] == {
        "id": "m1",
        "author": "Asha Rao",
        "text": "words of m1",
        "at": house.now.isoformat(),
        "attachments": [{"name": "door.jpg", "url": PHOTO.url}],
    }


def test_the_answer_is_told_as_a_state_and_its_words_in_the_message_that_follows(house, handoff_id):
    told_of(house, said(house))
    house.pay()
    (answered, about_it), (following, words) = events(house, "answered", "message")
    assert (answered, following) == ("answered", "message")
    assert about_it["message"] == {"id": "m1", "author": "Asha Rao"}
    assert about_it["answered_in_window"] is True
    assert words["message"]["id"] == "m1"
    assert about_it["sequence"] < words["sequence"]


def test_a_message_that_comes_by_webhook_and_by_readings_is_told_once(house, handoff_id):
    message = said(house)
    wrote(house, message)
    told_of(house, message)
    for _ in range(2):
        read_back(house, handoff_id)
    house.change(handoff_id, lambda change: heard(change, message))
    house.pay()
    assert shown(house) == ["m1"]


def test_messages_keep_their_order_by_their_numbers(house, handoff_id):
    for number in range(1, 6):
        told_of(house, said(house, f"m{number}"))
        house.later(seconds=1)
    house.pay()
    numbers = [data["sequence"] for _, data in events(house, "message")]
    assert shown(house) == ["m1", "m2", "m3", "m4", "m5"]
    assert numbers == sorted(numbers)


def test_an_earlier_message_that_comes_to_light_later_is_the_answer_and_is_told_too(house, handoff_id):
    earlier = said(house, "m1")
    house.later(minutes=1)
    told_of(house, said(house, "m2"))
    told_of(house, earlier)
    house.pay()
    assert shown(house) == ["m2", "m1"]
    assert house.handoff(handoff_id).answered_at == earlier.at


@pytest.mark.parametrize("kind", [kind for kind in AuthorKind if kind is not AuthorKind.PERSON])
def test_what_no_person_wrote_never_crosses(house, handoff_id, kind):
    wrote(house, said(house, "m1"), said(house, "m2", kind=kind))
    read_back(house, handoff_id)
    told_of(house, said(house, "m3", kind=kind))
    house.pay()
    assert shown(house) == ["m1"]


def test_private_notes_never_cross(house, handoff_id):
    wrote(house, said(house, "m1"), said(house, "m2", public=False))
    read_back(house, handoff_id)
    told_of(house, said(house, "m3", public=False), whole=False)
    house.pay()
    assert shown(house) == ["m1"]


def test_what_was_written_before_the_ask_does_not_cross(house, handoff_id):
    wrote(house, said(house, at=house.now - timedelta(minutes=5)), said(house, "m2"))
    read_back(house, handoff_id)
    assert shown(house) == ["m2"]


def test_what_was_written_on_the_other_ticket_before_a_merge_does_not_cross(house, handoff_id):
    house.hand_over(conversation_id="wa-2")
    house.pay()
    wrote(house, said(house, "m1"), ticket="2")
    house.later(seconds=5)
    merged_at = house.now
    ref = house.helpdesk.ref("2")
    moved = type(ref)(connection=ref.connection, id=ref.id, url=ref.url, since=merged_at)
    house.change(handoff_id, lambda change: lifecycle.moved(change, moved))
    wrote(house, said(house, "m2"), ticket="2")
    read_back(house, handoff_id)
    assert shown(house) == ["m2"]


def test_the_answer_counts_as_delivered_when_its_words_are(house, handoff_id):
    told_of(house, said(house))
    house.sender.answers = [200, 500]
    house.pay()
    assert house.handoff(handoff_id).delivered_at is None
    house.later(seconds=6)
    house.pay()
    assert house.handoff(handoff_id).delivered_at == house.now
    assert house.events(handoff_id).count("answer_relayed") == 1


def test_a_later_message_does_not_make_the_answer_delivered(house, handoff_id):
    told_of(house, said(house, "m1"))
    house.later(minutes=1)
    told_of(house, said(house, "m2"))
    house.sender.answers = [200, 500, 200]
    house.pay()
    assert shown(house) == ["m1", "m2"]
    assert house.handoff(handoff_id).delivered_at is None


def solved(house, handoff_id):
    house.change(handoff_id, lambda change: lifecycle.resolved(change, actor="helpdesk"))
    house.pay()


@pytest.mark.parametrize(
    ("after", "crosses"), [(LISTENS_ON - timedelta(seconds=1), True), (LISTENS_ON, False)]
)
def test_a_late_reply_after_the_end_crosses_for_seven_days(house, handoff_id, after, crosses):
    told_of(house, said(house, "m1"))
    solved(house, handoff_id)
    house.now += after
    told_of(house, said(house, "m2"))
    house.pay()
    assert house.handoff(handoff_id).state is State.RESOLVED
    assert ("m2" in shown(house)) is crosses


def test_a_late_reply_that_only_a_hint_tells_of_is_read_and_crosses(house, handoff_id):
    told_of(house, said(house, "m1"))
    house.helpdesk.states["1"] = TicketState.SOLVED
    solved(house, handoff_id)
    house.later(hours=3)
    wrote(house, said(house, "m2"))
    event = HelpdeskEvent(event_id="hint", ticket_id="1")
    account = house.account()
    house.database.transact(lambda tx: take_in(tx, account, "helpdesk", event, b"", house.now))
    house.pay()
    assert shown(house) == ["m1", "m2"]


def test_after_a_withdrawal_nothing_crosses(house, handoff_id):
    told_of(house, said(house, "m1"))
    house.change(handoff_id, lambda change: lifecycle.withdraw(change, "the customer left"))
    house.later(seconds=2)
    wrote(house, said(house, "m2"))
    read_back(house, handoff_id)
    told_of(house, said(house, "m3"), whole=False)
    house.pay()
    assert shown(house) == ["m1"]


def test_after_the_conversation_was_handed_over_anew_words_cross_once(house, handoff_id):
    told_of(house, said(house, "m1"))
    house.later(minutes=5)
    second = house.hand_over(callback_url=CALLBACK).handoff_id
    house.pay()
    house.later(seconds=10)
    told_of(house, said(house, "m2"))
    house.pay()
    assert [(data["handoff_id"], data["message"]["id"]) for _, data in events(house, "message")] == [
        (handoff_id, "m1"),
        (second, "m2"),
    ]


def test_without_a_callback_address_nothing_is_relayed_and_the_event_can_be_fetched(house):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    told_of(house, said(house))
    house.pay()
    assert house.sender.posts == []
    assert card(house).undelivered is False
    assert house.events(handoff_id).count("message") == 1


def test_an_answer_that_an_older_program_has_told_whole_is_not_told_again(house, handoff_id):
    told_of(house, said(house, "m1"))
    house.pay()
    migrate_back(house.database.url, "0006")
    migrate(house.database.url)
    wrote(house, said(house, "m1"), said(house, "m2"))
    read_back(house, handoff_id)
    assert shown(house) == ["m1", "m2"]


def test_an_answer_told_whole_by_an_older_program_counts_as_delivered_when_it_is(house, handoff_id):
    """Its callback may be owed still when this program takes over, with the words in it."""
    told_of(house, said(house))
    older = {"event": "answered", "data": {"message": {"id": "m1", "author": "Asha Rao", "text": "hello"}}}
    owed = {
        row.payload["event"]: row
        for row in house.all(tables.deliveries)
        if row.kind == "callback" and row.state == "owed"
    }
    this = tables.deliveries.c.delivery_id
    whole = update(tables.deliveries).where(this == owed["answered"].delivery_id)
    whole = whole.values(payload={**owed["answered"].payload, **older})
    no_message = delete(tables.deliveries).where(this == owed["message"].delivery_id)
    house.database.transact(lambda tx: [tx.execute(statement) for statement in (whole, no_message)])
    house.pay()
    assert house.handoff(handoff_id).delivered_at == house.now


# What a webhook leaves open


def test_a_webhook_that_leaves_attachments_open_stops_the_clock_at_once(house, handoff_id):
    told_of(house, said(house), whole=False)
    assert house.handoff(handoff_id).state is State.ANSWERED
    assert {clock.state for clock in house.all(tables.clocks)} == {"cancelled"}


def test_what_a_webhook_leaves_open_is_read_before_it_is_passed_on(house, handoff_id):
    wrote(house, said(house, attachments=(PHOTO,)))
    told_of(house, said(house), whole=False)
    house.pay()
    ((_, data),) = events(house, "message")
    assert data["message"]["attachments"] == [{"name": "door.jpg", "url": PHOTO.url}]
    assert house.handoff(handoff_id).delivered_at == house.now


def test_a_webhook_of_a_message_that_was_read_already_owes_no_reading(house, handoff_id):
    wrote(house, said(house))
    read_back(house, handoff_id)
    told_of(house, said(house), whole=False)
    assert [row for row in house.all(tables.deliveries) if row.kind == "read_message"] == []


def test_a_message_that_its_ticket_does_not_show_is_passed_on_as_it_was_told(house, handoff_id):
    told_of(house, said(house), whole=False)
    house.pay()
    assert shown(house) == ["m1"]


def test_a_message_whose_ticket_may_not_be_read_is_passed_on_as_it_was_told(house, handoff_id):
    told_of(house, said(house), whole=False)
    house.helpdesk.fail_before(Rejected("helpdesk", "no such ticket"))
    house.pay()
    assert shown(house) == ["m1"]


def test_a_message_waits_no_longer_than_a_minute_for_what_is_attached(house, handoff_id):
    told_of(house, said(house), whole=False)
    for _ in range(7):
        house.helpdesk.fail_before(Busy("helpdesk", "503"))
    house.pay()
    assert shown(house) == []
    for _ in range(7):
        house.later(seconds=15)
        house.pay()
    assert shown(house) == ["m1"]


# A bot that takes no messages


def given_up(house):
    """Have the bot refuse for as long as a callback is tried."""
    house.sender.answers = [500] * 30
    for _ in range(12):
        house.pay()
        house.later(hours=25)
    house.sender.answers = []


def test_a_reply_that_the_bot_never_took_is_marked_on_the_card(house, handoff_id):
    told_of(house, said(house))
    given_up(house)
    house.pay()
    assert card(house).undelivered is True


def test_the_card_is_updated_once_for_the_mark(house, handoff_id):
    told_of(house, said(house))
    house.pay()
    told_of(house, said(house, "m2"))
    house.pay()
    before = len(house.chat.cards["1"])
    house.later(minutes=1)
    told_of(house, said(house, "m3"))
    told_of(house, said(house, "m4"))
    given_up(house)
    house.pay()
    assert len(house.chat.cards["1"]) == before + 1


def test_the_mark_goes_when_a_later_reply_is_delivered(house, handoff_id):
    told_of(house, said(house, "m1"))
    given_up(house)
    house.pay()
    told_of(house, said(house, "m2"))
    house.pay()
    assert card(house).undelivered is False


def test_no_mark_where_a_later_reply_was_taken_before_the_bot_was_given_up_on(house, handoff_id):
    told_of(house, said(house, "m1"))
    house.sender.answers = [200, *([500] * 1)]
    house.pay()
    told_of(house, said(house, "m2"))
    house.pay()
    given_up(house)
    house.pay()
    assert [row.relayed for row in house.all(tables.messages)] == ["undelivered", "delivered"]
    assert card(house).undelivered is False


def test_a_reply_to_an_address_that_is_gone_is_marked_on_the_card(house, handoff_id):
    house.sender.answers = [410]
    told_of(house, said(house, "m1"))
    house.pay()
    house.later(minutes=1)
    assert card(house).undelivered is True
    states = {
        row.payload["event"]: row.state for row in house.all(tables.deliveries) if row.kind == "callback"
    }
    assert (states["answered"], states["message"]) == ("dead", "cancelled")


# A customer who writes again


def writes(house, handoff_id, speaker=Speaker.CUSTOMER):
    turn = Turn(speaker=speaker, text="are you there?", at=house.now)
    house.change(handoff_id, lambda change: lifecycle.add_messages(change, [turn]))
    house.pay()


def calls(house):
    return [
        (place, [person.key for person in notice.tag])
        for place, notice in house.chat.notices
        if "wrote again" in notice.text
    ]


def claims(house, handoff_id):
    asha = house.account().person("asha")
    house.change(handoff_id, lambda change: lifecycle.claim(change, asha, house.now))
    house.pay()


def test_a_customer_who_writes_to_nobody_yet_is_no_news_on_the_card(house, handoff_id):
    writes(house, handoff_id)
    assert card(house).wrote_again_at is None
    assert calls(house) == []


def test_a_customer_who_writes_after_a_claim_is_shown_on_the_card_and_calls_nobody(house, handoff_id):
    claims(house, handoff_id)
    writes(house, handoff_id)
    assert card(house).wrote_again_at == house.now
    assert calls(house) == []


def test_a_customer_who_writes_after_the_answer_calls_the_owner_under_the_card(house, handoff_id):
    told_of(house, said(house))
    house.later(minutes=1)
    writes(house, handoff_id)
    owner = house.handoff(handoff_id).owner
    assert card(house).wrote_again_at == house.now
    assert calls(house) == [(f"{card(house).channel}/1", [owner])]


@pytest.mark.parametrize(("seconds", "times"), [(59, 1), (60, 2)])
def test_the_owner_is_called_again_only_after_a_minute(house, handoff_id, seconds, times):
    told_of(house, said(house))
    writes(house, handoff_id)
    house.later(seconds=seconds)
    writes(house, handoff_id)
    assert len(calls(house)) == times


def test_what_the_bot_adds_is_no_word_of_the_customer(house, handoff_id):
    told_of(house, said(house))
    writes(house, handoff_id, Speaker.BOT)
    assert card(house).wrote_again_at is None
    assert calls(house) == []


def test_the_card_forgets_it_when_a_person_has_written_since(house, handoff_id):
    told_of(house, said(house))
    house.later(minutes=1)
    writes(house, handoff_id)
    house.later(minutes=1)
    told_of(house, said(house, "m2"))
    house.pay()
    assert card(house).wrote_again_at is None


def test_a_reply_from_before_those_words_leaves_them_on_the_card(house, handoff_id):
    told_of(house, said(house))
    house.later(minutes=1)
    before = said(house, "m2")
    house.later(minutes=1)
    writes(house, handoff_id)
    told_of(house, before)
    house.pay()
    assert card(house).wrote_again_at == house.now
