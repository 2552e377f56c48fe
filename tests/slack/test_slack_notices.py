"""Lines to people: whom they really reach, and what they cannot do."""

from __future__ import annotations

import pytest
from slack_shop import ASHA, MEERA, RAVI, STRANGER

from bridge.roster.model import Person
from connectors.base import Once
from connectors.chat import Notice
from connectors.errors import AccessDenied, Busy, Gone
from connectors.slack.people import FOUND_FOR, NOT_FOUND_FOR
from sandbox.slack.standin import SCOPES


def test_a_thread_line_tags_those_it_names(shop, chat, card, once):
    ref = chat.post_card(card(), once).ref

    reach = chat.post_in_thread(ref, Notice(text="Late. Asha, Ravi?", tag=(ASHA, RAVI)), Once(key="dl_2"))

    (reply,) = shop.replies(ref)
    assert reply["told"] == ["Asha Rao", "Ravi Iyer"]
    assert reach.people == {"asha", "ravi"}
    assert reply["text"] == "<@U07ASHA> <@U07RAVI> Late. Asha, Ravi?"


def test_somebody_slack_does_not_know_is_named_and_not_reached(shop, chat, once):
    reach = chat.post_in_channel("C0ALL", Notice(text="Who can help?", tag=(STRANGER, MEERA)), once)

    (message,) = shop.messages("C0ALL")
    assert message["text"] == "Zoe &lt;!channel&gt; <@U07MEERA> Who can help?"
    assert reach.people == {"meera"}


def test_a_lookup_that_fails_does_not_sink_the_post(shop, chat, once):
    shop.slack.grant(SCOPES - {"users:read.email"})

    reach = chat.post_in_channel("C0ALL", Notice(text="Please look.", tag=(RAVI,)), once)

    assert reach.people == frozenset()
    assert shop.messages("C0ALL")[0]["text"] == "Ravi Iyer Please look."


def test_a_user_group_is_tagged(shop, chat, once):
    chat.post_in_channel("C0ALL", Notice(text="Last rung.", tag_group="S0LEADS"), once)

    assert shop.messages("C0ALL")[0]["told"] == ["Meera Shah"]


def test_fault_54_a_notice_with_a_customers_words_pings_nobody(shop, chat, once):
    """A notice repeats a customer's tokens: nobody is called by them."""
    chat.post_in_channel("C0ALL", Notice(text="Priya writes: <!channel> <@U07RAVI>"), once)

    assert shop.messages("C0ALL")[0]["told"] == []


def test_a_notice_of_any_length_is_posted(shop, chat, once):
    chat.post_in_channel("C0ALL", Notice(text="<" * 3001, tag=(ASHA,) * 400), once)

    (message,) = shop.messages("C0ALL")
    assert len(message["blocks"][0]["text"]["text"]) <= 3000
    assert message["told"] == ["Asha Rao"]


def test_one_lookup_serves_an_hour(shop, chat):
    for number in range(2):
        chat.post_in_channel("C0ALL", Notice(text="x", tag=(RAVI,)), Once(key=f"dl_{number}"))
    shop.clock.now += FOUND_FOR
    chat.post_in_channel("C0ALL", Notice(text="x", tag=(RAVI,)), Once(key="dl_3"))

    assert shop.calls().count("users.lookupByEmail") == 2


def test_an_address_that_is_corrected_in_slack_soon_works(shop, chat):
    def tag(key):
        return chat.post_in_channel("C0ALL", Notice(text="x", tag=(STRANGER,)), Once(key=key)).people

    assert tag("dl_1") == frozenset()
    shop.slack.add_user("U07ZOE", "Zoe", "zoe@elsewhere.example")
    assert tag("dl_2") == frozenset()
    shop.clock.now += NOT_FOUND_FOR
    assert tag("dl_3") == {"zoe"}


def test_an_id_of_another_shape_is_not_a_mention(shop, chat, once):
    person = Person(key="x", name="X", email="ravi@shop.example", ids={"slack": "ravi> <!channel"})

    chat.post_in_channel("C0ALL", Notice(text="x", tag=(person,)), once)

    assert shop.messages("C0ALL")[0]["told"] == ["Ravi Iyer"]


def test_a_direct_message_reaches_one_person(shop, chat, once):
    reach = chat.direct_message(RAVI, Notice(text="Priya waits for you."), once)

    (message,) = shop.messages("D007RAVI")
    assert message["told"] == ["Ravi Iyer"]
    assert reach.people == {"ravi"}
    assert reach.message == message["ts"]


@pytest.mark.parametrize("person", [STRANGER, Person(key="nobody", name="Nobody")])
def test_a_direct_message_to_somebody_unknown_reaches_nobody(shop, chat, once, person):
    reach = chat.direct_message(person, Notice(text="x"), once)

    assert reach.people == frozenset()
    assert reach.message is None


def test_fault_27_a_direct_message_to_a_deactivated_user_reaches_nobody(shop, chat, once):
    shop.slack.deactivate("U07ASHA")

    assert chat.direct_message(ASHA, Notice(text="x"), once).people == frozenset()


def test_a_person_who_cannot_be_looked_up_now_is_not_given_up(shop, chat, once):
    shop.goes_wrong("users.lookupByEmail", "status", status=429, retry_after="7")

    with pytest.raises(Busy):
        chat.direct_message(RAVI, Notice(text="x"), once)


def test_a_private_line_is_seen_by_one(shop, chat):
    chat.tell_privately("C0ALL", "U07RAVI", "Asha has it <already>")

    channel = next(one for one in shop.slack.snapshot()["channels"] if one["id"] == "C0ALL")
    assert channel["messages"] == []
    assert channel["whispers"][0]["text"] == "Asha has it &lt;already&gt;"


def test_fault_26_an_archived_channel_is_gone(shop, chat, card, once):
    shop.slack.archive("C0MORNING")

    with pytest.raises(Gone, match="unarchive the channel or name another"):
        chat.post_card(card(), once)


def test_fault_26_a_channel_without_the_bot_says_what_to_do(shop, chat, card, once):
    shop.slack.grant(SCOPES - {"chat:write.public"})
    shop.slack.remove("C0MORNING")

    with pytest.raises(AccessDenied, match="invite the bot to the channel"):
        chat.post_card(card(), once)


def test_a_thread_whose_card_was_deleted_is_gone(shop, chat, card, once):
    ref = chat.post_card(card(), once).ref
    shop.slack.delete(ref.channel, ref.message)

    with pytest.raises(Gone):
        chat.post_in_thread(ref, Notice(text="x"), Once(key="dl_2"))
