"""What Slack tells us, from the button in the stand-in to the press in the core."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi import Depends, FastAPI, Request, Response
from slack_shop import TICKET
from stand_ins import NOON

from bridge.handoffs.model import CardRef
from connectors.chat import Press, PressAnswer
from connectors.errors import NotFromVendor
from connectors.slack import SlackReceiver
from sandbox.faults import Action, Fault
from sandbox.server import serve
from sandbox.slack.sending import FORM, JSON, signed_headers
from sandbox.slack.standin import SIGNING_SECRET


@dataclass
class Core:
    """Keeps what it is told of, as the bridge would."""

    presses: list[Press] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    answer: PressAnswer = field(default_factory=PressAnswer)
    failure: Exception | None = None

    def on_press(self, press: Press) -> PressAnswer:
        if self.failure is not None:
            raise self.failure
        self.presses.append(press)
        return self.answer

    def on_refusal(self, press: Press, text: str) -> None:
        self.refusals.append((press.user_id, text))


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def receiver(core: Core) -> SlackReceiver:
    return SlackReceiver(
        signing_secret=SIGNING_SECRET,
        on_press=core.on_press,
        on_refusal=core.on_refusal,
        team_id="T0SHOP",
        bot_user_id="U0BRIDGE",
    )


@pytest.fixture
def bridge(shop, receiver) -> Iterator[None]:
    """Serve the receiver where the stand-in sends to."""
    app = FastAPI()

    async def body_of(request: Request) -> bytes:
        return await request.body()

    @app.post("/slack/events")
    def events(request: Request, body: bytes = Depends(body_of)) -> Response:
        try:
            status, headers, answer = receiver.handle(request.headers, body, shop.clock())
        except NotFromVendor:
            return Response(status_code=401)
        return Response(answer, status, headers)

    with serve(app) as running:
        shop.slack.connect(running.url)
        yield


def send(receiver, payload, *, form=False):
    body = urlencode({"payload": json.dumps(payload)}) if form else json.dumps(payload)
    kind = FORM if form else JSON
    return receiver.handle(
        signed_headers(kind, body.encode(), SIGNING_SECRET, lambda: NOON), body.encode(), NOON
    )


def press_payload(**changes):
    return {
        "type": "block_actions",
        "team": {"id": "T0SHOP"},
        "user": {"id": "U07RAVI", "name": "ravi"},
        "channel": {"id": "C0MORNING"},
        "container": {"type": "message", "message_ts": "1.2"},
        "actions": [
            {"type": "button", "action_id": "claim", "block_id": "b", "value": "ho_1", "action_ts": "3.4"}
        ],
    } | changes


def test_a_press_of_claim_comes_in(shop, bridge, core, chat, card, once):
    ref = chat.post_card(card(), once).ref

    shop.slack.press(ref.channel, ref.message, "claim", "U07RAVI")
    shop.outbox.drain()

    (press,) = core.presses
    assert (press.action, press.handoff_id) == ("claim", "ho_1")
    assert (press.user_id, press.user_name) == ("U07RAVI", "ravi")
    assert press.card == ref
    assert [attempt.status for attempt in shop.outbox.log()] == [200]


def test_a_press_copied_on_the_way_has_the_same_event_id(shop, bridge, core, chat, card, once):
    ref = chat.post_card(card(), once).ref
    shop.outbox._script.add(Fault(vendor="slack", call="WEBHOOK block_actions", action=Action.DUPLICATE))

    shop.slack.press(ref.channel, ref.message, "claim", "U07RAVI")
    shop.outbox.drain()

    first, second = core.presses
    assert first.event_id == second.event_id


def test_two_presses_and_two_people_are_different_events(shop, bridge, core, chat, card, once):
    ref = chat.post_card(card(), once).ref

    for user in ("U07RAVI", "U07RAVI", "U07ASHA"):
        shop.slack.press(ref.channel, ref.message, "claim", user)
    shop.outbox.drain()

    assert len({press.event_id for press in core.presses}) == 3
    assert {press.handoff_id for press in core.presses} == {"ho_1"}


def test_two_people_in_one_instant_are_two_events(receiver, core):
    for user in ("U07RAVI", "U07ASHA"):
        send(receiver, press_payload(user={"id": user}), form=True)

    first, second = core.presses
    assert first.event_id != second.event_id


def test_opening_the_ticket_is_acknowledged_and_nothing_more(shop, bridge, core, chat, card, once):
    ref = chat.post_card(card(ticket=TICKET), once).ref

    shop.slack.press(ref.channel, ref.message, "open_ticket", "U07RAVI")
    shop.outbox.drain()

    assert core.presses == []
    assert [attempt.status for attempt in shop.outbox.log()] == [200]


def test_a_press_that_failed_is_not_sent_again(shop, chat, card, once):
    ref = chat.post_card(card(), once).ref
    shop.slack.connect("http://127.0.0.1:9")

    shop.slack.press(ref.channel, ref.message, "claim", "U07RAVI")
    shop.outbox.drain()

    assert [attempt.error for attempt in shop.outbox.log()] == ["connection"]


def test_an_event_nobody_wants_is_taken_at_once(shop, bridge, core):
    shop.slack.send_event({"type": "app_home_opened", "user": "U07RAVI"})
    shop.outbox.drain()

    assert [attempt.status for attempt in shop.outbox.log()] == [200]
    assert core.presses == []


def test_an_event_is_sent_again_until_it_is_taken(shop):
    shop.slack.connect("http://127.0.0.1:9")

    shop.slack.send_event({"type": "app_home_opened", "user": "U07RAVI"})
    shop.outbox.drain()

    assert [attempt.number for attempt in shop.outbox.log()] == [1, 2, 3, 4]


def test_what_the_core_refuses_is_handed_on_and_still_acknowledged(receiver, core):
    core.answer = PressAnswer(text="Asha has it already.")

    answer = send(receiver, press_payload(), form=True)

    assert answer == (200, {}, b"")
    assert core.refusals == [("U07RAVI", "Asha has it already.")]


def test_what_the_core_cannot_keep_is_not_acknowledged(receiver, core):
    core.failure = RuntimeError("the store is down")

    with pytest.raises(RuntimeError):
        send(receiver, press_payload(), form=True)


def test_the_challenge_is_answered(receiver):
    status, headers, body = send(receiver, {"type": "url_verification", "challenge": "abc"})

    assert status == 200
    assert headers["content-type"].startswith("application/json")
    assert json.loads(body) == {"challenge": "abc"}


def test_the_certificate_check_is_answered(receiver):
    body = b"ssl_check=1&token=x"

    answer = receiver.handle(signed_headers(FORM, body, SIGNING_SECRET, lambda: NOON), body, NOON)

    assert answer.status == 200


def test_fault_69_a_press_in_another_workspace_changes_nothing(receiver, core):
    """A press comes from another workspace: nothing changes."""
    assert send(receiver, press_payload(team={"id": "T0OTHER"}), form=True).status == 200
    assert core.presses == []


def test_a_guest_of_a_shared_channel_is_told_apart(receiver, core):
    send(receiver, press_payload(user={"id": "U9", "name": "eve", "team_id": "T0OTHER"}), form=True)

    assert core.presses[0].extra == {"team_id": "T0SHOP", "user_team_id": "T0OTHER"}


@pytest.mark.parametrize(
    "changes",
    [
        {"actions": []},
        {"actions": None},
        {"actions": [{"action_id": "someone_elses", "type": "button", "block_id": "b", "action_ts": "3.4"}]},
        {"actions": [{"action_id": "claim", "type": "button", "block_id": "b", "value": "ho_1"}]},
        {
            "actions": [
                {
                    "action_id": "claim",
                    "type": "button",
                    "block_id": "b",
                    "value": "x" * 999,
                    "action_ts": "3",
                }
            ]
        },
        {
            "actions": [
                {"action_id": "claim", "type": "button", "block_id": "b", "value": 7, "action_ts": "3"}
            ]
        },
        {"user": {}},
        {"type": "view_submission", "view": {"callback_id": "x", "type": "modal"}},
        {"type": "shortcut", "callback_id": "x"},
        {"type": "unheard_of"},
    ],
)
def test_what_is_not_a_press_of_ours_is_forgotten(receiver, core, changes):
    assert send(receiver, press_payload(**changes), form=True).status in (200, 400)
    assert core.presses == []


@pytest.mark.parametrize("text", ["[]", '"x"', "17", "null", "{", "[" * 9000, '{"event": []}', "payload=%7B"])
def test_fault_53_a_signed_body_of_another_shape_is_never_a_server_error(receiver, text):
    """Slack's call has another shape than any we know: it is answered, never with 500."""
    headers = signed_headers(JSON, text.encode(), SIGNING_SECRET, lambda: NOON)

    assert receiver.handle(headers, text.encode(), NOON).status in (200, 400)


