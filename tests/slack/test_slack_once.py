"""One card, whatever happens to the answer. Faults act on real connections."""

from __future__ import annotations

from datetime import timedelta

import pytest
from slack_shop import ASHA, retry_of
from stand_ins import NOON

from bridge.roster.model import Person
from connectors.base import Once
from connectors.chat import Notice
from connectors.errors import Busy, Gone, OutcomeUnknown
from connectors.slack import earlier
from sandbox.slack.standin import SCOPES

POST = "chat.postMessage"
HISTORY = frozenset({"channels:history", "groups:history", "im:history"})


def lose_the_answer(shop, chat, card, once, *, action="reset_after"):
    shop.goes_wrong(POST, action)
    with pytest.raises(OutcomeUnknown):
        chat.post_card(card(), once)


def test_a_card_whose_answer_was_lost_is_found_by_looking(shop, chat, card, once, again):
    lose_the_answer(shop, chat, card, once)

    ref = chat.post_card(card(), again).ref

    assert [message["ts"] for message in shop.messages()] == [ref.message]
    assert shop.calls().count(POST) == 1


def test_a_card_is_found_without_being_posted(shop, chat, card, once, again):
    assert chat.find_card("C0MORNING", again) is None
    lose_the_answer(shop, chat, card, once)
    assert chat.find_card("C0MORNING", once) is None
    found = chat.find_card("C0MORNING", again)
    assert [message["ts"] for message in shop.messages()] == [found.ref.message]
    assert shop.calls().count(POST) == 1


def test_a_card_that_never_arrived_is_posted(shop, chat, card, once, again):
    lose_the_answer(shop, chat, card, once, action="reset_before")

    ref = chat.post_card(card(), again).ref

    assert [message["ts"] for message in shop.messages()] == [ref.message]


def test_the_normal_way_never_looks(shop, chat, card, once):
    chat.post_card(card(), once)

    assert [call for call in shop.calls() if call != "users.info"] == [POST]


def test_another_handoffs_card_is_not_taken_for_ours(shop, chat, card, again):
    chat.post_card(card(handoff_id="ho_2"), Once(key="dl_2"))

    ref = chat.post_card(card(), again).ref

    assert len(shop.messages()) == 2
    assert shop.messages()[1]["ts"] == ref.message


def test_an_answer_lost_late_waits_while_slack_may_still_work(shop, chat, card, again):
    shop.clock.forward(seconds=11)  # longer than the call's own timeout

    with pytest.raises(Busy) as busy:
        chat.post_card(card(), again)

    assert busy.value.retry_after == timedelta(seconds=19)
    assert busy.value.limit is None
    assert shop.messages() == []


def test_after_the_doubt_a_card_that_is_not_there_is_posted(shop, chat, card, again):
    shop.clock.forward(seconds=30)

    chat.post_card(card(), again)

    (message,) = shop.messages()
    assert "repeat" not in message["text"]


def test_fault_06_where_looking_is_refused_nothing_is_posted_for_half_a_minute(shop, chat, card, once, again):
    shop.slack.grant(SCOPES - HISTORY)
    lose_the_answer(shop, chat, card, once)
    shop.clock.forward(seconds=4)

    with pytest.raises(Busy) as busy:
        chat.post_card(card(), again)

    assert busy.value.retry_after == timedelta(seconds=26)
    assert len(shop.messages()) == 1


def test_fault_06_then_it_is_posted_again_and_says_that_it_may_repeat(shop, chat, card, once, again):
    shop.slack.grant(SCOPES - HISTORY)
    lose_the_answer(shop, chat, card, once)
    shop.clock.forward(seconds=30)

    ref = chat.post_card(card(), again).ref

    first, second = shop.messages()
    assert ref.message == second["ts"]
    assert "May repeat" in second["text"]
    assert "May repeat" in str(second["blocks"])
    assert "May repeat" not in first["text"]


@pytest.mark.parametrize("error", ["not_allowed_token_type", "unknown_method", "no_permission"])
def test_every_refusal_to_look_is_waited_out(shop, chat, card, again, error):
    body = f'{{"ok": false, "error": "{error}"}}'
    shop.goes_wrong("conversations.history", "status", status=200, body=body)

    with pytest.raises(Busy, match=error):
        chat.post_card(card(), again)

    assert shop.messages() == []


