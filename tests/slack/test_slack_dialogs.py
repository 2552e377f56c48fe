"""Dialogs as Slack's modals: what is shown, what comes back, and what happens to the modal then."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from slack_sdk.models.views import View
from stand_ins import NOON
from test_slack_presses import Core, press_payload, send

from bridge.handoffs.model import CardRef
from connectors.chat import Action, CardState, Choice, Dialog, DialogField, FieldKind, PressAnswer
from connectors.errors import Gone, Rejected
from connectors.slack import SlackReceiver
from connectors.slack.dialogs import TooLong, sent_off, view_of
from sandbox.slack.standin import SIGNING_SECRET
from sandbox.slack.triggers import new_trigger

CARD = CardRef(connection="slack", channel="C0MORNING", message="1.2")
DIALOG = Dialog(
    action=Action.HAND_OVER,
    handoff_id="ho_1",
    title="Hand over",
    submit="Hand over",
    lines=("Promised to <!channel> *now*",),
    fields=(
        DialogField(
            name="person",
            label="To whom",
            kind=FieldKind.CHOICE,
            choices=(Choice(value="asha", label="Asha Rao"), Choice(value="ravi", label="Ravi Iyer")),
        ),
        DialogField(name="reason", label="Why", kind=FieldKind.TEXT, required=False, longest=500),
    ),
    kept={"author": "meera"},
    card=CARD,
)


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def receiver(core: Core) -> SlackReceiver:
    return SlackReceiver(
        signing_secret=SIGNING_SECRET, on_press=core.on_press, on_refusal=core.on_refusal, team_id="T0SHOP"
    )


def submission(dialog=DIALOG, values=None, **changes):
    """What Slack sends when a modal is sent off; `values` by field, text or a chosen option."""
    elements = {
        name: {"value": {"type": "static_select", "selected_option": {"value": value}}}
        if name == "person"
        else {"value": {"type": "plain_text_input", "value": value}}
        for name, value in (values or {}).items()
    }
    return {
        "type": "view_submission",
        "team": {"id": "T0SHOP"},
        "user": {"id": "U07MEERA", "name": "meera", "team_id": "T0SHOP"},
        "trigger_id": "9.T0SHOP",
        "view": {**view_of(dialog), "id": "V1", "state": {"values": elements}},
    } | changes


def test_a_modal_is_what_slack_takes():
    view = view_of(DIALOG)

    View(**view).validate_json()
    assert [block["type"] for block in view["blocks"]] == ["section", "input", "input"]
    assert (view["title"]["text"], view["submit"]["text"]) == ("Hand over", "Hand over")


def test_lines_are_escaped_and_what_is_quoted_is_plain_text():
    view = view_of(replace(DIALOG, quoted="<!channel> *exactly* :tada: this"))

    lines, quoted = view["blocks"][:2]
    assert "<!channel>" not in lines["text"]["text"]
    assert quoted["text"] == {
        "type": "plain_text",
        "text": "<!channel> *exactly* :tada: this",
        "emoji": False,
    }


def test_what_a_dialog_carries_comes_back_with_what_was_entered():
    view = submission(values={"person": "asha", "reason": "Hindi"})["view"]

    sent = sent_off(view, "slack")

    assert (sent.action, sent.handoff_id, sent.card) == (Action.HAND_OVER, "ho_1", CARD)
    assert (sent.kept, sent.entered) == ({"author": "meera"}, {"person": "asha", "reason": "Hindi"})


@pytest.mark.parametrize(
    "spoiled",
    [
        {"private_metadata": ""},
        {"private_metadata": "[]"},
        {"private_metadata": json.dumps({"action": "nonsense", "handoff_id": "x", "kept": {}, "card": None})},
        {"state": None},
    ],
)
def test_a_modal_that_is_not_ours_is_passed_over(receiver, core, spoiled):
    payload = submission()
    payload["view"] |= spoiled

    assert send(receiver, payload, form=True).status == 200
    assert core.presses == []


def test_a_modal_sent_off_comes_in_as_one_press(receiver, core):
    answer = send(receiver, submission(values={"person": "asha"}), form=True)
    send(receiver, submission(values={"person": "asha"}), form=True)

    first, second = core.presses
    assert (first.action, first.handoff_id, first.user_id) == (Action.HAND_OVER, "ho_1", "U07MEERA")
    assert (first.entered, first.kept, first.card) == ({"person": "asha"}, {"author": "meera"}, CARD)
    assert first.event_id == second.event_id
    assert json.loads(answer.body) == {"response_action": "clear"}


def test_a_mistake_is_shown_at_its_field(receiver, core):
    core.answer = PressAnswer(problems={"person": "The desk does not know this person any more."})

    answer = send(receiver, submission(), form=True)

    assert json.loads(answer.body) == {
        "response_action": "errors",
        "errors": {"person": "The desk does not know this person any more."},
    }


def test_what_is_to_be_confirmed_comes_on_top(receiver, core):
    core.answer = PressAnswer(
        dialog=Dialog(
            action=Action.SEND_REPLY, handoff_id="ho_1", title="Send this?", submit="Send", quoted="Hello"
        )
    )

    answer = json.loads(send(receiver, submission(), form=True).body)

    assert answer["response_action"] == "push"
    View(**answer["view"]).validate_json()
    assert answer["view"]["blocks"][0]["text"]["text"] == "Hello"


def test_what_is_too_long_to_carry_is_told_at_the_field(receiver, core):
    core.answer = PressAnswer(
        dialog=Dialog(
            action=Action.SEND_REPLY, handoff_id="ho_1", title="t", submit="s", kept={"text": "\n" * 2_000}
        )
    )

    answer = json.loads(send(receiver, submission(), form=True).body)

    assert "too long" in answer["errors"]["person"]


def test_why_nothing_happened_is_told_alone_and_the_modal_closes(receiver, core):
    core.answer = PressAnswer(text="It is over.")

    answer = send(receiver, submission(), form=True)

    assert core.refusals == [("U07MEERA", "It is over.")]
    assert json.loads(answer.body) == {"response_action": "clear"}


def test_a_choice_from_the_menu_comes_in_as_its_action(receiver, core):
    chosen = {
        "type": "overflow",
        "action_id": "more",
        "block_id": "b",
        "action_ts": "3.4",
        "selected_option": {"text": {"type": "plain_text", "text": "Snooze…"}, "value": "snooze:ho_1"},
    }
    send(receiver, press_payload(actions=[chosen], trigger_id="1.T"), form=True)

    (press,) = core.presses
    assert (press.action, press.handoff_id, press.trigger) == (Action.SNOOZE, "ho_1", "1.T")
    assert press.entered is None


def test_a_dialog_opens_where_it_was_asked_for(shop, chat):
    trigger = new_trigger(shop.slack.workspace, "U07ASHA")

    chat.open_dialog(trigger, DIALOG)

    assert shop.calls() == ["views.open"]
    assert shop.slack.view_of("U07ASHA")["callback_id"] == "handoff"


def test_a_trigger_that_is_spent_is_gone(shop, chat):
    with pytest.raises(Gone, match="trigger"):
        chat.open_dialog("never", DIALOG)


def test_a_dialog_that_carries_too_much_is_not_sent(shop, chat):
    with pytest.raises(TooLong):
        view_of(replace(DIALOG, kept={"text": "x" * 3_000}))
    with pytest.raises(Rejected):
        chat.open_dialog("t-1", replace(DIALOG, kept={"text": "x" * 3_000}))
    assert shop.calls() == []


@pytest.mark.parametrize(
    ("state", "more"),
    [
        (CardState.WAITING, ["hand_over", "wrong_team", "snooze", "escalate", "resolve"]),
        (CardState.LATE, ["hand_over", "wrong_team", "snooze", "escalate", "resolve"]),
        (CardState.ANSWERED, ["hand_over", "wrong_team", "resolve"]),
    ],
)
def test_the_menu_offers_what_can_be_done_now(shop, chat, card, once, state, more):
    ref = chat.post_card(card(state=state, answered_by="Asha"), once).ref

    message = shop.slack.workspace.channels[ref.channel].message(ref.message)
    (menu,) = [
        element
        for block in message.blocks
        for element in block.get("elements", ())
        if element.get("type") == "overflow"
    ]
    assert [option["value"] for option in menu["options"]] == [f"{action}:ho_1" for action in more]


def test_a_closed_card_offers_nothing_to_do(shop, chat, card, once):
    chat.post_card(card(state=CardState.CLOSED, closing="resolved", answered_by="Asha"), once)

    assert shop.messages()[0]["buttons"] == []


def test_the_context_is_judged_once_somebody_has_the_handoff(shop, chat, card, once):
    chat.post_card(card(state=CardState.CLAIMED, claimed_by="Asha"), once)

    pressed = [one["action_id"] for one in shop.messages()[0]["buttons"]]
    assert pressed == ["reply", "note", "context_helped", "context_failed", "re_asked"]


def test_a_snooze_is_shown_with_its_end(shop, chat, card, once):
    chat.post_card(card(snoozed_until=NOON, snoozed_by="Meera Shah"), once)

    assert "Snoozed by Meera Shah until" in json.dumps(shop.messages()[0])