def test_a_press_without_a_channel_has_no_card(receiver, core):
    send(receiver, press_payload(channel=None, container=None), form=True)

    assert core.presses[0].card is None


def test_real_payloads_of_every_kind_are_acknowledged(vendor_file, receiver, core):
    for sample in sorted(vendor_file("slack/samples/realistic").glob("*.json")):
        payload = json.loads(sample.read_text())["payload"]
        for form in (True, False):
            assert send(receiver, payload, form=form).status == 200, sample.name
    assert core.presses == []


def test_a_real_press_with_our_button_is_read(vendor_file, core):
    receiver = SlackReceiver(signing_secret=SIGNING_SECRET, on_press=core.on_press)
    sample = json.loads(vendor_file("slack/samples/realistic/block_actions.message.json").read_text())
    payload = sample["payload"]
    payload["actions"][0] |= {"action_id": "claim", "value": "ho_9"}

    send(receiver, payload, form=True)

    (press,) = core.presses
    assert press.card == CardRef(connection="slack", channel="C111", message="111.222")
    assert (press.user_id, press.handoff_id) == ("W99999", "ho_9")


def test_settings_meant_for_bolt_change_nothing_and_make_no_files(monkeypatch, core):
    stores = [Path.home() / name for name in (".bolt-app-installation", ".bolt-app-oauth-state")]
    before = [store.exists() for store in stores]
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN"):
        monkeypatch.setenv(name, "set-for-something-else")

    receiver = SlackReceiver(signing_secret=SIGNING_SECRET, on_press=core.on_press)

    assert send(receiver, press_payload(), form=True).status == 200
    assert len(core.presses) == 1
    assert [store.exists() for store in stores] == before


def test_a_press_by_a_link_of_our_own_is_taken_without_a_signature(receiver, core):
    assert receiver.take(press_payload()) is None
    assert [press.handoff_id for press in core.presses] == ["ho_1"]


def test_what_the_core_cannot_keep_is_raised_by_either_way(receiver, core):
    core.failure = RuntimeError("the store is down")

    with pytest.raises(RuntimeError):
        receiver.take(press_payload())


@pytest.mark.parametrize(
    "payload", [{}, {"event": []}, {"type": None}, {"type": "event_callback", "event": 7}]
)
def test_fault_53_an_envelope_of_another_shape_is_acknowledged_without_a_word(receiver, core, payload):
    """An envelope holds another shape than any we know: it is acknowledged, and no error is raised."""
    assert receiver.take(payload) is None
    assert core.presses == []


def test_without_a_secret_no_call_over_http_is_taken(core):
    receiver = SlackReceiver(signing_secret=None, on_press=core.on_press)

    with pytest.raises(NotFromVendor):
        send(receiver, press_payload(), form=True)
    assert receiver.take(press_payload()) is None
