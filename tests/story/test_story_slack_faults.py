"""Slack in trouble: the card comes once, and somewhere."""

from __future__ import annotations

from running_shop import CHANNEL, FALLBACK

POST = "POST /api/chat.postMessage"


def test_a_reset_after_the_card_was_posted_makes_no_second_one(shop):
    shop.goes_wrong("slack", POST, "reset_after")
    handoff = shop.hand_over()
    shop.card(handoff)
    shop.quiet()
    assert len(shop.cards(handoff)) == 1
    assert shop.answers("slack", POST) == [None]
    assert shop.events(handoff, "delivery_dead") == []


def test_a_card_for_an_archived_channel_goes_to_the_fallback_channel(shop):
    shop.sandbox.slack.archive(CHANNEL)
    handoff = shop.hand_over()
    channel, _ = shop.card(handoff)
    shop.quiet()
    assert channel == FALLBACK
    assert [place for place, _ in shop.cards(handoff)] == [FALLBACK]


def test_a_slack_that_is_down_for_a_moment_gets_its_card_later(shop):
    shop.goes_wrong("slack", POST, "reset_before")
    shop.goes_wrong("slack", POST, "status", status=503)
    handoff = shop.hand_over()
    shop.card(handoff)
    shop.quiet()
    assert len(shop.cards(handoff)) == 1
