"""A person's words from the chat stand on the ticket once, under their name, and are told back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.roster.model import Person
from connectors.base import AuthorKind, Comment, Once
from connectors.errors import OutcomeUnknown, Rejected
from sandbox.zendesk.seed import BRIDGE_ID

UPDATE = "PUT /api/v2/tickets/*"
ASHA = Person(key="asha", name="Asha Rao", email="asha@shop.example", ids={"zendesk": "3601"})
WORDS = "It is at no. 7.\nShe said <b>thanks</b>; {{ticket.requester.email}} stays as typed."


@pytest.fixture
def ref(helpdesk, draft):
    return helpdesk.open_ticket(draft(), Once(key="dlv_open")).ref


@pytest.fixture
def reply(change):
    return change(comment=Comment(author=ASHA, text=WORDS, public=True))


def test_an_answer_is_public_and_the_persons_own(desk, helpdesk, ref, reply, once):
    outcome = helpdesk.update_ticket(ref, reply, once)

    comment = desk.comments(ref.id)[-1]
    assert (comment["author_id"], comment["public"]) == (3601, True)
    assert "<b>" not in comment["html_body"]
    assert "{{" not in comment["html_body"]
    assert outcome.said.id == str(comment["id"])
    assert (outcome.said.author.kind, outcome.said.author.name) == (AuthorKind.PERSON, "Asha Rao")
    assert (outcome.said.text, outcome.said.public) == (WORDS, True)


def test_reading_back_tells_the_same_message(helpdesk, ref, reply, once):
    said = helpdesk.update_ticket(ref, reply, once).said

    told = next(one for one in helpdesk.history(ref).messages if one.id == said.id)
    assert (told.at, told.author.kind, told.public) == (said.at, AuthorKind.PERSON, True)


def test_a_private_note_is_the_persons_own(desk, helpdesk, ref, change, once):
    helpdesk.update_ticket(ref, change(comment=Comment(author=ASHA, text="Called.", public=False)), once)

    comment = desk.comments(ref.id)[-1]
    assert (comment["author_id"], comment["public"]) == (3601, False)


def test_an_answer_lost_on_the_way_is_found_and_not_said_twice(desk, helpdesk, ref, reply, once):
    desk.goes_wrong(UPDATE, "reset_after")
    with pytest.raises(OutcomeUnknown):
        helpdesk.update_ticket(ref, reply, once)

    outcome = helpdesk.update_ticket(ref, reply, replace(once, look_first=True))

    comments = [one for one in desk.comments(ref.id) if one["author_id"] == 3601]
    assert [str(one["id"]) for one in comments] == [outcome.said.id]
    assert outcome.found


def test_a_closed_ticket_goes_on_in_a_follow_up_under_the_persons_name(desk, helpdesk, ref, reply, once):
    desk.zendesk.store.ticket(int(ref.id))["status"] = "closed"

    outcome = helpdesk.update_ticket(ref, reply, once)

    assert outcome.ref.id != ref.id
    comment = desk.comments(outcome.ref.id)[-1]
    assert (comment["author_id"], comment["public"]) == (3601, True)
    assert outcome.said.id == str(comment["id"])


def test_somebody_without_a_zendesk_user_is_told_so(desk, helpdesk, ref, change, once):
    stranger = Person(key="zoe", name="Zoe")
    with pytest.raises(Rejected, match="Zoe has no Zendesk user id in the desk"):
        helpdesk.update_ticket(ref, change(comment=Comment(author=stranger, text="x", public=True)), once)
    assert [one["author_id"] for one in desk.comments(ref.id)] == [BRIDGE_ID]


def test_words_that_zendesk_would_cut_are_refused_whole(desk, helpdesk, ref, change, once):
    long = Comment(author=ASHA, text="ज" * 25_000, public=True)
    with pytest.raises(Rejected, match="too long"):
        helpdesk.update_ticket(ref, change(comment=long), once)
    assert len(desk.comments(ref.id)) == 1
