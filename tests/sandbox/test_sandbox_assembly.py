"""The assembled sandbox: one process, several real ports, one fault script, one journal."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import requests
from fastapi import FastAPI, Request

from sandbox.assembly import ANY_PORTS, Ports, Sandbox, run_sandbox
from sandbox.faults import Fault
from sandbox.server import serve


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """One vendor is enough for what all of them share."""
    with Sandbox(ports=ANY_PORTS, vendors=["slack"], pace=0.001) as box:
        yield box


@pytest.fixture
def everything() -> Iterator[Sandbox]:
    with Sandbox(ports=ANY_PORTS) as box:
        yield box


def post_card(sandbox, text="A card"):
    settings = sandbox.environment()
    return requests.post(
        settings["SLACK_API_BASE_URL"] + "chat.postMessage",
        json={"channel": "C0MORNING", "text": text, "blocks": [BUTTONS]},
        headers={"Authorization": f"Bearer {settings['SLACK_BOT_TOKEN']}"},
        timeout=5,
    ).json()


BUTTONS = {
    "type": "actions",
    "elements": [
        {
            "type": "button",
            "text": {"type": "plain_text", "text": "Claim"},
            "action_id": "claim",
            "value": "ho_1",
        }
    ],
}


def test_the_environment_has_every_setting_a_bridge_needs(everything):
    settings = everything.environment()
    assert set(settings) == {
        "HANDOFF_ALLOW_LOOPBACK_CALLBACKS",
        "ZENDESK_BASE_URL",
        "ZENDESK_EMAIL",
        "ZENDESK_API_TOKEN",
        "ZENDESK_WEBHOOK_SECRET",
        "FRESHDESK_BASE_URL",
        "FRESHDESK_API_KEY",
        "FRESHDESK_WEBHOOK_SECRET",
        "SLACK_API_BASE_URL",
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
    }
    assert all(settings.values())


def test_zendesk_knows_the_token_of_the_environment(everything):
    settings = everything.environment()
    answer = requests.get(
        f"{settings['ZENDESK_BASE_URL']}/api/v2/users/me.json",
        auth=(f"{settings['ZENDESK_EMAIL']}/token", settings["ZENDESK_API_TOKEN"]),
        timeout=5,
    )
    assert answer.json()["user"]["email"] == settings["ZENDESK_EMAIL"]


def test_freshdesk_knows_the_key_of_the_environment(everything):
    settings = everything.environment()
    url = f"{settings['FRESHDESK_BASE_URL']}/api/v2/tickets"
    good = requests.get(url, auth=(settings["FRESHDESK_API_KEY"], "X"), timeout=5)
    assert (good.status_code, requests.get(url, timeout=5).status_code) == (200, 401)


def test_what_is_posted_to_slack_is_on_the_page(sandbox):
    post_card(sandbox, "Wants a refund")
    state = requests.get(f"{sandbox.page_url}/state", timeout=5).json()
    channel = next(one for one in state["slack"]["channels"] if one["id"] == "C0MORNING")
    assert channel["messages"][0]["text"] == "Wants a refund"
    assert [entry["path"] for entry in state["journal"]] == ["/api/chat.postMessage"]


def test_a_press_on_the_page_goes_out_to_the_bridge_signed(sandbox):
    seen = []
    bridge = FastAPI()

    @bridge.post("/slack/events")
    async def take(request: Request) -> None:
        seen.append((request.headers["x-slack-signature"], await request.body()))

    with serve(bridge) as running:
        sandbox.connect(running.url)
        ts = post_card(sandbox)["ts"]
        press = {"channel": "C0MORNING", "ts": ts, "action_id": "claim", "user_id": "U07ASHA"}
        assert requests.post(f"{sandbox.page_url}/act/press", json=press, timeout=5).status_code == 204
        sandbox.outbox.drain()
    assert seen[0][0].startswith("v0=")


def test_a_press_on_a_message_that_is_not_there_is_404(sandbox):
    press = {"channel": "C0MORNING", "ts": "1.000000", "action_id": "claim", "user_id": "U07ASHA"}
    assert requests.post(f"{sandbox.page_url}/act/press", json=press, timeout=5).status_code == 404


def test_a_fault_from_the_page_spoils_a_vendors_call(sandbox):
    fault = {"vendor": "slack", "call": "POST */chat.postMessage", "action": "reset_after"}
    requests.post(f"{sandbox.page_url}/faults", json=fault, timeout=5)
    with pytest.raises(requests.ConnectionError):
        post_card(sandbox)
    channels = sandbox.snapshot()["slack"]["channels"]
    assert len(channels[0]["messages"]) == 1


def test_the_bots_callback_can_be_spoiled_too(sandbox):
    sandbox.script.add(Fault(vendor="bot", call="POST /bot/callback", action="status", status=410))
    answer = requests.post(f"{sandbox.page_url}/bot/callback", json={}, timeout=5)
    assert answer.status_code == 410


def test_reset_forgets_what_happened_but_keeps_the_addresses(sandbox):
    before = sandbox.environment()
    sandbox.bot.say("wa-1", "hello")
    post_card(sandbox)
    requests.post(f"{sandbox.page_url}/reset", timeout=5)
    state = sandbox.snapshot()
    assert (state["bot"]["conversations"], state["journal"]) == ([], [])
    assert all(channel["messages"] == [] for channel in state["slack"]["channels"])
    assert sandbox.environment() == before
    assert post_card(sandbox)["ok"]


def test_a_sandbox_of_one_vendor_leaves_the_others_out():
    with Sandbox(ports=ANY_PORTS, vendors=["slack"]) as box:
        assert "ZENDESK_BASE_URL" not in box.environment()
        assert box.snapshot()["zendesk"] == {"agents": [], "tickets": []}


def test_a_taken_port_is_named_and_nothing_stays_open():
    with serve(FastAPI()) as running:
        ports = Ports(page=running.port, zendesk=0, freshdesk=0, slack=0)
        with pytest.raises(OSError, match=f"port {running.port} for page"):
            Sandbox(ports=ports, vendors=["slack"])


def test_run_sandbox_prints_what_to_paste_and_ends_when_told():
    told: list[str] = []
    over = threading.Event()
    over.set()
    run_sandbox(ports=ANY_PORTS, bridge_url="http://127.0.0.1:9", write=told.append, until=over)
    assert "export SLACK_BOT_TOKEN=" in told[0]
    assert "http://127.0.0.1:9" in told[0]


def open_ticket(sandbox):
    settings = sandbox.environment()
    auth = (f"{settings['ZENDESK_EMAIL']}/token", settings["ZENDESK_API_TOKEN"])
    note = {"body": "Two lines", "public": False}
    ticket = {"subject": "Refund", "comment": note, "requester": {"name": "Priya", "email": "p@c.example"}}
    url = f"{settings['ZENDESK_BASE_URL']}/api/v2/tickets.json"
    return str(requests.post(url, json={"ticket": ticket}, auth=auth, timeout=5).json()["ticket"]["id"])


def test_a_reply_on_the_page_is_on_the_zendesk_ticket_as_the_agents():
    with Sandbox(ports=ANY_PORTS, vendors=["zendesk"]) as box:
        reply = {"vendor": "zendesk", "ticket_id": open_ticket(box), "agent_id": "3601", "text": "Done"}
        assert requests.post(f"{box.page_url}/act/reply", json=reply, timeout=5).status_code == 204
        (ticket,) = box.snapshot()["zendesk"]["tickets"]
    last = ticket["comments"][-1]
    assert (last["author"], last["role"], last["public"], last["text"]) == ("Asha Rao", "agent", True, "Done")


def test_a_reply_to_a_ticket_that_zendesk_does_not_have_is_404():
    with Sandbox(ports=ANY_PORTS, vendors=["zendesk"]) as box:
        reply = {"vendor": "zendesk", "ticket_id": "999", "agent_id": "3601", "text": "Done"}
        answer = requests.post(f"{box.page_url}/act/reply", json=reply, timeout=5)
    assert answer.status_code == 404
