"""Slack's own news, from the event to what the core is told."""

from __future__ import annotations

import json

import pytest

from connectors.chat import ChatEvent, ChatEventKind, PressAnswer
from connectors.slack import SlackReceiver
from connectors.slack.events import event_of

BOT = "U0BRIDGE"


def wrapped(event, **more):
    return {
        "type": "event_callback",
        "team_id": "T0SHOP",
        "event_id": "Ev1",
        "authorizations": [{"team_id": "T0SHOP", "user_id": BOT, "is_bot": True}],
        "event": event,
        **more,
    }


def channel_event(kind, channel="C1"):
    return ChatEvent(event_id="Ev1", kind=kind, channel=channel)


CHANNELS = [
    ({"type": "channel_archive"}, ChatEventKind.CHANNEL_CLOSED),
    ({"type": "group_archive"}, ChatEventKind.CHANNEL_CLOSED),
    ({"type": "channel_deleted"}, ChatEventKind.CHANNEL_CLOSED),
    ({"type": "group_deleted"}, ChatEventKind.CHANNEL_CLOSED),
    ({"type": "channel_unarchive"}, ChatEventKind.CHANNEL_USABLE),
    ({"type": "group_unarchive"}, ChatEventKind.CHANNEL_USABLE),
    ({"type": "channel_left"}, ChatEventKind.BOT_REMOVED),
    ({"type": "group_left"}, ChatEventKind.BOT_REMOVED),
    ({"type": "member_left_channel", "user": BOT}, ChatEventKind.BOT_REMOVED),
    ({"type": "member_joined_channel", "user": BOT}, ChatEventKind.CHANNEL_USABLE),
]


@pytest.mark.parametrize(("event", "kind"), CHANNELS, ids=[event["type"] for event, _ in CHANNELS])
def test_what_becomes_of_a_channel_is_read(event, kind):
    assert event_of(wrapped(event | {"channel": "C1"})) == channel_event(kind)


@pytest.mark.parametrize("name", ["member_left_channel", "member_joined_channel"])
def test_anybody_elses_coming_and_going_is_nothing_to_us(name):
    assert event_of(wrapped({"type": name, "user": "U07ASHA", "channel": "C1"})) is None


@pytest.mark.parametrize("flag", ["deleted", "is_restricted", "is_ultra_restricted"])
def test_a_person_who_is_no_full_member_any_more_is_gone(flag):
    user = {"id": "U07ASHA", flag: True, "profile": {"email": " Asha@Shop.example "}}

    assert event_of(wrapped({"type": "user_change", "user": user})) == ChatEvent(
        event_id="Ev1", kind=ChatEventKind.PERSON_GONE, user_id="U07ASHA", email="asha@shop.example"
    )


def test_a_person_who_changed_their_status_is_nothing_to_us():
    user = {"id": "U07ASHA", "deleted": False, "profile": {"status_text": "at lunch"}}

    assert event_of(wrapped({"type": "user_change", "user": user})) is None


@pytest.mark.parametrize(
    "event", [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": [BOT]}}]
)
def test_a_token_revoked_or_an_app_taken_out_is_our_access_lost(event):
    assert event_of(wrapped(event)) == ChatEvent(event_id="Ev1", kind=ChatEventKind.ACCESS_LOST)


def test_a_persons_token_revoked_is_nothing_to_us():
    assert event_of(wrapped({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}})) is None


@pytest.mark.parametrize(
    "payload",
    [
        {},
        wrapped(None),
        wrapped([]),
        wrapped({"type": "channel_rename", "channel": {"id": "C1", "name": "new"}}),
        wrapped({"type": "channel_archive", "channel": {"id": "C1"}}),
        wrapped({"type": "channel_archive"}),
        wrapped({"type": "channel_archive", "channel": "C1"}, event_id=""),
        wrapped({"type": "channel_archive", "channel": "C1"}, event_id="E" * 201),
        wrapped({"type": "channel_archive", "channel": "C1"}, event_id=7),
        wrapped({"type": "user_change", "user": "U1"}),
        wrapped({"type": "user_change", "user": {"deleted": True}}),
        wrapped({"type": "tokens_revoked", "tokens": "all"}),
        wrapped({"type": "member_left_channel", "user": BOT, "channel": "C1"}, authorizations="none"),
        wrapped({"type": ["channel_archive"]}),
    ],
)
def test_fault_53_an_event_of_another_shape_tells_nothing(payload):
    """An event has another shape than any we know, or an id that is none: nothing is told, and no error raised."""
    assert event_of(payload) is None


def test_what_slack_itself_shows_as_an_example_is_read(vendor_file):
    left = json.loads(vendor_file("slack/samples/realistic/event.member_left_channel.json").read_text())
    revoked = json.loads(vendor_file("slack/samples/realistic/event.tokens_revoked.json").read_text())

    assert event_of(left["payload"]) is None  # somebody else left
    assert event_of(revoked["payload"]) == ChatEvent(event_id="Ev111", kind=ChatEventKind.ACCESS_LOST)


def test_news_of_another_workspace_are_forgotten():
    told = []
    receiver = SlackReceiver(
        signing_secret=None, on_press=lambda _press: PressAnswer(), on_event=told.append, team_id="T0SHOP"
    )

    receiver.take(wrapped({"type": "channel_archive", "channel": "C1"}, team_id="T0OTHER"))
    assert told == []
    receiver.take(wrapped({"type": "channel_archive", "channel": "C1"}))
    assert told == [channel_event(ChatEventKind.CHANNEL_CLOSED)]
