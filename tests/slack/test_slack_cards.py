"""What the shift's channel reads of one handoff, at each stage."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from slack_shop import ASHA, MEERA, STRANGER, TICKET
from stand_ins import NOON

from bridge.handoffs.model import CardRef
from connectors.chat import CardState
from connectors.errors import Gone
from connectors.slack.blocks import BLOCKS_LIMIT, MESSAGE_LIMIT, SECTION_LIMIT
from connectors.slack.card import in_words


def words(message):
    return json.dumps(message["blocks"], ensure_ascii=False)


def labels(message):
    return [button["label"] for button in message["buttons"]]


def test_a_card_is_two_lines_owner_reason_wait_and_promise(shop, chat, card, once):
    ref = chat.post_card(card(), once).ref

    (message,) = shop.messages()
    assert ref == CardRef(connection="slack", channel="C0MORNING", message=message["ts"])
    assert message["text"] == "\n".join(card().lines)
    assert message["blocks"][0]["text"]["text"] == message["text"]
    assert message["told"] == ["Asha Rao"]
    for part in ("Waiting", "Topic billingˍdispute", "Waiting for 12 min", "2026-11-02 12:15 UTC"):
        assert part.replace("ˍ", "_") in words(message)


#: buttons for writing, and for what a person says of the bot's context
WRITING = ["Reply to customer", "Private note"]
JUDGING = ["👍 Context helped", "👎 It did not", "Had to re-ask"]


def test_the_one_primary_button_claims(shop, chat, card, once):
    chat.post_card(card(ticket=TICKET), once)

    (message,) = shop.messages()
    assert [(one["action_id"], one["primary"]) for one in message["buttons"]] == [
        ("claim", True),
        ("reply", False),
        ("note", False),
        ("open_ticket", False),
    ]
    assert message["buttons"][3]["url"] == TICKET.url


def test_a_pending_ticket_has_no_button_and_says_so(shop, chat, card, once):
    chat.post_card(card(), once)

    (message,) = shop.messages()
    assert labels(message) == ["Claim", *WRITING]
    assert "Ticket pending" in words(message)


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "https://a b", "https://x/<!channel>"])
def test_an_address_slack_would_refuse_does_not_sink_the_card(shop, chat, card, once, url):
    ticket = type(TICKET)(connection="zendesk", id="3512", url=url)

    chat.post_card(card(ticket=ticket), once)

    assert labels(shop.messages()[0]) == ["Claim", *WRITING]
    assert "Ticket 3512" in words(shop.messages()[0])


def test_fault_35_a_gap_tags_the_lead_and_says_nobody_is_on_duty(shop, chat, card, once):
    """Nobody is rostered when a handoff comes: its card says so and tags the lead."""
    chat.post_card(card(owner=None, lead=MEERA), once)

    (message,) = shop.messages()
    assert message["told"] == ["Meera Shah"]
    assert "nobody on duty, lead <@U07MEERA>" in words(message)


def test_a_card_with_neither_owner_nor_lead_is_posted_all_the_same(shop, chat, card, once):
    chat.post_card(card(owner=None), once)

    assert "nobody on duty and no lead named" in words(shop.messages()[0])
    assert shop.messages()[0]["told"] == []


def test_an_owner_slack_does_not_know_is_named_and_tags_nobody(shop, chat, card, once):
    chat.post_card(card(owner=STRANGER), once)

    (message,) = shop.messages()
    assert message["told"] == []
    assert "owner Zoe &lt;!channel&gt;" in words(message)


def test_fault_54_a_customer_cannot_ping_the_channel(shop, chat, card, once):
    """A customer writes a token that calls the whole channel: the card shows it, and nobody is called."""
    evil = "<!channel> <@U07RAVI> <https://evil.example|your bank>"

    chat.post_card(
        card(lines=(f"Wants {evil}", evil), reason=evil, customer=evil, topic=evil, flags=(evil,)), once
    )

    (message,) = shop.messages()
    assert message["told"] == ["Asha Rao"]
    assert "<http" not in words(message)
    assert "<!channel>" not in message["text"]


def test_three_thousand_and_one_characters_still_make_a_card(shop, chat, card, once):
    long = "<" * 3001

    chat.post_card(
        card(lines=(long, long), reason=long, customer=long, topic=long, flags=(long,) * 20, ticket=TICKET),
        once,
    )

    (message,) = shop.messages()
    assert len(message["blocks"]) <= BLOCKS_LIMIT
    assert len(words(message)) < MESSAGE_LIMIT
    assert len(message["blocks"][0]["text"]["text"]) <= SECTION_LIMIT


@pytest.mark.parametrize(
    ("state", "changes", "shape"),
    [
        (CardState.WAITING, {}, "○ *Waiting*"),
        (CardState.CLAIMED, {"claimed_by": "Ravi"}, "◐ *Claimed* by Ravi"),
        (CardState.LATE, {}, "▲ *Late*, no answer yet · not claimed"),
        (CardState.LATE, {"claimed_by": "Ravi"}, "▲ *Late*, no answer yet · claimed by Ravi"),
        (CardState.ANSWERED, {"answered_by": "Asha", "within_promise": True}, "● *Answered* by Asha, within"),
        (CardState.ANSWERED, {"answered_by": "Asha", "within_promise": False}, "● *Answered* by Asha, after"),
        (CardState.CLOSED, {"closing": "withdrawn"}, "■ *Closed*: withdrawn"),
    ],
)
def test_each_state_is_told_by_a_shape_and_a_word(shop, chat, card, once, state, changes, shape):
    ref = chat.post_card(card(), once).ref

    chat.update_card(ref, card(state=state, **changes))

    (message,) = shop.messages()
    assert shape in words(message)
    assert message["edited"]


def test_once_it_is_claimed_the_one_primary_button_replies(shop, chat, card, once):
    chat.post_card(card(state=CardState.CLAIMED, claimed_by="Asha"), once)

    (message,) = shop.messages()
    assert [one["action_id"] for one in message["buttons"] if one["primary"]] == ["reply"]


def test_only_what_waits_unclaimed_can_be_claimed(shop, chat, card, once):
    ref = chat.post_card(card(state=CardState.LATE), once).ref
    assert "Claim" in labels(shop.messages()[0])

    for changes in ({"state": CardState.CLAIMED}, {"state": CardState.LATE, "claimed_by": "Ravi"}):
        chat.update_card(ref, card(**changes))
        assert "Claim" not in labels(shop.messages()[0])


def test_a_settled_card_tags_nobody_and_stops_counting(shop, chat, card, once):
    answered = card(
        state=CardState.ANSWERED, answered_by="Asha", answered_at=NOON + timedelta(minutes=3), ticket=TICKET
    )

    chat.post_card(answered, once)

    (message,) = shop.messages()
    assert message["told"] == []
    assert "Waited 15 min" in words(message)
    assert labels(message) == [*WRITING, "Open ticket", *JUDGING]


def test_words_made_by_our_rules_are_marked(shop, chat, card, once):
    chat.post_card(card(built=True, flags=("gap", "odd_flag")), once)

    shown = words(shop.messages()[0])
    assert "The bot gave no summary" in shown
    assert "Nobody was on duty" in shown
    assert "odd_flag" in shown


def test_the_edited_card_keeps_its_place_and_its_mark(shop, chat, card, once, again):
    ref = chat.post_card(card(), once).ref
    chat.update_card(ref, card(ticket=TICKET))

    assert chat.post_card(card(ticket=TICKET), again).ref == ref
    assert len(shop.messages()) == 1


def test_a_deleted_card_is_gone(shop, chat, card, once):
    ref = chat.post_card(card(), once).ref
    shop.slack.delete(ref.channel, ref.message)

    with pytest.raises(Gone, match="message_not_found"):
        chat.update_card(ref, card())


@pytest.mark.parametrize(
    ("closes_in", "said"),
    [
        (timedelta(hours=4), "whatsapp closes <!date^{at}^{{date_short_pretty}} at {{time}}|"),
        (timedelta(seconds=1), "whatsapp closes <!date^{at}^{{date_short_pretty}} at {{time}}|"),
        (timedelta(0), "whatsapp closed since <!date^{at}^{{date_short_pretty}} {{time}}|"),
        (timedelta(days=-2), "whatsapp closed since <!date^{at}^{{date_short_pretty}} {{time}}|"),
    ],
)
def test_a_channel_that_closes_soon_or_has_closed_is_told(shop, chat, card, once, closes_in, said):
    closes_at = NOON + closes_in

    chat.post_card(card(customer_channel="whatsapp", channel_closes_at=closes_at), once)

    assert said.format(at=int(closes_at.timestamp())) in words(shop.messages()[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"channel_closes_at": None},
        {"channel_closes_at": NOON + timedelta(hours=4, seconds=1)},
        {"channel_closes_at": NOON, "state": CardState.ANSWERED, "answered_at": NOON},
        {"channel_closes_at": NOON, "state": CardState.CLOSED},
    ],
)
def test_a_channel_that_is_open_for_long_or_was_answered_in_takes_no_line(shop, chat, card, once, changes):
    chat.post_card(card(customer_channel="whatsapp", **changes), once)

    assert "whatsapp close" not in words(shop.messages()[0])


def test_a_channels_name_in_the_desk_does_nothing_on_the_card(shop, chat, card, once):
    chat.post_card(card(customer_channel="<!channel>", channel_closes_at=NOON), once)

    (message,) = shop.messages()
    assert message["told"] == ["Asha Rao"]
    assert "&lt;!channel&gt; closed since" in words(message)


def test_nothing_is_unfurled(chat, card, once, monkeypatch):
    sent = {}
    monkeypatch.setattr(
        chat._api.client, "api_call", lambda method, **given: sent.update(given["json"]) or None
    )
    with pytest.raises(AttributeError):
        chat.post_card(card(owner=ASHA), once)

    assert sent["unfurl_links"] is False
    assert sent["unfurl_media"] is False


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "under a minute"),
        (59, "under a minute"),
        (60, "1 min"),
        (3_660, "1 h 01 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_a_wait_is_said_as_a_person_says_it(seconds, said):
    assert in_words(timedelta(seconds=seconds)) == said


def test_a_customer_who_wrote_again_is_told_with_the_readers_own_time(shop, chat, card, once):
    chat.post_card(card(state=CardState.ANSWERED, wrote_again_at=NOON), once)

    shown = words(shop.messages()[0])
    assert f"<!date^{int(NOON.timestamp())}^Customer wrote again at {{time}}|2026-11-02 12:00 UTC>" in shown


def test_a_reply_that_the_bot_did_not_take_asks_for_another_way(shop, chat, card, once):
    chat.post_card(card(state=CardState.ANSWERED, undelivered=True), once)

    said = "▲ The customer's chat did not take the last reply: answer by another way"
    assert said in words(shop.messages()[0])


def test_a_card_of_which_nothing_is_unheard_says_neither(shop, chat, card, once):
    chat.post_card(card(state=CardState.ANSWERED), once)

    shown = words(shop.messages()[0])
    assert "wrote again" not in shown
    assert "did not take" not in shown


def test_a_card_that_was_handed_on_names_both_and_tags_the_new_owner(shop, chat, card, once):
    chat.post_card(card(owner=ASHA, handed_on_from=MEERA), once)

    (message,) = shop.messages()
    assert "From Meera to Asha at the shift change" in words(message)
    assert message["told"] == ["Asha Rao"]


def test_a_card_of_a_conversation_that_comes_again_says_who_had_it_until_when(shop, chat, card, once):
    until = NOON - timedelta(hours=2)
    chat.post_card(card(was_with=MEERA, was_with_until=until), once)

    assert "Again: was with Meera until" in words(shop.messages()[0])
    assert f"<!date^{int(until.timestamp())}^" in words(shop.messages()[0])
