"""The stand-in tells the app of what happens in the workspace, as far as the app asked for it and may hear it."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack.events import SCOPE_OF
from sandbox.slack.installed import Command, Shortcut, from_manifest
from sandbox.slack.standin import SCOPES

ASHA, RAVI, MEERA = "U07ASHA", "U07RAVI", "U07MEERA"
BOT = "U0BRIDGE"
EVERY_SCOPE = SCOPES | {scope for scope in SCOPE_OF.values() if scope} | {"links:write", "usergroups:write"}
TICKET = "https://shop.zendesk.example/agent/tickets/3512?a=1&b=2"
PREVIEW = {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*Waiting* for Asha"}}]}


@pytest.fixture
def hears(shop, app):
    """Return how to get the events of a type that the app was told of, after asking for all there are."""
    shop.slack.grant(EVERY_SCOPE)
    shop.slack.install(events=SCOPE_OF, domains={"zendesk.example"})

    def heard(kind):
        shop.outbox.drain()
        return [event for event in app.heard("event") if event["type"] == kind]

    return heard


def test_a_message_in_a_channel_is_told_with_its_thread(shop, client, hears):
    parent = client.chat_postMessage(channel="C0ALL", text="card")["ts"]

    ts = shop.slack.write(ASHA, "C0ALL", "on it", parent)

    (told,) = hears("message")
    assert {name: told[name] for name in ("user", "text", "ts", "thread_ts", "channel", "channel_type")} == {
        "user": ASHA,
        "text": "on it",
        "ts": ts,
        "thread_ts": parent,
        "channel": "C0ALL",
        "channel_type": "channel",
    }
    assert told["parent_user_id"] == BOT


def test_a_direct_message_is_told_as_one(shop, hears):
    shop.slack.write(RAVI, RAVI, "who is on duty?")

    (told,) = hears("message")
    assert (told["channel"], told["channel_type"]) == ("D007RAVI", "im")


def test_a_mention_is_told_twice_as_slack_does(shop, hears):
    shop.slack.type_in(ASHA, "C0ALL", "@Handoff bridge is 1 < 2 & who is on duty?")

    (mention,) = hears("app_mention")
    (message,) = hears("message")
    assert mention["text"] == message["text"] == f"<@{BOT}> is 1 &lt; 2 &amp; who is on duty?"
    assert "channel_type" not in mention


def test_a_channel_without_the_bot_is_silent(shop, hears):
    shop.slack.remove("C0ALL")

    shop.slack.write(ASHA, "C0ALL", f"<@{BOT}> hello")

    assert (hears("message"), hears("app_mention")) == ([], [])


def test_a_shared_link_of_a_registered_domain_is_told_and_unfurled(shop, client, hears):
    ts = shop.slack.share_link(ASHA, "C0ALL", TICKET)

    (told,) = hears("link_shared")
    client.chat_unfurl(channel=told["channel"], ts=told["message_ts"], unfurls={TICKET: PREVIEW})

    assert told["links"] == [{"domain": "zendesk.example", "url": TICKET}]
    assert (told["user"], told["is_bot_user_member"]) == (ASHA, True)
    assert shop.slack.unfurls("C0ALL", ts) == {TICKET: PREVIEW}
    client.chat_unfurl(unfurl_id=told["unfurl_id"], source=told["source"], unfurls={TICKET: PREVIEW})


def test_a_link_of_another_domain_is_not_told(shop, hears):
    shop.slack.write(ASHA, "C0ALL", "see https://notzendesk.example/1")

    assert hears("link_shared") == []
    assert shop.messages("C0ALL")[0]["text"] == "see <https://notzendesk.example/1>"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"channel": "C0NOWHERE"}, "cannot_find_channel"),
        ({"ts": "1.000001"}, "cannot_find_message"),
        ({"unfurls": {"https://elsewhere.example": PREVIEW}}, "cannot_unfurl_url"),
        ({"unfurls": {TICKET: {"blocks": [{"type": "sorcery"}]}}}, "invalid_blocks"),
        ({"unfurls": {TICKET: "text"}}, "cannot_parse_attachment"),
    ],
)
def test_an_unfurl_slack_would_refuse_is_refused(shop, client, hears, changes, code):
    ts = shop.slack.share_link(ASHA, "C0ALL", TICKET)

    with pytest.raises(SlackApiError, match=code):
        client.chat_unfurl(**{"channel": "C0ALL", "ts": ts, "unfurls": {TICKET: PREVIEW}, **changes})


def test_an_unfurl_needs_its_scope(shop, client):
    ts = shop.slack.share_link(ASHA, "C0ALL", TICKET)
    shop.slack.grant(SCOPES - {"links:write"})

    with pytest.raises(SlackApiError, match="missing_scope"):
        client.chat_unfurl(channel="C0ALL", ts=ts, unfurls={TICKET: PREVIEW})


def test_the_workspace_tells_of_its_changes(shop, hears):
    shop.slack.open_home(ASHA)
    shop.slack.rename("C0ALL", "support-everyone")
    shop.slack.archive("C0NIGHT", by=MEERA)
    shop.slack.deactivate(RAVI)

    (opened,), (renamed,), (archived,), (changed,) = map(
        hears, ("app_home_opened", "channel_rename", "channel_archive", "user_change")
    )
    assert (opened["user"], opened["tab"], opened["channel"]) == (ASHA, "home", "D007ASHA")
    assert (renamed["channel"]["id"], renamed["channel"]["name"]) == ("C0ALL", "support-everyone")
    assert (archived["channel"], archived["user"]) == ("C0NIGHT", MEERA)
    assert (changed["user"]["id"], changed["user"]["deleted"]) == (RAVI, True)


def test_the_home_tab_that_stands_there_comes_with_its_opening(shop, client, hears):
    client.views_publish(user_id=ASHA, view={"type": "home", "blocks": [{"type": "divider"}]})

    shop.slack.open_home(ASHA)
    shop.slack.open_home(ASHA, tab="messages")

    first, second = hears("app_home_opened")
    assert first["view"]["blocks"][0]["type"] == "divider"
    assert "view" not in second


def test_an_event_nobody_asked_for_is_not_sent(shop, app):
    shop.slack.grant(EVERY_SCOPE)
    shop.slack.install(events={"app_mention"})

    shop.slack.write(ASHA, "C0ALL", "hello")
    shop.outbox.drain()

    assert app.heard("event") == []


def test_an_event_the_scopes_do_not_allow_is_not_sent(shop, app):
    shop.slack.install(events=SCOPE_OF)
    shop.slack.grant(EVERY_SCOPE - {"channels:history"})

    shop.slack.write(ASHA, "C0ALL", "hello")
    shop.outbox.drain()

    assert app.heard("event") == []


def test_an_event_comes_again_with_its_id_until_it_is_taken(shop, app, hears):
    answers = iter([500, 500, None])
    app.on["event"] = lambda told: next(answers)

    shop.slack.write(ASHA, "C0ALL", "hello")

    assert len(hears("message")) == 3
    attempts = app.all("event")
    assert len({one.told["event_id"] for one in attempts}) == 1
    assert [one.headers.get("x-slack-retry-num") for one in attempts] == [None, "1", "2"]
    assert [one.headers.get("x-slack-retry-reason") for one in attempts] == [None, "http_error", "http_error"]


def test_a_group_is_given_other_users(shop, client):
    shop.slack.grant(EVERY_SCOPE | {"usergroups:read"})

    answer = client.usergroups_users_update(usergroup="S0LEADS", users=[ASHA, RAVI])

    assert answer["usergroup"]["users"] == [ASHA, RAVI]
    assert client.usergroups_users_list(usergroup="S0LEADS")["users"] == [ASHA, RAVI]
    assert client.usergroups_list()["usergroups"][0]["user_count"] == 2


@pytest.mark.parametrize(
    ("group", "users", "code"),
    [
        ("S0LEADS", "", "no_users_provided"),
        ("S0LEADS", "U0NOBODY", "invalid_users"),
        ("S0LEADS", BOT, "invalid_users"),
        ("S0NONE", ASHA, "no_such_subteam"),
    ],
)
def test_a_group_slack_would_not_change_stays(shop, client, group, users, code):
    shop.slack.grant(EVERY_SCOPE)

    with pytest.raises(SlackApiError, match=code):
        client.usergroups_users_update(usergroup=group, users=users)

    assert shop.slack.workspace.groups["S0LEADS"].users == [MEERA]


def test_changing_a_group_needs_its_scope(shop, client):
    shop.slack.grant(SCOPES - {"usergroups:write"})

    with pytest.raises(SlackApiError, match="missing_scope"):
        client.usergroups_users_update(usergroup="S0LEADS", users=[ASHA])


def test_what_the_manifest_offers_is_read_from_it():
    installed = from_manifest(
        {
            "features": {
                "slash_commands": [{"command": "/handoff", "description": "d", "usage_hint": "who"}],
                "shortcuts": [{"name": "Take it", "type": "message", "callback_id": "take_it"}],
                "unfurl_domains": ["zendesk.example"],
            },
            "settings": {"event_subscriptions": {"bot_events": ["message.im"]}},
        }
    )

    assert installed.events == {"message.im"}
    assert installed.domains == {"zendesk.example"}
    assert installed.commands == (Command(name="/handoff", description="d", hint="who"),)
    assert installed.shortcuts == (Shortcut(callback_id="take_it", name="Take it", on_messages=True),)