def test_a_limit_on_looking_is_waited_out(shop, chat, card, again):
    shop.goes_wrong("conversations.history", "status", status=429, retry_after="60")

    with pytest.raises(Busy) as busy:
        chat.post_card(card(), again)

    assert busy.value.retry_after == timedelta(seconds=30)


def test_a_channel_without_the_bot_cannot_be_looked_through(shop, chat, card, again):
    shop.slack.remove("C0MORNING")

    with pytest.raises(Busy, match="not_in_channel"):
        chat.post_card(card(), again)


def test_looking_goes_through_a_few_pages_and_no_more(shop, chat, card, once, again, monkeypatch):
    monkeypatch.setattr(earlier, "PAGE_LENGTH", 15)
    monkeypatch.setattr(earlier, "PAGES", 4)
    chat.post_card(card(), once)
    for number in range(40):
        shop.slack.say("C0MORNING", "U07RAVI", f"talk {number}")
    ref = chat.post_card(card(), again).ref
    assert ref.message == shop.messages()[0]["ts"]

    for number in range(40):
        shop.slack.say("C0MORNING", "U07RAVI", f"more talk {number}")
    with pytest.raises(Busy, match="too many messages"):
        chat.post_card(card(), again)


def test_what_is_older_than_the_first_try_is_not_looked_at(shop, chat, card, once):
    chat.post_card(card(), once)
    later = NOON + timedelta(minutes=10)
    shop.clock.now = later

    chat.post_card(card(), Once(key="dl_1", look_first=True, first_tried_at=later))

    assert len(shop.messages()) == 2


def test_no_connection_while_looking_is_simply_busy(chat, shop, card, again):
    shop.goes_wrong("conversations.history", "reset_before")

    with pytest.raises(Busy) as busy:
        chat.post_card(card(), again)

    assert busy.value.retry_after is None


def test_fault_26_an_archived_channel_is_gone_even_in_doubt(shop, chat, card, again):
    shop.slack.archive("C0MORNING")

    with pytest.raises(Gone, match="is_archived"):
        chat.post_card(card(), again)


def test_a_channel_that_is_not_there_is_gone_at_once_and_not_waited_for(chat, card, again):
    with pytest.raises(Gone, match="channel_not_found"):
        chat.post_card(card(channel="C0NOWHERE"), again)


def test_a_thread_line_is_found_in_its_thread(shop, chat, card, once):
    ref = chat.post_card(card(), once).ref
    line, notice = Once(key="dl_line"), Notice(text="Half the time has passed.", tag=(ASHA,))
    shop.goes_wrong(POST, "reset_after")
    with pytest.raises(OutcomeUnknown):
        chat.post_in_thread(ref, notice, line)

    reach = chat.post_in_thread(ref, notice, retry_of(line))

    (reply,) = shop.replies(ref)
    assert reach.message == reply["ts"]
    assert reach.people == {"asha"}


def test_a_line_that_is_found_reached_only_whom_it_mentions(shop, chat, card, once):
    ref = chat.post_card(card(), once).ref
    line = Once(key="dl_line")
    nobody, notice = (
        Person(key="asha", name="Asha Rao"),
        Notice(text="Half the time has passed.", tag=(ASHA,)),
    )
    shop.goes_wrong(POST, "reset_after")
    with pytest.raises(OutcomeUnknown):
        chat.post_in_thread(ref, Notice(text=notice.text, tag=(nobody,)), line)

    assert chat.post_in_thread(ref, notice, retry_of(line)).people == set()


def test_a_channel_notice_is_found_in_its_channel(shop, chat):
    line, notice = Once(key="dl_line"), Notice(text="Nobody is on duty from 17:00.")
    shop.goes_wrong(POST, "reset_after")
    with pytest.raises(OutcomeUnknown):
        chat.post_in_channel("C0ALL", notice, line)

    chat.post_in_channel("C0ALL", notice, retry_of(line))

    assert len(shop.messages("C0ALL")) == 1


def test_a_direct_message_is_found_in_its_conversation(shop, chat):
    line, notice = Once(key="dl_line"), Notice(text="Priya waits for you.")
    shop.goes_wrong(POST, "reset_after")
    with pytest.raises(OutcomeUnknown):
        chat.direct_message(ASHA, notice, line)

    reach = chat.direct_message(ASHA, notice, retry_of(line))

    (message,) = shop.messages("D007ASHA")
    assert reach.message == message["ts"]
    assert reach.people == {"asha"}
