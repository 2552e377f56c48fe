"""The stand-in answers as Slack does, to the client everybody uses."""

from __future__ import annotations

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


def code_of(call, **arguments):
    with pytest.raises(SlackApiError) as raised:
        call(**arguments)
    return raised.value.response["error"]


def button(**changes):
    element = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Go"}} | changes
    return {"type": "actions", "elements": [element]}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},
        {"type": "section", "text": {"type": "mrkdwn", "text": ""}},
        {"type": "section"},
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
        {"type": "context", "elements": []},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11},
        {"type": "sorcery"},
        button(url="not an address"),
        button(value="x" * 2001),
        button(text={"type": "mrkdwn", "text": "Go"}),
        {"type": "actions", "elements": [*button()["elements"], *button()["elements"]]},
    ],
)
def test_blocks_slack_would_refuse_are_refused(client, block):
    assert code_of(client.chat_postMessage, channel="C0ALL", text="x", blocks=[block]) == "invalid_blocks"


def test_too_much_is_refused(client):
    long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}

    assert (
        code_of(client.chat_postMessage, channel="C0ALL", text="x", blocks=[long] * 5)
        == "msg_blocks_too_long"
    )
    assert (
        code_of(client.chat_postMessage, channel="C0ALL", text="x", blocks=[SECTION] * 51) == "invalid_blocks"
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"channel": "C0ALL", "text": ""}, "no_text"),
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "C0ALL", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": "C0ALL", "text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
    ],
)
def test_a_post_slack_would_refuse_is_refused(client, monkeypatch, arguments, code):
    monkeypatch.setenv("SKIP_SLACK_SDK_WARNING", "1")

    assert code_of(client.chat_postMessage, **arguments) == code


def test_history_is_newest_first_in_pages_and_tells_metadata_on_request(client):
    mark = {"event_type": "card", "event_payload": {"delivery": "dl_1"}}
    for number in range(5):
        client.chat_postMessage(channel="C0ALL", text=f"n{number}", metadata=mark)

    pages = client.conversations_history(channel="C0ALL", limit=2, include_all_metadata=True)
    messages = [one for page in pages for one in page["messages"]]
    bare = client.conversations_history(channel="C0ALL", limit=1)

    assert [one["text"] for one in messages] == ["n4", "n3", "n2", "n1", "n0"]
    assert messages[0]["metadata"] == mark
    assert bare["messages"][0]["metadata"] == {"event_type": "card"}


def test_a_thread_is_the_parent_then_its_replies(client):
    parent = client.chat_postMessage(channel="C0ALL", text="parent")["ts"]
    client.chat_postMessage(channel="C0ALL", text="reply", thread_ts=parent)

    thread = client.conversations_replies(channel="C0ALL", ts=parent)["messages"]
    (top,) = client.conversations_history(channel="C0ALL")["messages"]

    assert [one["text"] for one in thread] == ["parent", "reply"]
    assert top["reply_count"] == 1


def test_forms_are_read_like_json(client):
    answer = client.api_call(
        "chat.postMessage",
        params={"channel": "C0ALL", "text": "x", "blocks": f"[{SECTION}]".replace("'", '"')},
    )

    assert answer["message"]["blocks"] == [SECTION]


def test_people_are_found_by_mail_and_by_id(client):
    assert client.users_lookupByEmail(email="Asha@shop.example")["user"]["id"] == "U07ASHA"
    assert client.users_info(user="U07RAVI")["user"]["real_name"] == "Ravi Iyer"
    assert len(client.users_list()["members"]) == 4
    assert code_of(client.users_lookupByEmail, email="zoe@shop.example") == "users_not_found"


def test_the_rest_of_what_a_bot_asks_is_answered(shop, client):
    ts = client.chat_postMessage(channel="C0ALL", text="x")["ts"]

    assert client.auth_test()["team_id"] == "T0SHOP"
    assert client.chat_getPermalink(channel="C0ALL", message_ts=ts)["permalink"]
    assert client.conversations_members(channel="C0ALL")["members"]
    assert len(client.conversations_list()["channels"]) == 4
    assert client.conversations_info(channel="C0ALL")["channel"]["is_member"]
    assert client.views_publish(user_id="U07ASHA", view={"type": "home", "blocks": []})["view"]["id"]
    assert code_of(client.views_open, trigger_id="made up", view={}) == "invalid_trigger_id"
    shop.slack.grant({"usergroups:read", "reactions:write"})
    assert client.usergroups_list()["usergroups"][0]["id"] == "S0LEADS"
    assert client.reactions_add(channel="C0ALL", name="eyes", timestamp=ts)["ok"]
    assert code_of(client.reactions_add, channel="C0ALL", name="eyes", timestamp=ts) == "already_reacted"


def test_a_token_is_asked_for_and_can_be_revoked(shop, client):
    assert code_of(WebClient(base_url=shop.url).auth_test) == "not_authed"
    assert code_of(WebClient(token="xoxb-x", base_url=shop.url).auth_test) == "invalid_auth"
    assert code_of(client.api_call, api_method="chat.sing") == "unknown_method"
    shop.slack.revoke()
    assert code_of(client.auth_test) == "token_revoked"


def test_a_mention_tells_only_members(shop, client):
    shop.slack.remove("C0ALL", "U07RAVI")

    client.chat_postMessage(channel="C0ALL", text="<@U07RAVI> <@U07ASHA>")
    client.chat_postMessage(channel="C0ALL", text="<!channel>")

    first, second = shop.messages("C0ALL")
    assert first["told"] == ["Asha Rao"]
    assert second["told"] == ["Asha Rao", "Meera Shah"]


def test_pressing_what_is_not_there_is_a_mistake(shop, client):
    ts = client.chat_postMessage(channel="C0ALL", text="x")["ts"]

    with pytest.raises(LookupError):
        shop.slack.press("C0ALL", ts, "claim", "U07ASHA")
    with pytest.raises(LookupError):
        shop.slack.press("C0ALL", "1.1", "claim", "U07ASHA")
