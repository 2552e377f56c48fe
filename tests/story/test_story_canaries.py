"""Canaries in every field of a handoff: whoever serves the customer reads them, nobody and nothing else does."""

from __future__ import annotations

import dataclasses
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from bridge_process import BridgeProcess
from cryptography.fernet import Fernet
from running_shop import ASHA, write_desk

from sandbox.assembly import ANY_PORTS, Sandbox
from sandbox.faults import Fault
from sandbox.slack.standin import SIGNING_SECRET, TOKEN
from sandbox.zendesk.seed import API_TOKEN, WEBHOOK_SECRET

CARD = "4111 1111 1111 1111"
EMAIL = "canary.person@customer.example"
PHONE = "+91 98450 12345"
KEY = "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"
#: what is written → the part of it that must not be read
CANARIES = {
    CARD: CARD,
    CARD.replace(" ", ""): CARD.replace(" ", ""),
    EMAIL: EMAIL,
    PHONE: PHONE,
    KEY: KEY,
    TOKEN: TOKEN,
    f"api token: {API_TOKEN}": API_TOKEN,
    f"secret: {WEBHOOK_SECRET}": WEBHOOK_SECRET,
    f"signing secret: {SIGNING_SECRET}": SIGNING_SECRET,
}
PATIENCE_SECONDS = 40.0


def full_of(canary: str, *, channel: str) -> dict[str, Any]:
    """Return a handoff with the canary in every text that a bot may send."""
    now = datetime.now(UTC).isoformat()
    said = f"My number is {canary} as I said."
    return {
        "conversation_id": f"{canary} {channel == canary} {time.monotonic()}",
        "channel": channel,
        "trigger": {"kind": canary, "code": canary, "more": canary},
        "topic": canary,
        "customer": {
            **dict.fromkeys(("name", "email", "external_id", "tier", "segment"), canary),
            **dict.fromkeys(("phone", "locale"), canary if len(canary) <= 35 else ""),
        },
        "summary": dict.fromkeys(("wants", "tried", "suspects", "also"), said),
        "attempts": [{"what": said, "outcome": said, "more": canary}, canary],
        "records": [{"kind": canary, "id": canary, "url": f"https://shop.example/?q={canary}"}],
        "fields": {canary: canary, "deep": {canary: [canary]}},
        "verification": [canary],
        "sentiment": canary,
        "routing": dict.fromkeys(("group", "skill", "owner"), canary),
        "transcript": [{"speaker": canary, "text": said, "at": now}, {"speaker": "customer", "text": canary}],
        "surprise": canary,
        canary: canary,
    }


def spoil(sandbox: Sandbox, canary: str) -> None:
    """Let every vendor refuse once, with the canary in its answer."""
    told = [{"description": f"Requester: Email: {canary} is not properly formatted", "error": canary}]
    refused = json.dumps({"error": "RecordInvalid", "description": canary, "details": {"requester": told}})
    faults = (
        Fault(vendor="zendesk", call="POST /api/v2/tickets*", action="status", status=422, body=refused),
        Fault(vendor="zendesk", call="POST /api/v2/tickets*", action="html", status=500, body=canary),
        Fault(vendor="slack", call="POST *", action="html", status=502, body=canary),
        Fault(
            vendor="slack",
            call="POST *",
            action="status",
            status=200,
            body=f'{{"ok":false,"error":"{canary}"}}',
        ),
        Fault(vendor="bot", call="POST *", action="status", status=500, body=canary),
    )
    for fault in faults:
        sandbox.script.add(fault)


def slack_holds(sandbox: Sandbox) -> str:
    """Return everything Slack was sent, cards, threads, direct messages and private lines."""
    channels = [
        dataclasses.asdict(one) | {"members": []} for one in sandbox.slack.workspace.channels.values()
    ]
    return json.dumps([channels, sandbox.slack.workspace.views], ensure_ascii=False, default=str)


def until(step: str, look: Any) -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < end, f"not seen: {step}"
        time.sleep(0.05)
    return found


def test_fault_73_canaries_stand_on_the_ticket_and_neither_in_slack_nor_in_any_log(sqlite_url, tmp_path):
    """Secrets stand in every field, and vendors' errors repeat them: neither Slack nor any log holds one."""
    with Sandbox(ports=ANY_PORTS, vendors=("zendesk", "slack")) as sandbox:
        settings = {
            **sandbox.environment(),
            "HANDOFF_DATABASE_URL": sqlite_url,
            "HANDOFF_SECRET_KEYS": Fernet.generate_key().decode(),
            "HANDOFF_DESK": str(write_desk(tmp_path, minutes=2 / 60)),
            "HANDOFF_LOG_FORMAT": "json",
        }
        with BridgeProcess(settings, tmp_path) as process:
            key = process.make_key()
            sandbox.connect(process.url, key["key"], callback_secret=key["signing_secret"])
            secrets = (key["key"], key["signing_secret"], settings["HANDOFF_SECRET_KEYS"])
            canaries = {**CANARIES, **{secret: secret for secret in secrets}}
            spoil(sandbox, EMAIL)
            handoffs = {
                sandbox.bot.hand_off(full_of(said, channel=channel))["id"]: said
                for said in canaries
                for channel in ("whatsapp", said)
            }
            live_through(sandbox, process, key["key"], handoffs)
            seen = {"Slack": slack_holds(sandbox), "the log": process.log()}
        seen["the log, at its end"] = process.log()
    assert seen["Slack"].count("handoff_card") == len(handoffs)
    assert all(label in seen["Slack"] for label in ("[card …1111]", "[e-mail]", "[phone …45]", "[secret]"))
    assert "delivery_put_off" in seen["the log"]
    assert [
        (place, hidden) for place, text in seen.items() for hidden in canaries.values() if hidden in text
    ] == []
    assert not [place for place, text in seen.items() if "98450" in text or "4111 1111" in text]


