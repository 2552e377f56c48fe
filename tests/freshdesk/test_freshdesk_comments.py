"""A person's words from the chat stand on the ticket once, under their name, and are told back."""

from __future__ import annotations

import pytest
from freshdesk_account import ASHA, HANDOFF

from bridge.roster.model import Person
from connectors.base import AuthorKind, Comment, Once, TicketChange
from connectors.errors import OutcomeUnknown, Rejected

FIRST = Once(key="dl_2")
WORDS = "It is at no. 7.\nShe said <b>thanks</b>; {{ticket.requester.email}} stays as typed."
REPLY = TicketChange(handoff_id=HANDOFF, comment=Comment(author=ASHA, text=WORDS, public=True))
NOTE = TicketChange(handoff_id=HANDOFF, comment=Comment(author=ASHA, text="Called.", public=False))


def by_asha(account):
    return [
        row
        for rows in account.freshdesk.store.conversations.values()
        for row in rows
        if row["user_id"] == 4601
    ]


def again(account):
    return Once(key="dl_2", look_first=True, first_tried_at=account.clock())


def test_an_answer_is_a_reply_of_the_persons_own(helpdesk, account, opened):
    outcome = helpdesk.update_ticket(opened, REPLY, FIRST)

    (row,) = by_asha(account)
    assert (row["private"], row["source"]) == (False, 0)
    assert "<b>" not in row["body"]
    assert "{{" not in row["body"]
    assert (outcome.said.id, outcome.said.text, outcome.said.public) == (str(row["id"]), WORDS, True)
    assert outcome.said.author.kind is AuthorKind.PERSON


def test_reading_back_tells_the_same_message(helpdesk, opened):
    said = helpdesk.update_ticket(opened, REPLY, FIRST).said

    told = next(one for one in helpdesk.history(opened).messages if one.id == said.id)
    assert (told.at, told.author.kind, told.public) == (said.at, AuthorKind.PERSON, True)


def test_a_private_note_is_the_persons_own(helpdesk, account, opened):
    helpdesk.update_ticket(opened, NOTE, FIRST)

    (row,) = by_asha(account)
    assert row["private"] is True


@pytest.mark.parametrize(
    ("change", "call"), [(REPLY, "POST tickets/*/reply"), (NOTE, "POST tickets/*/notes")]
)
def test_words_whose_answer_was_lost_are_found_and_not_said_twice(helpdesk, account, opened, change, call):
    account.goes_wrong(call, "reset_after")
    with pytest.raises(OutcomeUnknown):
        helpdesk.update_ticket(opened, change, FIRST)

    outcome = helpdesk.update_ticket(opened, change, again(account))

    assert [str(row["id"]) for row in by_asha(account)] == [outcome.said.id]


def test_the_same_words_of_an_earlier_day_are_not_taken_for_these(helpdesk, account, opened):
    helpdesk.update_ticket(opened, REPLY, FIRST)
    account.clock.forward(days=1)

    helpdesk.update_ticket(opened, REPLY, again(account))

    assert len(by_asha(account)) == 2


def test_somebody_without_a_freshdesk_agent_is_told_so(helpdesk, account, opened):
    zoe = Comment(author=Person(key="zoe", name="Zoe"), text="x", public=True)
    with pytest.raises(Rejected, match="Zoe has no Freshdesk agent id in the desk"):
        helpdesk.update_ticket(opened, TicketChange(handoff_id=HANDOFF, comment=zoe), FIRST)
    assert by_asha(account) == []
