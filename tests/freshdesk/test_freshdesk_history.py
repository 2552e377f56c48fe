"""Reading a ticket back: who said what, and what of it is a person's public message."""

from __future__ import annotations

import pytest
from freshdesk_account import HANDOFF

from connectors.base import AuthorKind, TicketState
from connectors.errors import Busy
from connectors.mapping import shipped_mapping
from sandbox.freshdesk.store import REPLY


def answers(history):
    """Return what stops the response clock."""
    return [m.text for m in history.messages if m.public and m.author.kind is AuthorKind.PERSON]


def last(helpdesk, ref):
    return helpdesk.history(ref).messages[-1]


def test_a_public_reply_of_an_agent_is_a_persons_answer(helpdesk, account, opened, clock):
    clock.forward(seconds=90)
    account.freshdesk.reply(int(opened.id), 4601, "Hello Priya,\nwe refund it & more")
    message = last(helpdesk, opened)
    assert (message.author.kind, message.author.id, message.author.name) == (
        AuthorKind.PERSON,
        "4601",
        "Asha Rao",
    )
    assert (message.public, message.at) == (True, clock())
    assert message.text == "Hello Priya,\nwe refund it & more"


@pytest.mark.parametrize(
    "happens",
    [
        lambda desk, ticket: desk.reply(ticket, 4601, "for colleagues", public=False),
        lambda desk, ticket: desk.public_note(ticket, 4601, "seen in the portal only"),
        lambda desk, ticket: desk.customer_writes(ticket, "hello?"),
        lambda desk, ticket: desk.survey_answer(ticket, "bad"),
        lambda desk, ticket: desk.rule_replies(ticket, "we got your request"),
        lambda desk, ticket: desk.reply(ticket, 4600, "by the bridge"),
        lambda desk, ticket: desk.set_status(ticket, 3),
        lambda desk, ticket: desk.assign(ticket, 4602),
    ],
)
def test_nothing_but_a_persons_reply_is_an_answer(helpdesk, account, opened, happens):
    happens(account.freshdesk, int(opened.id))
    assert answers(helpdesk.history(opened)) == []


@pytest.mark.parametrize(
    ("happens", "kind", "public"),
    [
        (lambda desk, ticket: desk.customer_writes(ticket, "hello?"), AuthorKind.CUSTOMER, True),
        (lambda desk, ticket: desk.survey_answer(ticket, "bad"), AuthorKind.RULE, True),
        (lambda desk, ticket: desk.rule_replies(ticket, "soon"), AuthorKind.RULE, True),
        (lambda desk, ticket: desk.reply(ticket, 4600, "ours"), AuthorKind.BRIDGE, True),
        (lambda desk, ticket: desk.reply(ticket, 4602, "hm", public=False), AuthorKind.PERSON, False),
    ],
)
def test_each_author_is_told_apart(helpdesk, account, opened, happens, kind, public):
    happens(account.freshdesk, int(opened.id))
    message = last(helpdesk, opened)
    assert (message.author.kind, message.public) == (kind, public)


def test_fault_50_a_bot_with_a_seat_is_no_person(connect, account, opened, tmp_path):
    """A bot with an agent's seat replies at Freshdesk: it is known by its id, and its reply is no answer."""
    own = tmp_path / "freshdesk.yaml"
    own.write_text("not_people: [4602]")
    account.freshdesk.reply(int(opened.id), 4602, "beep")
    helpdesk = connect(mapping=shipped_mapping("freshdesk", own))
    assert last(helpdesk, opened).author.kind is AuthorKind.BOT


def test_fault_50_an_agents_out_of_office_mail_is_no_person(helpdesk, account, opened):
    """An agent's out-of-office mail, which Freshdesk marks by its headers, stands on the ticket: no answer."""
    account.freshdesk.store.say(int(opened.id), 4601, "I am away", kind=REPLY, auto_response=True)
    assert last(helpdesk, opened).author.kind is AuthorKind.RULE
    assert answers(helpdesk.history(opened)) == []


def test_somebody_who_is_no_agent_is_no_person(helpdesk, account, opened):
    del account.freshdesk.store.agents[4603]
    account.freshdesk.store.say(int(opened.id), 4603, "left long ago", kind=(0, 3))
    assert last(helpdesk, opened).author.kind is AuthorKind.RULE


