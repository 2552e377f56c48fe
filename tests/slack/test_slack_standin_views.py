"""The stand-in shows modals and home tabs as Slack does, and refuses what Slack refuses."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError
from slack_views import EVERY_INPUT, OVERFLOW, REASON, ROWS, home, modal, raw

ASHA, RAVI = "U07ASHA", "U07RAVI"


@pytest.fixture
def trigger(shop, client, app):
    """Return how to get a fresh trigger of Asha's."""

    def fresh() -> str:
        shop.slack.shortcut(ASHA, "anything")
        shop.outbox.drain()
        return app.heard("shortcut")[-1]["trigger_id"]

    return fresh


def refused(call, **arguments):
    with pytest.raises(SlackApiError) as raised:
        call(**arguments)
    return raised.value.response


def input_with(**element):
    return {
        "type": "input",
        "block_id": "b",
        "label": {"type": "plain_text", "text": "Label"},
        "element": {"type": "plain_text_input", "action_id": "a", **element},
    }


def option(value="v", text="T"):
    return {"text": {"type": "plain_text", "text": text}, "value": value}


def test_a_modal_opens_for_whoever_acted(shop, client, trigger):
    answer = client.views_open(trigger_id=trigger(), view=modal(private_metadata="ho_1"))

    seen = shop.slack.view_of(ASHA)
    assert (seen["callback_id"], seen["private_metadata"]) == ("snooze", "ho_1")
    assert (seen["id"], seen["hash"]) == (answer["view"]["id"], answer["view"]["hash"])
    assert seen["root_view_id"] == seen["id"]
    assert shop.slack.view_of(RAVI) is None


def test_a_trigger_opens_one_modal(client, trigger):
    used = trigger()
    client.views_open(trigger_id=used, view=modal())

    assert refused(client.views_open, trigger_id=used, view=modal())["error"] == "exchanged_trigger_id"
    assert refused(client.views_open, trigger_id="1.2.x", view=modal())["error"] == "invalid_trigger_id"


def test_a_trigger_is_good_for_three_seconds(shop, client, trigger):
    early, late = trigger(), trigger()
    shop.clock.forward(seconds=3)
    client.views_open(trigger_id=early, view=modal())
    shop.clock.forward(seconds=0.1)

    assert refused(client.views_open, trigger_id=late, view=modal())["error"] == "expired_trigger_id"


def test_a_refused_view_leaves_the_trigger_good(client, trigger):
    kept = trigger()
    refused(client.views_open, trigger_id=kept, view=raw(modal(), blocks="none"))

    assert client.views_open(trigger_id=kept, view=modal())["ok"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"title": {"type": "plain_text", "text": "x" * 25}},
            "must be less than 25 characters [json-pointer:/view/title/text]",
        ),
        (
            {"close": {"type": "plain_text", "text": "x" * 25}},
            "must be less than 25 characters [json-pointer:/view/close/text]",
        ),
        (
            {"title": {"type": "mrkdwn", "text": "x"}},
            "failed to match all allowed schemas [json-pointer:/view/title]",
        ),
        ({"title": None}, "missing required field: title [json-pointer:/view]"),
        ({"type": "home"}, "unsupported type: home [json-pointer:/view/type]"),
        (
            {"submit": None},
            "must define `submit` to use `input` block [json-pointer:/view/blocks/0/input]",
        ),
        (
            {"private_metadata": "x" * 3001},
            "must be less than 3001 characters [json-pointer:/view/private_metadata]",
        ),
        ({"callback_id": "x" * 256}, "must be less than 256 characters [json-pointer:/view/callback_id]"),
        ({"submit_disabled": True}, "invalid additional property: submit_disabled [json-pointer:/view]"),
        (
            {"blocks": [{"type": "divider"}] * 101},
            "no more than 100 items allowed [json-pointer:/view/blocks]",
        ),
        (
            {"blocks": [input_with(), input_with()]},
            "block_id `b` already exists [json-pointer:/view/blocks/1/block_id]",
        ),
        (
            {"blocks": [input_with(max_length=1, initial_value="ab")]},
            "must be less than 2 characters [json-pointer:/view/blocks/0/element/initial_value]",
        ),
        (
            {"blocks": [input_with(type="static_select", options=[option(text="x" * 76)])]},
            "must be less than 76 characters [json-pointer:/view/blocks/0/element/options/0/text/text]",
        ),
        (
            {"blocks": [input_with(type="static_select", options=[option()] * 101)]},
            "no more than 100 items allowed [json-pointer:/view/blocks/0/element/options]",
        ),
        (
            {"blocks": [input_with(type="static_select", options=[option()], initial_option=option("w"))]},
            "must be one of the provided options [json-pointer:/view/blocks/0/element/initial_option]",
        ),
        (
            {"blocks": [input_with(type="checkboxes", options=[option()], initial_options=[option("w")])]},
            "must be one of the provided options [json-pointer:/view/blocks/0/element/initial_options]",
        ),
        (
            {"blocks": [input_with(type="overflow", options=[option()])]},
            "unsupported type: overflow [json-pointer:/view/blocks/0/element/type]",
        ),
        (
            {"blocks": [input_with(type="datepicker", initial_date="03.11.2026")]},
            "must be a date as YYYY-MM-DD [json-pointer:/view/blocks/0/element/initial_date]",
        ),
        (
            {"blocks": [input_with(type="number_input")]},
            "missing required field: is_decimal_allowed [json-pointer:/view/blocks/0/element]",
        ),
        (
            {"blocks": [input_with(confirm={"title": {"type": "plain_text", "text": "Sure?"}})]},
            "failed to match all allowed schemas [json-pointer:/view/blocks/0/element/confirm/text]",
        ),
        (
            {"blocks": [{"type": "actions", "elements": [{"type": "overflow", "options": [option()] * 6}]}]},
            "no more than 5 items allowed [json-pointer:/view/blocks/0/elements/0/options]",
        ),
    ],
)
def test_a_view_slack_would_refuse_is_refused_in_its_words(client, trigger, changes, message):
    view = {name: value for name, value in raw(modal(), **changes).items() if value is not None}

    answer = refused(client.views_open, trigger_id=trigger(), view=view)

    assert answer["error"] == "invalid_arguments"
    assert f"[ERROR] {message}" in answer["response_metadata"]["messages"]


