"""A message of the chat becomes a handoff, and a link to a handoff shows how it stands: to people of the desk."""

from __future__ import annotations

import pytest
from surface_house import PUBLIC_URL, Surfaced

from bridge.handoffs.model import TriggerKind
from bridge.store import tables
from bridge.worker.housekeeping import load_desk_file
from connectors.chat import Action
from connectors.errors import AccessDenied


@pytest.fixture
def chat(house):
    return Surfaced(house)


@pytest.fixture
def by_email(house, desk_file, chat):
    """Asha is known by her e-mail alone."""
    desk_file.write_text(desk_file.read_text().replace("    slack: U07ASHA\n", ""))
    load_desk_file(house.database, house.accounts, desk_file, house.now)
    house.chat.emails["U07ASHA"] = "asha@shop.example"
    return chat


def hand_off(house, chat, **entered):
    given = {"channel": "web", "wants": "a refund", "name": "Priya", "email": "priya@customer.example"}
    return chat.send_off(**{**given, **entered})


def test_a_picked_message_opens_a_dialog_that_holds_it(house, chat):
    chat.pick("Where is my parcel?")
    house.pay()

    ((trigger, dialog),) = house.chat.dialogs
    fields = {field.name: field for field in dialog.fields}
    assert (trigger, dialog.action) == ("trigger", Action.HAND_OFF)
    assert fields["wants"].initial == "Where is my parcel?"
    assert [choice.value for choice in fields["channel"].choices] == ["whatsapp", "web", "email"]
    assert house.all(tables.handoffs) == []


def test_what_is_sent_off_is_a_handoff_as_a_bot_s(house, chat):
    chat.pick("Where is my parcel?")
    house.pay()
    hand_off(house, chat)
    house.pay()

    (row,) = house.all(tables.handoffs)
    handoff = house.handoff(row.handoff_id)
    context = handoff.context
    assert (context.conversation_id, context.channel) == ("slack:T0SHOP:C0TALK:1.2", "web")
    assert (context.trigger.kind, context.trigger.code) == (TriggerKind.ASKED, "slack_shortcut")
    assert (context.customer.name, context.customer.email) == ("Priya", "priya@customer.example")
    assert (handoff.owner, handoff.summary.wants) == ("ravi", "a refund")
    assert handoff.ticket
    actors = {row.event: row.actor for row in house.all(tables.timeline)}
    assert actors["handed_off_by"] == "asha"


def test_the_asker_is_told_where_the_card_stands(house, chat):
    chat.pick("Where is my parcel?")
    house.pay()
    hand_off(house, chat)
    house.pay()
    assert chat.alone() == []
    house.later(seconds=6)
    house.pay()
    chat.pay(seconds=2)

    (notice,) = (notice for place, notice in house.chat.notices if place == "@U07ASHA")
    assert notice.text.startswith("Handed off: Ravi has it. An answer is due by Sat 21 Nov")
    assert notice.link == "https://chat.example/C0EVENING/1"


def test_the_asker_is_told_though_no_card_comes(house, chat):
    chat.pick("Where is my parcel?")
    house.pay()
    hand_off(house, chat)
    house.change(house.all(tables.handoffs)[0].handoff_id, lambda change: change.become(card=None))
    for row in house.all(tables.deliveries):
        if row.kind == "post_card":
            house.database.transact(
                lambda tx, row=row: tx.execute(
                    tables.deliveries.update()
                    .where(tables.deliveries.c.delivery_id == row.delivery_id)
                    .values(state="dead")
                )
            )
    for _ in range(40):
        chat.pay(seconds=2)

    (notice,) = (notice for place, notice in house.chat.notices if place == "@U07ASHA")
    assert notice.link is None


def test_the_same_message_picked_twice_is_one_handoff(house, chat):
    for _ in range(2):
        chat.pick("Where is my parcel?")
        house.pay()
        hand_off(house, chat)

    assert len(house.all(tables.handoffs)) == 1