def test_a_new_agent_is_known_within_a_minute(helpdesk, account, opened, clock):
    account.freshdesk.reply(int(opened.id), 4601, "first")
    helpdesk.history(opened)
    account.freshdesk.store.agents[4605] = account.freshdesk.store.agents[4601] | {"id": 4605}
    account.freshdesk.reply(int(opened.id), 4605, "second")
    assert answers(helpdesk.history(opened)) == ["first"]
    clock.forward(seconds=61)
    assert answers(helpdesk.history(opened)) == ["first", "second"]


def test_agents_and_our_own_user_are_asked_for_once(helpdesk, account, opened):
    account.freshdesk.reply(int(opened.id), 4601, "hello")
    for _ in range(3):
        helpdesk.history(opened)
    assert account.calls().count("GET agents") == 1
    assert account.calls().count("GET agents/me") == 1


def test_conversations_beyond_a_page_are_read(helpdesk, account, opened):
    for number in range(120):
        account.freshdesk.reply(int(opened.id), 4601, f"answer {number}")
    assert len(answers(helpdesk.history(opened))) == 120


@pytest.mark.parametrize(
    ("status", "state"),
    [(2, TicketState.OPEN), (3, TicketState.OPEN), (4, TicketState.SOLVED), (5, TicketState.SOLVED)],
)
def test_a_status_says_whether_the_work_is_done(helpdesk, account, opened, status, state):
    account.freshdesk.set_status(int(opened.id), status)
    assert helpdesk.history(opened).state is state


@pytest.mark.parametrize("spam", [True, False])
def test_fault_25_deleted_and_spam_are_told(helpdesk, account, opened, spam):
    account.freshdesk.delete(int(opened.id), spam=spam)
    assert helpdesk.history(opened).state is TicketState.DELETED


def test_a_ticket_that_is_nowhere_is_deleted(helpdesk, account, opened):
    account.freshdesk.store.tickets.clear()
    assert helpdesk.history(opened).state is TicketState.DELETED


def test_a_page_of_html_with_404_deletes_no_ticket(helpdesk, account, opened):
    account.goes_wrong("GET tickets/*", "html", status=404)
    with pytest.raises(Busy):
        helpdesk.history(opened)


def test_the_history_names_handoff_owner_and_time(helpdesk, account, opened, clock):
    clock.forward(seconds=30)
    account.freshdesk.assign(int(opened.id), 4602)
    history = helpdesk.history(opened)
    assert (history.ref, history.handoff_id, history.assignee_id) == (opened, HANDOFF, "4602")
    assert history.updated_at == clock()


def test_fault_24_a_merged_ticket_is_followed(helpdesk, account, opened, clock):
    desk = account.freshdesk
    target = desk.new_ticket("Charged twice", "priya@customer.example", "Hello?")
    desk.reply(target, 4602, "before the merge")
    clock.forward(seconds=60)
    desk.merge(int(opened.id), target)
    desk.reply(target, 4601, "after the merge")
    history = helpdesk.history(opened)
    assert (history.ref.id, history.handoff_id) == (str(target), HANDOFF)
    assert answers(history) == ["after the merge"]


def test_a_customer_cannot_say_the_ticket_was_merged(helpdesk, account, opened):
    account.freshdesk.customer_writes(int(opened.id), "This ticket is closed and merged into ticket 1")
    account.freshdesk.set_status(int(opened.id), 5)
    assert helpdesk.history(opened).ref == opened


def test_the_account_is_asked_for_no_costly_includes(helpdesk, account, opened):
    account.journal.clear()
    helpdesk.history(opened)
    assert account.calls() == [
        f"GET tickets/{opened.id}",
        f"GET tickets/{opened.id}/conversations",
        "GET agents/me",
    ]


def test_a_key_that_may_not_list_agents_reads_them_off_the_form(helpdesk, account, opened):
    account.goes_wrong("GET agents", "status", status=403)
    account.freshdesk.reply(int(opened.id), 4603, "hello")
    assert last(helpdesk, opened).author.name == "Meera Shah"


def test_what_an_agent_attaches_is_told_by_name_and_address(helpdesk, account, opened):
    account.freshdesk.reply(int(opened.id), 4601, "Is this your door?", files=["door.jpg"])
    (told,) = last(helpdesk, opened).attachments
    assert (told.name, told.url) == ("door.jpg", "https://shop.freshdesk.example/attachments/1/door.jpg")


@pytest.mark.parametrize("attached", [None, [], ["door.jpg"], [{"name": "door.jpg"}]])
def test_an_attachment_without_an_address_is_left_out(helpdesk, account, opened, attached):
    account.freshdesk.reply(int(opened.id), 4601, "Is this your door?")
    account.freshdesk.store.conversations[int(opened.id)][-1]["attachments"] = attached
    assert last(helpdesk, opened).attachments == ()
