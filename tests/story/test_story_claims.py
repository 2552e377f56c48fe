"""The Claim button under the card: pressed by its owner, again, and by somebody else."""

from __future__ import annotations

from running_shop import ASHA_IN_CHAT, CHANNEL

STRANGER = "U07STRANGER"


def whispers(shop):
    return [(said["user"], said["text"]) for said in shop.sandbox.slack.workspace.channels[CHANNEL].whispers]


def add_stranger(shop):
    shop.sandbox.slack.add_user(STRANGER, "Sam Stranger", "sam@elsewhere.example")
    shop.sandbox.slack.workspace.channels[CHANNEL].members.add(STRANGER)


def test_the_owner_claims_by_one_press_and_the_clock_runs_on(database_url, open_shop):
    shop = open_shop(database_url)
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.press(handoff, ASHA_IN_CHAT)
    shop.until("the claim", lambda: shop.handoff(handoff).claimed_by == "asha")
    shop.quiet()
    assert shop.look(handoff)["state"] == "open"
    assert shop.card_says(handoff, "*Claimed* by Asha Rao")
    assert next(one["assignee"] for one in shop.tickets() if one["id"] == str(ticket)) == "Asha Rao"
    assert [told["by"] for told in shop.told("claimed")] == ["Asha"]


def test_a_press_that_is_made_twice_claims_once(shop):
    handoff = shop.hand_over()
    shop.card(handoff)
    shop.press(handoff, ASHA_IN_CHAT)
    shop.press(handoff, ASHA_IN_CHAT)
    shop.quiet()
    assert len(shop.events(handoff, "claimed")) == len(shop.told("claimed")) == 1
    assert whispers(shop) == []


def test_a_press_that_slack_sends_twice_claims_once(shop):
    handoff = shop.hand_over()
    shop.card(handoff)
    shop.goes_wrong("slack", "WEBHOOK block_actions", "duplicate")
    shop.press(handoff, ASHA_IN_CHAT)
    shop.quiet()
    assert shop.answers("slack", "WEBHOOK block_actions") == [200, 200]
    assert len(shop.events(handoff, "claimed")) == 1


def test_a_stranger_is_refused_in_private_and_nothing_changes(shop):
    handoff = shop.hand_over()
    shop.ticket(handoff)
    shop.card(handoff)
    shop.quiet()
    add_stranger(shop)
    before, events = shop.look(handoff), shop.events(handoff)
    shop.press(handoff, STRANGER)
    shop.quiet()
    assert [user for user, _ in whispers(shop)] == [STRANGER]
    assert "Only people of this desk" in whispers(shop)[0][1]
    assert shop.look(handoff) == before
    assert shop.events(handoff) == events
    assert shop.card_says(handoff, "*Waiting*")


def test_a_colleague_who_comes_second_is_told_in_private_who_has_it(shop):
    handoff = shop.hand_over()
    channel, card = shop.card(handoff)
    shop.sandbox.press(channel, card.ts, "claim", ASHA_IN_CHAT)
    shop.sandbox.press(channel, card.ts, "claim", "U07RAVI")
    shop.quiet()
    assert shop.handoff(handoff).claimed_by == "asha"
    assert whispers(shop) == [("U07RAVI", "Asha Rao has it already.")]
