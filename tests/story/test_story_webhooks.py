"""An answer on the ticket is known once, whatever becomes of the webhook that tells of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from running_shop import ASHA, POLLS, RAVI


def test_an_answer_is_known_by_its_webhook_and_reaches_the_customer_once(database_url, open_shop):
    shop = open_shop(database_url)
    handoff = shop.hand_over()
    shop.sandbox.reply("zendesk", str(shop.ticket(handoff)), ASHA, "It is on its way.", public=True)
    assert shop.answered(handoff)["answered_by"] == "Asha Rao"
    shop.quiet()
    assert [told["message"]["text"] for told in shop.told("message")] == ["It is on its way."]
    assert shop.card_says(handoff, "Answered")


def test_an_answer_whose_webhook_was_dropped_is_found_by_polling(polling_shop):
    shop = polling_shop
    handoff = shop.hand_over()
    shop.sandbox.reply("zendesk", str(shop.ticket(handoff)), ASHA, "It is on its way.", public=True)
    assert shop.answered(handoff)["answered_by"] == "Asha Rao"
    shop.quiet()
    assert set(shop.answers("zendesk", "WEBHOOK *")) == {None}
    assert [told["message"]["text"] for told in shop.told("message")] == ["It is on its way."]


def test_a_webhook_that_comes_twice_is_one_answer(shop):
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.quiet()
    shop.goes_wrong("zendesk", "WEBHOOK *", "duplicate")
    shop.sandbox.reply("zendesk", str(ticket), ASHA, "It is on its way.", public=True)
    shop.quiet()
    assert shop.answers("zendesk", "WEBHOOK *")[-2:] == [200, 200]
    assert len(shop.events(handoff, "answered", "answer_corrected")) == 1
    assert len(shop.told("answered")) == len(shop.told("message")) == 1


def test_a_webhook_whose_answer_was_lost_is_sent_again_and_is_one_answer(shop):
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.quiet()
    shop.goes_wrong("zendesk", "WEBHOOK *", "status", status=503, retry_after="1")
    shop.sandbox.reply("zendesk", str(ticket), ASHA, "It is on its way.", public=True)
    shop.quiet()
    assert shop.answers("zendesk", "WEBHOOK *")[-2:] == [503, 200]
    assert len(shop.told("answered")) == len(shop.told("message")) == 1


def test_fault_48_of_two_answers_whose_webhooks_come_in_the_wrong_order_the_earlier_counts(shop):
    """Two answers are told in the wrong order: the one that was written first counts, by its own time."""
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.quiet()
    shop.goes_wrong("zendesk", "WEBHOOK *", "hold")
    shop.sandbox.reply("zendesk", str(ticket), ASHA, "I am looking into it.", public=True)
    later = datetime.now(UTC) + timedelta(seconds=1.1)
    shop.until("another second", lambda: datetime.now(UTC) > later)
    shop.sandbox.reply("zendesk", str(ticket), RAVI, "It is on its way.", public=True)
    shop.quiet()
    answered = shop.look(handoff)
    first, corrected = shop.events(handoff, "answered", "answer_corrected")
    assert (first.actor, corrected.actor) == ("Ravi Iyer", "Asha Rao")
    assert answered["answered_by"] == "Asha Rao"
    assert datetime.fromisoformat(answered["answered_at"]) < first.at
    assert len(shop.told("answered")) == 1
    shown = {told["message"]["text"] for told in shop.told("message")}
    assert (shown, len(shop.told("message"))) == ({"I am looking into it.", "It is on its way."}, 2)


def test_fault_48_a_late_webhook_of_an_answer_that_was_polled_already_changes_nothing(sqlite_url, open_shop):
    """A webhook comes long after the polling has found its answer: nothing changes."""
    shop = open_shop(sqlite_url, poll_every=POLLS)
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.quiet()
    shop.goes_wrong("zendesk", "WEBHOOK *", "delay", seconds=4)
    shop.sandbox.reply("zendesk", str(ticket), ASHA, "It is on its way.", public=True)
    polled = shop.answered(handoff)
    assert shop.answers("zendesk", "WEBHOOK *") == [200]
    shop.quiet()
    assert shop.answers("zendesk", "WEBHOOK *") == [200, 200]
    assert shop.look(handoff)["answered_at"] == polled["answered_at"]
    assert len(shop.events(handoff, "answered", "answer_corrected")) == 1


def test_an_answer_that_is_read_back_in_whole_seconds_is_not_corrected_by_a_fraction(sqlite_url, open_shop):
    shop = open_shop(sqlite_url, poll_every=POLLS)
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.quiet()
    shop.sandbox.reply("zendesk", str(ticket), ASHA, "It is on its way.", public=True)
    told = shop.answered(handoff)["answered_at"]
    read = len(shop.answers("zendesk", "GET */audits*"))
    shop.until("the ticket read back", lambda: len(shop.answers("zendesk", "GET */audits*")) > read)
    shop.quiet()
    assert shop.look(handoff)["answered_at"] == told
    assert shop.events(handoff, "answer_corrected") == []
