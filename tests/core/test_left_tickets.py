"""A ticket that an agent merges into another: what was said on either, and whose answer it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.handoffs import lifecycle
from bridge.worker.housekeeping import owe_polls
from connectors.base import Author, AuthorKind, TicketHistory, TicketMessage, TicketOutcome, TicketState
from connectors.merges import Chapter, Merge, whole_history
from connectors.remembering import RememberingHelpdesk


class MergingHelpdesk(RememberingHelpdesk):
    """Follows merges as the connectors do; changes of a merged ticket are made in the other one."""

    def __init__(self) -> None:
        super().__init__()
        self.merges: dict[str, Merge] = {}

    def update_ticket(self, ref, change, once) -> TicketOutcome:
        merge = self.merges.get(ref.id)
        place = replace(self.ref(merge.into), since=merge.at) if merge else ref
        return super().update_ticket(place, change, once)

    def history(self, ref) -> TicketHistory:
        return whole_history(ref.id, self._chapter, self.ref)

    def _chapter(self, ticket_id, after) -> Chapter:
        said = tuple(one for one in self.messages.get(ticket_id, ()) if after is None or one.at >= after)
        told = TicketHistory(ref=self.ref(ticket_id), state=TicketState.OPEN, messages=said)
        return Chapter(told=told, merge=self.merges.get(ticket_id))


@pytest.fixture
def merging(house):
    """Return two handoffs with tickets 1 and 2 of a helpdesk in which tickets can be merged."""
    house.helpdesk = house.connectors.helpdesks["helpdesk"] = MergingHelpdesk()
    first = house.hand_over(conversation_id="wa-1").handoff_id
    house.pay()
    second = house.hand_over(conversation_id="wa-2").handoff_id
    house.pay()
    return first, second


def wrote(house, ticket_id):
    """Have a person write on a ticket now, of which no webhook tells; a second passes."""
    author = Author(kind=AuthorKind.PERSON, id="3601", name="Asha Rao")
    said = TicketMessage(id="m1", at=house.now, author=author, public=True, text="On its way.")
    house.helpdesk.messages[ticket_id] = [said]
    house.later(seconds=1)
    return said.at


def merged_and_changed(house, handoff_id):
    """Merge ticket 1 into 2, and learn of it by a change that we make; a reading is owed behind that."""
    house.helpdesk.merges["1"] = Merge("2", house.now)

    def both(change):
        lifecycle.change_ticket(change, priority="urgent")
        change.owe("read_ticket", "helpdesk")

    house.change(handoff_id, both)
    house.pay()
    assert house.handoff(handoff_id).ticket.id == "2"


def test_fault_24_what_was_written_before_the_merge_counts_though_a_change_of_ours_found_the_merge(
    house, merging
):
    at = wrote(house, "1")
    merged_and_changed(house, merging[0])
    assert house.handoff(merging[0]).answered_at == at


def test_fault_24_what_was_written_to_the_other_customer_before_the_merge_is_no_answer(house, merging):
    wrote(house, "2")
    merged_and_changed(house, merging[0])
    owe_polls(house.database, house.connectors, house.now)
    house.pay()
    assert [house.handoff(each).answered_at is None for each in merging] == [True, False]


def test_fault_24_what_is_written_after_the_merge_answers_both(house, merging):
    merged_and_changed(house, merging[0])
    house.later(seconds=1)
    at = wrote(house, "2")
    owe_polls(house.database, house.connectors, house.now)
    house.pay()
    assert [house.handoff(each).answered_at for each in merging] == [at, at]
