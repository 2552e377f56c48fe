"""The bot stand-in: what it asks of the bridge, and what the customer sees of the bridge's callbacks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook

from sandbox.bot import BotStandIn, BridgeError
from sandbox.example import example_handoff
from sandbox.server import serve

SECRET = "whsec_c2FuZGJveCBzZWNyZXQgb2YgMjQgYnl0ZXM="
PAYLOAD = {
    "conversation_id": "wa-1",
    "channel": "whatsapp",
    "customer": {"name": "Priya Nair"},
    "transcript": [{"speaker": "customer", "text": "I was charged twice", "at": "2026-11-02T11:58:00Z"}],
}


def still_clock() -> datetime:
    return datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@dataclass
class FakeBridge:
    """Remembers what it was sent; `refuses` makes it answer that status."""

    seen: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    refuses: int | None = None
    url: str = ""

    def app(self) -> FastAPI:
        api = FastAPI()

        @api.post("/v1/{path:path}")
        async def take(path: str, request: Request) -> Response:
            self.seen.append((path, dict(request.headers), await request.json()))
            told = {"handoff_id": "ho_1", "customer_text": "Asha has it, by 12:15."}
            return Response(json.dumps(told), status_code=self.refuses or 202)

        return api


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    it = FakeBridge()
    with serve(it.app()) as running:
        it.url = running.url
        yield it


@pytest.fixture
def bot(bridge) -> BotStandIn:
    it = BotStandIn(clock=still_clock, secret=SECRET)
    it.connect(bridge.url, "hb_test_key")
    return it


@pytest.fixture
def callback(bot) -> Iterator[str]:
    with serve(bot.app) as running:
        yield f"{running.url}/bot/callback"


def told(bot):
    return [(line.side.value, line.name, line.text) for line in bot.chat("wa-1")]


def send(callback, data, *, kind="handoff.answered", event_id="evt_1", secret=SECRET):
    body = json.dumps({"type": kind, "timestamp": "2026-11-02T12:01:00Z", "data": data})
    now = datetime.now(UTC)
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, now, body),
    }
    return requests.post(callback, data=body, headers=headers, timeout=5).status_code


def test_handing_over_carries_the_key_and_shows_what_the_customer_is_told(bot, bridge):
    assert bot.hand_off(PAYLOAD)["handoff_id"] == "ho_1"
    path, headers, _body = bridge.seen[0]
    assert (path, headers["authorization"]) == ("handoffs", "Bearer hb_test_key")
    assert told(bot) == [
        ("customer", None, "I was charged twice"),
        ("notice", None, "Asha has it, by 12:15."),
    ]


def test_the_same_payload_is_sent_with_the_same_idempotency_key(bot, bridge):
    bot.hand_off(PAYLOAD)
    bot.hand_off(PAYLOAD)
    bot.hand_off(PAYLOAD | {"channel": "web"})
    keys = [headers["idempotency-key"] for _, headers, _ in bridge.seen]
    assert keys[0] == keys[1] != keys[2]


def test_a_handoff_names_the_bots_own_callback_unless_it_names_another(bot, bridge):
    bot.callback_url = "http://127.0.0.1:8900/bot/callback"
    bot.hand_off(PAYLOAD)
    bot.hand_off(PAYLOAD | {"callback_url": "https://elsewhere.example/"})
    assert [body["callback_url"] for _, _, body in bridge.seen] == [
        "http://127.0.0.1:8900/bot/callback",
        "https://elsewhere.example/",
    ]


def test_what_the_customer_writes_later_goes_to_the_handoff(bot, bridge):
    bot.hand_off(PAYLOAD)
    bot.say("wa-1", "Are you there?")
    path, _, body = bridge.seen[1]
    assert path == "handoffs/ho_1/messages"
    assert body == {
        "messages": [{"speaker": "customer", "text": "Are you there?", "at": "2026-11-02T12:00:00+00:00"}]
    }


def test_before_a_handoff_the_customer_talks_to_the_bot_alone(bot, bridge):
    bot.say("wa-2", "hello")
    assert bridge.seen == []
    assert [line.text for line in bot.chat("wa-2")] == ["hello"]


def test_a_line_the_bridge_refused_is_marked(bot, bridge):
    bot.hand_off(PAYLOAD)
    bridge.refuses = 503
    with pytest.raises(BridgeError) as caught:
        bot.say("wa-1", "Hello?")
    assert caught.value.status == 503
    assert bot.chat("wa-1")[-1].undelivered


def test_a_bridge_that_is_not_there_is_an_error_without_a_status():
    bot = BotStandIn(clock=still_clock)
    bot.connect("http://127.0.0.1:1", "key")
    with pytest.raises(BridgeError) as caught:
        bot.hand_off(PAYLOAD)
    assert caught.value.status is None


def test_an_answer_becomes_a_line_with_the_persons_name(bot, callback):
    bot.hand_off(PAYLOAD)
    message = {"id": "9", "author": "Asha Rao", "text": "Refunded."}
    assert send(callback, {"handoff_id": "ho_1", "message": message}) == 204
    assert told(bot)[-1] == ("person", "Asha Rao", "Refunded.")


def test_a_notice_becomes_a_line_and_the_same_one_is_not_said_twice(bot, callback):
    bot.hand_off(PAYLOAD)
    send(callback, {"handoff_id": "ho_1", "customer_text": "Asha has it, by 12:15."}, kind="handoff.accepted")
    late = {"handoff_id": "ho_1", "customer_text": "You have waited 15 minutes."}
    send(callback, late, kind="handoff.breached", event_id="evt_2")
    assert [text for side, _, text in told(bot) if side == "notice"] == [
        "Asha has it, by 12:15.",
        "You have waited 15 minutes.",
    ]


def test_a_callback_sent_again_is_shown_once(bot, callback):
    bot.hand_off(PAYLOAD)
    for _ in range(2):
        send(callback, {"handoff_id": "ho_1", "message": {"text": "Refunded."}})
    assert [line.text for line in bot.chat("wa-1")].count("Refunded.") == 1
    assert len(bot.events()) == 1


def test_a_message_is_shown_once_by_its_id_with_what_is_attached(bot, callback):
    bot.hand_off(PAYLOAD)
    files = [{"name": "door.jpg", "url": "https://helpdesk.example/door.jpg"}]
    message = {"id": "9", "author": "Asha Rao", "text": "Is this your door?", "attachments": files}
    answered = {"handoff_id": "ho_1", "message": {"id": "9", "author": "Asha Rao"}}
    send(callback, answered, kind="handoff.answered", event_id="evt_1")
    for event_id in ("evt_2", "evt_3"):
        send(callback, {"handoff_id": "ho_1", "message": message}, kind="handoff.message", event_id=event_id)
    assert [line for line in told(bot) if line[0] == "person"] == [
        ("person", "Asha Rao", "Is this your door?\n[door.jpg]")
    ]


def test_a_callback_signed_with_another_secret_is_refused(bot, callback):
    other = "whsec_YW5vdGhlciBzZWNyZXQgb2YgMjQgYnl0ZXM="
    data = {"conversation_id": "wa-1", "message": {"text": "I am Asha, send me your card number"}}
    assert send(callback, data, secret=other) == 401
    assert bot.chat("wa-1") == ()


@pytest.mark.parametrize("signature", ["", "nonsense", "v1,????"])
def test_a_signature_that_cannot_be_read_is_refused_not_a_crash(callback, signature):
    headers = {"webhook-id": "e", "webhook-timestamp": "1", "webhook-signature": signature}
    now = str(int(datetime.now(UTC).timestamp()))
    answer = requests.post(callback, data="{}", headers=headers | {"webhook-timestamp": now}, timeout=5)
    assert answer.status_code == 401


def test_a_bot_without_a_secret_takes_unsigned_callbacks(bridge):
    bot = BotStandIn(clock=still_clock)
    event = {"type": "handoff.message", "data": {"conversation_id": "wa-1", "message": {"text": "Hello"}}}
    with serve(bot.app) as running:
        requests.post(f"{running.url}/bot/callback", json=event, timeout=5)
    assert [line.text for line in bot.chat("wa-1")] == ["Hello"]


def test_each_example_is_another_customers_conversation():
    now = still_clock()
    first, second = example_handoff(now, 1), example_handoff(now, 2)
    assert first["conversation_id"] != second["conversation_id"]
    assert first["customer"]["name"] != second["customer"]["name"]
    assert first["trigger"] == {"kind": "topic", "code": "billing_dispute"}
