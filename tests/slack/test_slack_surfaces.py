"""What Slack sends beside presses: commands, opened home tabs, picked messages, shared links."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest
from stand_ins import NOON
from test_slack_presses import Core, press_payload, send

from connectors.chat import Action, Command, Dialog, HomeOpened, PickedMessage, Press, SharedLinks
from connectors.slack import SlackReceiver
from connectors.slack.dialogs import view_of
from sandbox.slack.sending import FORM, signed_headers
from sandbox.slack.standin import SIGNING_SECRET

COMMAND = {
    "token": "verification_token",
    "team_id": "T0SHOP",
    "team_domain": "shop",
    "channel_id": "C0TALK",
    "channel_name": "talk",
    "user_id": "U07ASHA",
    "user_name": "asha",
    "command": "/handoff",
    "text": "cover <@U07RAVI|ravi> 18:00",
    "api_app_id": "A111",
    "is_enterprise_install": "false",
    "response_url": "https://hooks.slack.com/commands/T0SHOP/1/x",
    "trigger_id": "111.222.xxx",
}


@dataclass
class Heard:
    """Keeps what it is told of, as the bridge would."""

    commands: list[Command] = field(default_factory=list)
    homes: list[HomeOpened] = field(default_factory=list)
    messages: list[PickedMessage] = field(default_factory=list)
    links: list[SharedLinks] = field(default_factory=list)
    answer: str = "Ravi has it."

    def command(self, command: Command) -> str:
        self.commands.append(command)
        return self.answer

    def opened(self, opened: HomeOpened) -> None:
        self.homes.append(opened)

    def picked(self, picked: PickedMessage) -> None:
        self.messages.append(picked)

    def shared(self, shared: SharedLinks) -> None:
        self.links.append(shared)

    def everything(self) -> list[object]:
        return [*self.commands, *self.homes, *self.messages, *self.links]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def receiver(core: Core, heard: Heard) -> SlackReceiver:
    return SlackReceiver(
        signing_secret=SIGNING_SECRET, on_press=core.on_press, team_id="T0SHOP", surfaces=heard
    )


def type_command(receiver, **changes):
    body = urlencode({**COMMAND, **changes}).encode()
    return receiver.handle(signed_headers(FORM, body, SIGNING_SECRET, lambda: NOON), body, NOON)


def event(kind, **about):
    return {
        "token": "verification_token",
        "team_id": "T0SHOP",
        "api_app_id": "A111",
        "event": {"type": kind, **about},
        "type": "event_callback",
        "event_id": "Ev111",
        "event_time": 1606810927,
    }


def link_shared(**changes):
    about = {
        "channel": "C0TALK",
        "is_bot_user_member": True,
        "user": "U07ASHA",
        "message_ts": "1.2",
        "unfurl_id": "C0TALK-1.2",
        "source": "conversations_history",
        "links": [{"url": "https://bridge.example/handoffs/ho_1", "domain": "bridge.example"}],
        "event_ts": "1.2",
    }
    return event("link_shared", **(about | changes))


def message_action(**changes):
    return {
        "type": "message_action",
        "token": "verification_token",
        "action_ts": "1583637157.207593",
        "team": {"id": "T0SHOP", "domain": "shop"},
        "user": {"id": "U07ASHA", "name": "asha"},
        "channel": {"id": "C0TALK", "name": "talk"},
        "callback_id": "hand_off_message",
        "trigger_id": "111.222.xxx",
        "message_ts": "1.2",
        "message": {"type": "message", "text": "Where is my parcel &amp; why?", "user": "U9", "ts": "1.2"},
        "response_url": "https://hooks.slack.com/app/T0SHOP/1/xxx",
    } | changes


def test_a_command_is_answered_at_once_and_to_the_asker_alone(receiver, heard):
    status, headers, body = type_command(receiver)

    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == {"response_type": "ephemeral", "text": "Ravi has it.", "mrkdwn": True}
    (command,) = heard.commands
    assert (command.user_id, command.text) == ("U07ASHA", "cover @U07RAVI 18:00")


def test_two_commands_have_two_ids_and_a_copy_has_the_same(receiver, heard):
    for trigger in ("1.a", "1.a", "1.b"):
        type_command(receiver, trigger_id=trigger)

    first, copy, second = (command.event_id for command in heard.commands)
    assert first == copy != second


def test_an_answer_does_nothing_but_show_its_words(receiver, heard):
    heard.answer = "<!channel> *bold*\nsecond <https://evil.example|line>"

    shown = json.loads(type_command(receiver).body)["text"]

    assert shown.splitlines() == [
        "&lt;!channel&gt; ∗bold∗",
        "second &lt;https://evil.example|line&gt;",
    ]


def test_a_long_answer_is_cut_to_what_slack_takes(receiver, heard):
    heard.answer = "\n".join("x" * 500 for _ in range(20))

    assert len(json.loads(type_command(receiver).body)["text"]) <= 3_000


@pytest.mark.parametrize(
    "changes", [{"command": "/other"}, {"team_id": "T0OTHER"}, {"user_id": ""}, {"trigger_id": ""}]
)
def test_a_command_that_is_not_ours_is_passed_over(receiver, heard, changes):
    assert type_command(receiver, **changes).status == 200
    assert heard.everything() == []


def test_an_opened_home_tab_comes_in(receiver, heard):
    send(receiver, event("app_home_opened", user="U07ASHA", channel="D1", tab="home", event_ts="1.2"))

    assert heard.homes == [HomeOpened(user_id="U07ASHA")]


def test_the_tab_of_messages_is_no_home(receiver, heard):
    send(receiver, event("app_home_opened", user="U07ASHA", channel="D1", tab="messages", event_ts="1.2"))

    assert heard.everything() == []


def test_a_picked_message_comes_in_under_one_conversation(receiver, heard):
    send(receiver, message_action(), form=True)
    send(receiver, message_action(action_ts="1583637158.1", user={"id": "U07RAVI"}), form=True)

    first, second = heard.messages
    assert first.conversation_id == second.conversation_id == "slack:T0SHOP:C0TALK:1.2"
    assert (first.user_id, first.user_name, first.trigger) == ("U07ASHA", "asha", "111.222.xxx")
    assert (first.text, first.code) == ("Where is my parcel & why?", "slack_shortcut")
    assert first.event_id != second.event_id


def test_a_shared_link_comes_in_with_where_it_stands(receiver, heard):
    send(receiver, link_shared())

    (shared,) = heard.links
    assert shared.place == {"channel": "C0TALK", "ts": "1.2"}
    assert (shared.user_id, shared.urls) == ("U07ASHA", ("https://bridge.example/handoffs/ho_1",))


def test_a_link_in_a_message_that_is_being_written_is_told_by_its_unfurl(receiver, heard):
    send(receiver, link_shared(channel="COMPOSER", source="composer", unfurl_id="abc"))

    assert heard.links[0].place == {"unfurl_id": "abc", "source": "composer"}


@pytest.mark.parametrize(
    "changes",
    [
        {"links": None},
        {"links": [7]},
        {"links": []},
        {"user": None},
        {"message_ts": None},
        {"user_team": "T0OTHER"},
        {"channel": "COMPOSER", "source": "composer", "unfurl_id": None},
    ],
)
def test_a_link_that_cannot_be_shown_to_one_of_us_is_passed_over(receiver, heard, changes):
    assert send(receiver, link_shared(**changes)).status == 200
    assert heard.everything() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"callback_id": "someone_elses"},
        {"team": {"id": "T0OTHER"}},
        {"message": None, "message_ts": None},
        {"channel": None},
        {"user": {}},
        {"action_ts": None},
    ],
)
def test_a_message_that_is_not_picked_for_us_is_passed_over(receiver, heard, changes):
    assert send(receiver, message_action(**changes), form=True).status in (200, 400)
    assert heard.everything() == []


def test_without_anybody_to_take_them_they_are_acknowledged(core):
    receiver = SlackReceiver(signing_secret=SIGNING_SECRET, on_press=core.on_press)

    for payload, form in ((message_action(), True), (link_shared(), False)):
        assert send(receiver, payload, form=form) == (200, {}, b"")
    assert type_command(receiver) == (200, {}, b"")


def test_what_the_core_cannot_keep_is_not_acknowledged(receiver, heard, monkeypatch):
    def broken(_opened: HomeOpened) -> None:
        raise RuntimeError("the store is down")

    monkeypatch.setattr(heard, "opened", broken)
    with pytest.raises(RuntimeError):
        send(receiver, event("app_home_opened", user="U07ASHA", tab="home"))


def home_press(action="take_over", value="web"):
    chosen = {"type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": "3.4"}
    container = {"type": "view", "view_id": "V1"}
    return press_payload(channel=None, container=container, actions=[chosen], trigger_id="9.T0SHOP")


def test_a_press_on_a_home_tab_is_about_the_desk_and_has_no_card(receiver, core):
    send(receiver, home_press(), form=True)

    (press,) = core.presses
    assert (press.action, press.handoff_id, press.subject) == (Action.TAKE_OVER, "", "web")
    assert (press.card, press.trigger) == (None, "9.T0SHOP")


def test_a_handoff_s_button_on_a_home_tab_is_about_that_handoff(receiver, core):
    send(receiver, home_press("claim", "ho_1"), form=True)

    (press,) = core.presses
    assert (press.action, press.handoff_id, press.subject, press.card) == (Action.CLAIM, "ho_1", "", None)


def dialog_sent(action, handoff_id=""):
    dialog = Dialog(action=action, handoff_id=handoff_id, title="x", submit="x", kept={"channel": "web"})
    view = {**view_of(dialog), "id": "V1", "state": {"values": {"until": {"value": {"value": "18:00"}}}}}
    return {
        "type": "view_submission",
        "team": {"id": "T0SHOP"},
        "user": {"id": "U07ASHA", "name": "asha"},
        "view": view,
    }


def test_a_dialog_about_the_desk_comes_back(receiver, core):
    send(receiver, dialog_sent(Action.TAKE_OVER), form=True)

    (press,) = core.presses
    assert isinstance(press, Press)
    assert (press.handoff_id, press.kept, press.entered) == ("", {"channel": "web"}, {"until": "18:00"})


@pytest.mark.parametrize(("action", "handoff_id"), [(Action.NOTE, ""), (Action.ALERTS, "ho_1")])
def test_a_dialog_whose_handoff_does_not_fit_its_action_is_forgotten(receiver, core, action, handoff_id):
    assert send(receiver, dialog_sent(action, handoff_id), form=True).status == 200
    assert core.presses == []