def test_what_slack_sdk_makes_of_every_input_is_taken(client, trigger):
    answer = client.views_open(trigger_id=trigger(), view=modal(*EVERY_INPUT, *ROWS))

    assert [block["block_id"] for block in answer["view"]["blocks"]][:3] == ["reason", "who", "when"]


def test_an_update_needs_the_latest_hash_where_one_is_given(client, trigger):
    first = client.views_open(trigger_id=trigger(), view=modal(external_id="e1"))["view"]
    second = client.views_update(external_id="e1", hash=first["hash"], view=modal(title="Later"))["view"]

    stale = refused(client.views_update, view_id=first["id"], hash=first["hash"], view=modal())

    assert (second["id"], second["title"]["text"]) == (first["id"], "Later")
    assert stale["error"] == "hash_conflict"
    assert refused(client.views_update, view_id="V0", view=modal())["error"] == "not_found"


def test_an_external_id_is_given_once(client, trigger):
    client.views_open(trigger_id=trigger(), view=modal(external_id="e1"))

    assert (
        refused(client.views_publish, user_id=RAVI, view=raw(home(), external_id="e1"))["error"]
        == "duplicate_external_id"
    )


def test_an_update_keeps_what_was_typed_where_block_and_action_stay(shop, client, trigger):
    view = client.views_open(trigger_id=trigger(), view=modal(*EVERY_INPUT))["view"]
    shop.slack.choose_in_view(ASHA, "text", "the courier calls back")
    kept, other = EVERY_INPUT[0], raw(modal(REASON))["blocks"][0] | {"block_id": "other"}

    client.views_update(view_id=view["id"], view=modal(kept, other))

    values = shop.slack.view_of(ASHA)["state"]["values"]
    assert values["reason"]["text"]["value"] == "the courier calls back"
    assert values["other"]["text"]["value"] is None
    assert "who" not in values


def test_views_are_pushed_three_high(shop, client, trigger, app):
    client.views_open(trigger_id=trigger(), view=modal(REASON, *ROWS))

    def push():
        shop.slack.press_in_view(ASHA, "take", "1")
        shop.outbox.drain()
        return client.views_push(
            trigger_id=app.heard("block_actions")[-1]["trigger_id"], view=modal(REASON, *ROWS)
        )["view"]

    second, third = push(), push()

    assert third["previous_view_id"] == second["id"]
    assert third["root_view_id"] == second["root_view_id"] == second["previous_view_id"]
    with pytest.raises(SlackApiError, match="push_limit_reached"):
        push()
    shop.slack.close_view(ASHA)
    assert shop.slack.view_of(ASHA)["id"] == second["id"]


def test_a_trigger_from_elsewhere_pushes_nothing(client, trigger):
    client.views_open(trigger_id=trigger(), view=modal())

    assert refused(client.views_push, trigger_id=trigger(), view=modal())["error"] == "not_found"


def test_the_latest_home_counts_for_each_user(shop, client):
    first = client.views_publish(user_id=ASHA, view=home())["view"]
    client.views_publish(user_id=RAVI, view=home())
    second = client.views_publish(user_id=ASHA, hash=first["hash"], view=home(*ROWS))["view"]

    assert shop.slack.home_of(ASHA)["blocks"][0]["block_id"] == "row1"
    assert shop.slack.home_of(RAVI)["blocks"][0]["type"] == "section"
    assert second["id"] == first["id"]
    assert (
        refused(client.views_publish, user_id=ASHA, hash=first["hash"], view=home())["error"]
        == "hash_conflict"
    )
    assert refused(client.views_publish, user_id=ASHA, view=modal())["error"] == "invalid_arguments"


def test_menus_under_messages_are_checked_too(client):
    fits = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "accessory": OVERFLOW.to_dict()}
    client.chat_postMessage(channel="C0ALL", text="x", blocks=[fits])
    too_many = {**fits, "accessory": {"type": "overflow", "action_id": "a", "options": [option()] * 6}}

    answer = refused(client.chat_postMessage, channel="C0ALL", text="x", blocks=[too_many])

    assert answer["response_metadata"]["messages"] == [
        "[ERROR] no more than 5 items allowed [json-pointer:/blocks/0/accessory/options]"
    ]
