"""A bridge that is stopped with calls owed, and another that is started on its store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from running_shop import ASHA, POLLS

TICKETS = "POST /api/v2/tickets*"


def test_what_one_bridge_owed_the_next_one_pays(database_url, open_shop):
    shop = open_shop(database_url)
    shop.goes_wrong("zendesk", TICKETS, "status", times=1000, status=503)
    handoffs = [shop.hand_over() for _ in range(3)]
    shop.until("attempts", lambda: 503 in shop.answers("zendesk", TICKETS))
    shop.close()
    assert shop.tickets() == []
    shop.sandbox.script.clear()
    shop.open()
    for handoff in handoffs:
        shop.ticket(handoff)
        shop.card(handoff)
    shop.quiet()
    assert len(shop.tickets()) == 3
    assert [len(shop.cards(handoff)) for handoff in handoffs] == [1, 1, 1]
    assert sorted(told["handoff_id"] for told in shop.told("ticketed")) == sorted(handoffs)


def test_a_bridge_that_is_told_to_stop_finishes_the_call_it_has_begun(shop):
    shop.goes_wrong("zendesk", TICKETS, "delay", seconds=1)
    handoff = shop.hand_over()
    shop.until("the call", lambda: shop.sandbox.script.left() == ())
    shop.close()
    assert len(shop.tickets()) == 1
    shop.open()
    assert shop.look(handoff)["ticket"]["id"] == shop.tickets()[0]["id"]
    shop.quiet()
    assert shop.answers("zendesk", TICKETS) == [201]


def test_an_answer_given_while_no_bridge_ran_is_found_by_the_next_one(sqlite_url, open_shop):
    shop = open_shop(sqlite_url, poll_every=POLLS)
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.quiet()
    shop.close()
    shop.helpdesk.reply(ticket, int(ASHA), "It is on its way.", public=True)
    shop.open()
    assert shop.answered(handoff)["answered_by"] == "Asha Rao"
    shop.quiet()
    assert len(shop.told("answered")) == 1


def test_rungs_that_fell_due_while_no_bridge_ran_are_fired_at_once_and_once(database_url, open_shop):
    shop = open_shop(database_url, minutes=1 / 60)
    handoff = shop.hand_over(asked_at=None)
    end_of_ladder = datetime.now(UTC) + timedelta(seconds=2)
    shop.close()
    shop.until("the end of the ladder", lambda: datetime.now(UTC) > end_of_ladder)
    shop.open()
    shop.until("the ladder", lambda: len(shop.events(handoff, "escalated")) == 4)
    shop.quiet()
    rungs = shop.events(handoff, "escalated")
    assert [event.data["rung"] for event in rungs] == [1, 2, 3, 4]
    assert all(event.data["late_ms"] >= 0 for event in rungs)
    assert len(shop.events(handoff, "breached")) == 1
    assert len(shop.thread(handoff)) == 5
    assert next(ticket["group"] for ticket in shop.tickets()) == "Escalations"
