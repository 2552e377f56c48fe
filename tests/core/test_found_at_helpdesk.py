"""What people did in the helpdesk beside writing: whose the ticket is, how it was rated, and tickets without a link."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from bridge.store import tables
from bridge.worker.housekeeping import owe_polls
from connectors.base import CustomerRating, Rating
from connectors.errors import Rejected


@pytest.fixture
def waiting(house):
    """A handoff of Ravi's with its ticket, at a helpdesk under whose name the desk's people carry ids."""
    house.helpdesk.vendor = "zendesk"
    receipt = house.hand_over(callback_url="https://bot.example/hook")
    house.pay()
    assert house.handoff(receipt.handoff_id).owner == "ravi"
    return receipt.handoff_id


def read(house, handoff_id):
    house.change(handoff_id, lambda change: change.owe("read_ticket", "helpdesk"))
    house.pay()


def test_who_is_assigned_in_the_helpdesk_has_the_handoff(house, waiting):
    house.helpdesk.assignees["1"] = "3601"
    read(house, waiting)

    assert house.handoff(waiting).owner == "asha"
    told = next(row for row in house.all(tables.timeline) if row.event == "reassigned")
    assert (told.actor, told.data["before"]) == ("helpdesk", "ravi")
    place, notice = house.chat.notices[-1]
    assert (place, [person.key for person in notice.tag]) == ("C0EVENING/1", ["asha"])
    assert house.chat.cards["1"][-1].owner.key == "asha"
    assert not any(change.assignee for _, change in house.helpdesk.changed)  # it is there already


def test_an_assignment_stops_no_clock_and_is_no_claim(house, waiting):
    house.helpdesk.assignees["1"] = "3601"
    read(house, waiting)

    handoff = house.handoff(waiting)
    assert (handoff.claimed_by, handoff.answered_at) == (None, None)
    assert {row.state for row in house.all(tables.clocks)} == {"armed"}


@pytest.mark.parametrize("assignee", ["3602", "9999"])
def test_the_same_owner_or_somebody_unknown_changes_nothing(house, waiting, assignee):
    house.helpdesk.assignees["1"] = assignee
    read(house, waiting)

    assert house.handoff(waiting).owner == "ravi"
    assert "reassigned" not in house.events(waiting)


def test_an_assignment_that_we_still_owe_is_not_undone_by_reading(house, waiting):
    house.helpdesk.assignees["1"] = "3602"
    house.change(waiting, lambda change: change.owe("read_ticket", "helpdesk"))
    asha = house.account().person("asha")
    house.change(waiting, lambda change: change.become(owner=asha.key))
    house.change(
        waiting, lambda change: change.owe("update_ticket", "helpdesk", payload={"assignee": "asha"})
    )
    house.pay()

    assert house.handoff(waiting).owner == "asha"


def test_a_ticket_whose_assignment_was_refused_does_not_take_the_owner_away(house, waiting):
    house.change(waiting, lambda change: change.become(flags=("misrouted",)))
    house.helpdesk.assignees["1"] = "3603"
    read(house, waiting)

    assert house.handoff(waiting).owner == "ravi"


def test_on_a_gap_the_lead_keeps_the_ticket_and_owns_nothing(house, waiting):
    house.change(waiting, lambda change: change.become(owner=None))
    house.helpdesk.assignees["1"] = "3603"
    read(house, waiting)

    assert house.handoff(waiting).owner is None


def test_the_customers_rating_is_kept_and_the_newest_counts(house, waiting):
    for rating in (Rating.BAD, Rating.BAD, Rating.GOOD):
        house.helpdesk.ratings["1"] = CustomerRating(rating=rating, words="thanks")
        read(house, waiting)

    assert house.handoff(waiting).rating == "good"
    rated = [row.data["rating"] for row in house.all(tables.timeline) if row.event == "customer_rated"]
    assert rated == ["bad", "good"]


def test_a_ticket_that_carries_our_mark_and_no_handoff_knows_is_adopted(house):
    house.helpdesk.fail_after(Rejected("helpdesk", "refused for good, and made all the same"))
    receipt = house.hand_over()
    house.pay()
    assert house.handoff(receipt.handoff_id).ticket is None

    owe_polls(house.database, house.connectors, house.now)
    house.pay()

    assert house.handoff(receipt.handoff_id).ticket.id == "1"
    assert len(house.helpdesk.tickets) == 1


def test_a_ticket_that_is_still_being_opened_is_left_to_its_opening(house):
    receipt = house.hand_over()
    house.pay()
    house.change(receipt.handoff_id, lambda change: change.become(ticket=None))
    house.database.transact(
        lambda tx: tx.execute(
            update(tables.deliveries)
            .where(tables.deliveries.c.kind == "open_ticket")
            .values(state="unknown", not_before=house.now.replace(year=2100))
        )
    )
    owe_polls(house.database, house.connectors, house.now)
    house.pay()

    assert house.handoff(receipt.handoff_id).ticket is None