def test_another_message_is_another_handoff(house, chat):
    for ts in ("1.2", "1.3"):
        chat.pick("Where is my parcel?", ts=ts)
        house.pay()
        hand_off(house, chat)

    assert len(house.all(tables.handoffs)) == 2


@pytest.mark.parametrize(
    ("entered", "field"),
    [({"channel": "fax"}, "channel"), ({"wants": " "}, "wants"), ({"email": "priya"}, "email")],
)
def test_what_is_entered_wrong_is_shown_at_its_field(house, chat, entered, field):
    chat.pick("Where is my parcel?")
    house.pay()

    assert list(hand_off(house, chat, **entered).problems) == [field]
    assert house.all(tables.handoffs) == []


def test_a_long_message_is_cut_to_what_a_dialog_holds(house, chat):
    chat.pick("x" * 9_000)
    house.pay()

    _, dialog = house.chat.dialogs[-1]
    assert {len(field.initial or "") for field in dialog.fields} == {0, 2_000}


def test_a_stranger_gets_no_dialog(house, chat):
    chat.pick("Where is my parcel?", "zoe")
    house.pay()

    assert house.chat.dialogs == []
    assert chat.alone("zoe")[0].startswith("Only people of this desk")


def test_who_is_known_by_e_mail_alone_gets_the_dialog(house, by_email):
    by_email.pick("Where is my parcel?")
    house.pay()

    assert [dialog.action for _, dialog in house.chat.dialogs] == [Action.HAND_OFF]
    hand_off(house, by_email)
    assert len(house.all(tables.handoffs)) == 1


def test_a_link_shows_how_the_handoff_stands(house, chat):
    handoff_id = house.hand_over().handoff_id
    url = f"{PUBLIC_URL}/handoffs/{handoff_id}"

    chat.share(url, "https://other.example/handoffs/x")
    house.pay()

    ((place, cards),) = house.chat.unfurled
    assert place == {"channel": "C0TALK", "ts": "1.2"}
    assert {address: card.handoff_id for address, card in cards.items()} == {url: handoff_id}


@pytest.mark.parametrize(
    "url",
    [
        "https://bridge.example/base/handoffs/ho_unknown",
        "https://bridge.example/base/handoffs/",
        "https://bridge.example/handoffs/{id}",
        "https://evil.example/base/handoffs/{id}",
        "http://bridge.example/base/handoffs/{id}",
        "https://bridge.example.evil.example/base/handoffs/{id}",
    ],
)
def test_any_other_link_shows_nothing(house, chat, url):
    handoff_id = house.hand_over().handoff_id
    chat.share(url.format(id=handoff_id))
    house.pay()

    assert house.chat.unfurled == []


def test_a_link_shared_by_a_stranger_shows_nothing(house, chat):
    chat.share(f"{PUBLIC_URL}/handoffs/{house.hand_over().handoff_id}", who="zoe")
    house.pay()

    assert house.chat.unfurled == []


@pytest.mark.parametrize(("who", "shown"), [("asha", 1), ("zoe", 0)])
def test_whoever_is_known_by_e_mail_alone_is_looked_up(house, by_email, who, shown):
    by_email.share(f"{PUBLIC_URL}/handoffs/{house.hand_over().handoff_id}", who=who)
    house.pay()

    assert len(house.chat.unfurled) == shown


def test_a_link_that_may_not_be_shown_holds_up_no_card(house, chat):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    house.chat.fail_before(AccessDenied("chat", "missing_scope"))
    chat.share(f"{PUBLIC_URL}/handoffs/{handoff_id}")
    house.pay()
    chat.press(Action.CLAIM, "ravi", handoff_id=handoff_id)
    house.pay()

    assert house.chat.cards["1"][-1].claimed_by == "Ravi Iyer"


def test_without_an_address_of_our_own_no_link_is_ours(house, chat):
    object.__setattr__(chat.surfaces, "public_url", None)
    chat.share(f"{PUBLIC_URL}/handoffs/{house.hand_over().handoff_id}")
    house.pay()

    assert house.chat.unfurled == []