def live_through(sandbox: Sandbox, process: BridgeProcess, key: str, handoffs: dict[str, str]) -> None:
    """Let each handoff be ticketed, carded, written to, climbed to its last rung, answered and left."""
    headers = {"Authorization": f"Bearer {key}"}

    def look(handoff: str, part: str = "") -> Any:
        address = f"{process.url}/v1/handoffs/{handoff}{part}"
        return requests.get(address, headers=headers, timeout=10).json()

    for handoff, said in handoffs.items():
        address = f"{process.url}/v1/handoffs/{handoff}"
        more = {"messages": [{"text": said, "speaker": said}]}
        assert requests.post(f"{address}/messages", json=more, headers=headers, timeout=10).ok
        patch = {"summary": {"wants": f"Now {said}."}, "topic": said}
        assert requests.patch(address, json=patch, headers=headers, timeout=10).ok
    for handoff, said in handoffs.items():
        until("the last rung", lambda handoff=handoff: look(handoff)["rung"] == 4)
        until("the card", lambda handoff=handoff: look(handoff)["announced"])
        ticket = int(until("the ticket", lambda handoff=handoff: look(handoff)["ticket"])["id"])
        holds_the_original(sandbox, ticket, said)
        sandbox.zendesk.reply(ticket, int(ASHA), f"I see {said}.", public=True)
    sandbox.outbox.drain()
    for handoff, said in handoffs.items():
        until("the answer", lambda handoff=handoff: look(handoff)["answered_at"])
        withdrawn = requests.post(
            f"{process.url}/v1/handoffs/{handoff}/withdraw",
            json={"reason": said},
            headers=headers,
            timeout=10,
        )
        assert withdrawn.ok
    until("green cards", lambda: slack_holds(sandbox).count("*Closed*") == len(handoffs))


def holds_the_original(sandbox: Sandbox, ticket: int, said: str) -> None:
    (found,) = [one for one in sandbox.zendesk.snapshot()["tickets"] if one["id"] == str(ticket)]
    note = found["comments"][0]
    assert (note["public"], note["role"]) == (False, "bridge")
    assert said in note["text"]


@pytest.mark.parametrize("canary", [CARD, EMAIL, PHONE, KEY, TOKEN, f"api token: {API_TOKEN}"])
def test_fault_73_canaries_come_back_in_no_error(shop, canary):
    """Secrets stand in requests that are refused: no error repeats them."""
    whole = full_of(canary, channel="whatsapp")
    key = {"Idempotency-Key": "one"}
    address = f"{shop.url}/v1/handoffs"

    def post(body: Any = None, headers: dict[str, str] | None = None, **more: Any) -> requests.Response:
        return requests.post(address, json=body, headers=shop.headers | (headers or {}), timeout=10, **more)

    answers = [
        post({**whole, "customer": {"name": {canary: canary}}}),
        post({**whole, "transcript": canary}),
        post({**whole, "callback_url": canary}),
        post({**whole, "topic": canary * 40}),
        post({**whole, "attempts": [{canary: canary}]}),
        post(data=f'{{"conversation_id": "{canary}", "channel": {canary}'),
        post(data=f'{{"{canary}": 1, "{canary}": 2}}'),
        post(whole, {"Idempotency-Key": canary * 40}),
        post(whole, {"Authorization": f"Bearer {canary}"}),
        requests.get(f"{address}/{canary}", headers=shop.headers, timeout=10),
        requests.get(f"{address}/{canary}/timeline", headers=shop.headers, timeout=10),
        requests.post(
            f"{address}/{canary}/withdraw", json={"reason": canary}, headers=shop.headers, timeout=10
        ),
        requests.post(f"{shop.url}/hooks/zendesk/{canary}", json={canary: canary}, timeout=10),
        requests.post(f"{shop.url}/hooks/zendesk/zendesk", json={canary: canary}, timeout=10),
        requests.post(f"{shop.url}/slack/events", data={"payload": canary}, timeout=10),
        requests.post(f"{address}?wait={canary}", json=whole, headers=shop.headers, timeout=10),
    ]
    assert post(whole, key).status_code == 202
    answers.append(post({**whole, "topic": "another"}, key))
    assert [(answer.status_code, answer.url) for answer in answers if answer.status_code < 400] == []
    assert [(answer.status_code, answer.text) for answer in answers if canary in answer.text] == []
