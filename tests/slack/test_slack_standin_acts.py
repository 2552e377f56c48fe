"""What people do at the stand-in reaches the app as Slack tells it, and the app's answer reaches them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from scripted_bridge import a_scripted_bridge
from slack_sdk.webhook import WebhookClient
from slack_views import EVERY_INPUT, OVERFLOW, REASON, ROWS, home, modal, raw

from sandbox.slack.standin import SlackStandIn

ASHA, RAVI = "U07ASHA", "U07RAVI"
FILLED = {
    "reason": "the courier calls back",
    "who": RAVI,
    "when": "2026-11-04",
    "at": "09:30",
    "state": "free",
    "mood": "busy",
    "also": ["free", "busy"],
    "count": "4",
}


@pytest.fixture
def opened(shop, client, app):
    """Return how to let Asha open a modal by a shortcut."""

    def open_it(view):
        app.on["shortcut"] = lambda told: client.views_open(trigger_id=told["trigger_id"], view=view) and None
        shop.slack.shortcut(ASHA, "anything")
        shop.outbox.drain()
        return shop.slack.view_of(ASHA)

    return open_it


@pytest.fixture
def hurried(shop) -> Iterator[SlackStandIn]:
    """Return a workspace that waits a fifth of a second for an app that never answers."""
    release = threading.Event()
    slack = SlackStandIn(clock=shop.clock, outbox=shop.outbox, patience_seconds=0.2)
    with a_scripted_bridge(shop.clock) as bridge:
        slack.connect(bridge.url)
        for kind in ("slash_command", "shortcut"):
            bridge.on[kind] = lambda told: release.wait(10) and None
        yield slack
        release.set()


def with_menu(client, channel="C0ALL", **message):
    block = {"type": "section", "block_id": "s", "text": {"type": "mrkdwn", "text": "x"}}
    blocks = [{**block, "accessory": OVERFLOW.to_dict()}]
    return client.chat_postMessage(channel=channel, text="x", blocks=blocks, **message)["ts"]


def test_a_choice_in_an_overflow_menu_is_told_with_its_option(shop, client, app):
    ts = with_menu(client)

    shop.slack.choose("C0ALL", ts, "more", ASHA, "busy")
    shop.outbox.drain()

    (told,) = app.heard("block_actions")
    assert told["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": "C0ALL",
        "is_ephemeral": False,
    }
    assert told["actions"][0] | {"action_ts": ""} == {
        "type": "overflow",
        "action_id": "more",
        "block_id": "s",
        "selected_option": {"text": {"type": "plain_text", "text": "Busy", "emoji": True}, "value": "busy"},
        "action_ts": "",
    }
    with pytest.raises(LookupError, match="no option gone"):
        shop.slack.choose("C0ALL", ts, "more", ASHA, "gone")


def test_of_buttons_with_one_action_id_the_one_with_the_value_is_pressed(shop, client, app):
    client.views_publish(user_id=ASHA, view=home(*ROWS))

    shop.slack.press_in_view(ASHA, "take", "2", home=True)
    shop.outbox.drain()

    (told,) = app.heard("block_actions")
    assert told["container"] == {"type": "view", "view_id": told["view"]["id"]}
    assert told["view"]["type"] == "home"
    assert (told["actions"][0]["value"], told["actions"][0]["block_id"]) == ("2", "row2")
    assert "response_url" not in told


def test_a_submission_holds_every_input_in_slacks_shape(shop, app, opened):
    opened(modal(*EVERY_INPUT))

    shown = shop.slack.submit(ASHA, FILLED)

    (told,) = app.heard("view_submission")
    values = {
        block: next(iter(actions.values())) for block, actions in told["view"]["state"]["values"].items()
    }
    busy = {"text": {"type": "plain_text", "text": "Busy", "emoji": True}, "value": "busy"}
    free = {"text": {"type": "plain_text", "text": "Free for a minute", "emoji": True}, "value": "free"}
    assert values == {
        "reason": {"type": "plain_text_input", "value": "the courier calls back"},
        "who": {"type": "users_select", "selected_user": RAVI},
        "when": {"type": "datepicker", "selected_date": "2026-11-04"},
        "at": {"type": "timepicker", "selected_time": "09:30"},
        "state": {"type": "static_select", "selected_option": free},
        "mood": {"type": "radio_buttons", "selected_option": busy},
        "also": {"type": "checkboxes", "selected_options": [free, busy]},
        "count": {"type": "number_input", "value": "4"},
    }
    assert (told["user"]["id"], told["view"]["callback_id"]) == (ASHA, "snooze")
    assert shown.closed
    assert shop.slack.view_of(ASHA) is None


def test_what_nobody_touched_holds_its_first_value(shop, app, opened):
    opened(modal(*EVERY_INPUT))

    shop.slack.submit(ASHA, {"reason": "a reason"})

    values = app.heard("view_submission")[0]["view"]["state"]["values"]
    assert values["when"]["a"]["selected_date"] == "2026-11-03"
    assert values["state"]["a"]["selected_option"]["value"] == "busy"
    assert [one["value"] for one in values["also"]["a"]["selected_options"]] == ["free"]
    assert values["who"]["a"] == {"type": "users_select", "selected_user": None}


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({}, {"reason": "Please complete this required field."}),
        ({"reason": "no"}, {"reason": "Please enter at least 3 characters."}),
        ({"reason": "x" * 201}, {"reason": "Please enter no more than 200 characters."}),
        ({"reason": "yes", "count": "4.5"}, {"count": "Please enter a whole number."}),
        ({"reason": "yes", "count": "10"}, {"count": "Please enter a number no more than 9."}),
    ],
)
def test_what_slacks_own_client_refuses_is_not_sent(shop, app, opened, values, errors):
    opened(modal(*EVERY_INPUT))

    shown = shop.slack.submit(ASHA, values)

    assert shown.errors == errors
    assert app.heard("view_submission") == []


def test_errors_of_the_app_stand_at_their_fields_until_mended(shop, app, opened):
    opened(modal())
    app.on["view_submission"] = lambda told: {
        "response_action": "errors",
        "errors": {"reason": "Say who calls back."},
    }
    refused = shop.slack.submit(ASHA, {"reason": "later"})
    app.on.clear()

    mended = shop.slack.submit(ASHA, {"reason": "the courier calls back"})

    assert (refused.errors, refused.closed) == ({"reason": "Say who calls back."}, False)
    assert mended.closed


def test_a_submission_can_show_another_view_or_clear_all(shop, app, opened):
    opened(modal())
    answers = iter(
        [
            {"response_action": "update", "view": raw(modal(title="Second"))},
            {"response_action": "push", "view": raw(modal(title="Third"))},
            {"response_action": "clear"},
        ]
    )
    app.on["view_submission"] = lambda told: next(answers)

    seen = [shop.slack.submit(ASHA, {"reason": "because"}) for _ in range(3)]

    assert [one.view and one.view["title"]["text"] for one in seen] == ["Second", "Third", None]


@pytest.mark.parametrize(
    "answer",
    [
        500,
        "no JSON",
        {"response_action": "dance"},
        {"response_action": "errors", "errors": {"elsewhere": "no such input"}},
        {"response_action": "update", "view": {"type": "modal"}},
    ],
)
def test_an_answer_slack_cannot_use_is_trouble_over_the_modal(shop, app, opened, answer):
    opened(modal())
    app.on["view_submission"] = lambda told: answer

    shown = shop.slack.submit(ASHA, {"reason": "because"})

    assert (shown.trouble, shown.errors) == ("We had some trouble connecting. Try again?", {})


def test_a_closed_modal_is_told_only_where_the_app_asked(shop, app, opened):
    opened(modal(private_metadata="one"))
    shop.slack.close_view(ASHA)
    opened(modal(private_metadata="two", notify_on_close=True, clear_on_close=True))
    shop.slack.close_view(ASHA)
    shop.outbox.drain()

    told = app.heard("view_closed")
    assert [(one["view"]["private_metadata"], one["is_cleared"]) for one in told] == [("two", True)]


def test_a_choice_in_a_modal_is_told_with_the_state_of_the_whole(shop, app, opened):
    select = {"type": "actions", "block_id": "pick", "elements": [EVERY_INPUT[4].element.to_dict()]}
    opened(raw(modal(), blocks=[REASON.to_dict(), select]))

    shop.slack.choose_in_view(ASHA, "text", "typed")
    shop.slack.choose_in_view(ASHA, "a", "free")
    shop.outbox.drain()

    (told,) = app.heard("block_actions")  # an input says nothing until it is sent
    assert told["actions"][0]["selected_option"]["value"] == "free"
    assert told["view"]["state"]["values"]["reason"]["text"]["value"] == "typed"
    assert told["view"]["state"]["values"]["pick"]["a"]["selected_option"]["value"] == "free"


def test_an_interaction_is_told_once_and_its_loss_is_shown(shop, client, app):
    ts = with_menu(client)
    app.on["block_actions"] = lambda told: 500

    shop.slack.choose("C0ALL", ts, "more", ASHA, "busy")
    shop.outbox.drain()

    assert len(app.heard("block_actions")) == 1
    assert shop.slack.troubles_of(ASHA) == ["“more” did not work: the app could not be reached."]
    assert shop.slack.troubles_of(RAVI) == []


def test_an_app_that_takes_too_long_is_told_of_as_late(hurried, shop):
    hurried.shortcut(ASHA, "anything")

    shown = hurried.slash(ASHA, "C0ALL", "/handoff", "who")
    shop.outbox.drain()

    assert [one["text"] for one in shown] == ['/handoff failed with the error "operation_timeout"']
    assert hurried.troubles_of(ASHA) == ["“anything” did not work: the app did not answer in time."]


def test_a_command_is_told_as_a_form_and_answered_at_once(shop, app):
    app.on["slash_command"] = lambda told: {"response_type": "ephemeral", "text": "Asha is on duty."}

    (seen,) = shop.slack.slash(ASHA, "C0ALL", "/handoff", "who now")

    (told,) = app.heard("slash_command")
    assert (told["command"], told["text"], told["channel_name"]) == ("/handoff", "who now", "support-all")
    assert (told["user_id"], told["user_name"], told["team_id"]) == (ASHA, "asha", "T0SHOP")
    assert (seen["text"], seen["user"]) == ("Asha is on duty.", ASHA)
    assert shop.slack.whispers_to(RAVI, "C0ALL") == []


def test_a_command_may_be_answered_in_the_channel_as_text_or_not_at_all(shop, app):
    answers = iter([{"response_type": "in_channel", "text": "For all."}, "Plain.", None, 503])
    app.on["slash_command"] = lambda told: next(answers)

    seen = [[one["text"] for one in shop.slack.slash(ASHA, "C0ALL", "/handoff")] for _ in range(4)]

    assert seen == [["For all."], ["Plain."], [], ['/handoff failed with the error "dispatch_failed"']]
    assert [one["text"] for one in shop.messages("C0ALL")] == ["For all."]


def test_a_command_may_open_a_modal(shop, client, app):
    app.on["slash_command"] = lambda told: (
        client.views_open(trigger_id=told["trigger_id"], view=modal()) and None
    )

    assert shop.slack.slash(ASHA, "C0ALL", "/handoff", "snooze") == []
    assert shop.slack.view_of(ASHA)["callback_id"] == "snooze"


def test_a_response_url_takes_five_answers_in_half_an_hour(shop, client, app, slack_port):
    shop.slack.served_at(slack_port.url)
    shop.slack.slash(ASHA, "C0ALL", "/handoff")
    shop.slack.slash(ASHA, "C0ALL", "/handoff")
    first, second = (WebhookClient(told["response_url"]) for told in app.heard("slash_command"))

    answers = [first.send(text=f"n{number}") for number in range(6)]
    shop.clock.forward(minutes=31)
    late = second.send(text="late")

    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert (answers[5].body, late.body) == (
        '{"ok": false, "error": "used_url"}',
        '{"ok": false, "error": "expired_url"}',
    )
    assert [one["text"] for one in shop.slack.whispers_to(ASHA, "C0ALL")] == [f"n{n}" for n in range(5)]


def test_a_response_url_replaces_or_deletes_what_was_acted_on(shop, client, app, slack_port):
    shop.slack.served_at(slack_port.url)
    first, second = with_menu(client), with_menu(client)
    for ts in (first, second):
        shop.slack.choose("C0ALL", ts, "more", ASHA, "busy")
    shop.outbox.drain()
    replacing, deleting = (WebhookClient(told["response_url"]) for told in app.heard("block_actions"))

    replacing.send(text="Done.", replace_original=True)
    deleting.send(delete_original=True)

    assert [one["text"] for one in shop.messages("C0ALL")] == ["Done."]


def test_a_button_only_one_user_sees_can_be_pressed_by_that_user(shop, client, app):
    blocks = [block.to_dict() for block in ROWS]
    ts = client.chat_postEphemeral(channel="C0ALL", user=ASHA, text="x", blocks=blocks)["message_ts"]

    shop.slack.press("C0ALL", ts, "take", ASHA, "2")
    shop.outbox.drain()

    (told,) = app.heard("block_actions")
    assert (told["container"]["is_ephemeral"], told["actions"][0]["value"]) == (True, "2")
    assert "message" not in told
    with pytest.raises(LookupError):
        shop.slack.press("C0ALL", ts, "take", RAVI)


def test_a_shortcut_on_a_message_brings_the_message(shop, app):
    ts = shop.slack.say("C0ALL", RAVI, "who has order 4411?")

    shop.slack.message_shortcut(ASHA, "C0ALL", ts, "take_it")
    shop.outbox.drain()

    (told,) = app.heard("message_action")
    assert (told["callback_id"], told["message_ts"]) == ("take_it", ts)
    assert (told["message"]["text"], told["message"]["user"]) == ("who has order 4411?", RAVI)
    assert (told["channel"]["id"], told["user"]["id"]) == ("C0ALL", ASHA)


def test_a_press_in_a_thread_names_the_thread(shop, client, app):
    parent = client.chat_postMessage(channel="C0ALL", text="card")["ts"]
    ts = with_menu(client, thread_ts=parent)

    shop.slack.choose("C0ALL", ts, "more", ASHA, "busy")
    shop.outbox.drain()

    assert app.heard("block_actions")[0]["container"]["thread_ts"] == parent


def test_a_late_answer_to_a_modal_that_is_gone_changes_nothing(shop, client, app, opened):
    opened(modal())

    def close_first(told):
        shop.slack.close_view(ASHA)
        return {"response_action": "errors", "errors": {"reason": "too late"}}

    app.on["view_submission"] = close_first

    assert shop.slack.submit(ASHA, {"reason": "because"}).closed
