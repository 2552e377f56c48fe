"""What an automation rule sends: a hint, believed only with the shared secret."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from fastapi import FastAPI, Request, Response
from freshdesk_account import HANDOFF
from stand_ins import NOON

from connectors.errors import NotForUs, NotFromVendor
from sandbox.freshdesk import WEBHOOK_SECRET
from sandbox.server import serve

BODY = b'{"ticket": {"id": "22", "status": "3"}}'
SIGNED = {"x-webhook-secret": WEBHOOK_SECRET}


def basic(password):
    return {"authorization": "Basic " + base64.b64encode(f"freshdesk:{password}".encode()).decode()}


@pytest.mark.parametrize("headers", [SIGNED, basic(WEBHOOK_SECRET)])
def test_a_secret_in_a_header_or_as_password_is_believed(helpdesk, headers):
    event = helpdesk.receive(headers, BODY, NOON)
    assert (event.ticket_id, event.handoff_id, event.message) == ("22", None, None)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-webhook-secret": ""},
        {"x-webhook-secret": WEBHOOK_SECRET + "x"},
        {"x-webhook-secret": "geheim-é"},
        basic("wrong"),
        {"authorization": "Basic !!!"},
        {"authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
        {"authorization": f"Bearer {WEBHOOK_SECRET}"},
    ],
)
def test_fault_63_anything_else_is_not_from_freshdesk(helpdesk, headers):
    """A call without Freshdesk's secret: refused."""
    with pytest.raises(NotFromVendor):
        helpdesk.receive(headers, BODY, NOON)


@pytest.mark.parametrize("secrets", [[], [""]])
def test_without_a_secret_of_ours_nobody_is_believed(connect, secrets):
    with pytest.raises(NotFromVendor):
        connect(webhook_secrets=secrets).receive({"x-webhook-secret": ""}, BODY, NOON)


def test_two_secrets_are_good_while_one_replaces_the_other(connect):
    helpdesk = connect(webhook_secrets=["old", "new"])
    for secret in ("old", "new"):
        assert helpdesk.receive({"x-webhook-secret": secret}, BODY, NOON).ticket_id == "22"


@pytest.mark.parametrize(
    "body",
    [
        b'{"ticket": {"id": "22"}}',
        b'{"ticket": {"id": 22}}',
        b'{"ticket_id": "22"}',
        b'{"freshdesk_webhook": {"ticket_id": 22, "triggered_event": "{ticket_action:replied}"}}',
        b'{"ticket": {"id": "22"}, "reply": {"body_text": "she said "hello" to us"}}',
    ],
)
def test_the_ticket_is_named_in_each_mode(helpdesk, body):
    assert helpdesk.receive(SIGNED, body, NOON).ticket_id == "22"


def test_the_handoff_is_named_where_the_rule_sends_its_key(helpdesk):
    body = json.dumps({"ticket": {"id": "22", "handoff_key": HANDOFF}}).encode()
    assert helpdesk.receive(SIGNED, body, NOON).handoff_id == HANDOFF


@pytest.mark.parametrize("key", ["", "{{ticket.cf_handoff_key}}", "x" * 65, 5, None])
def test_a_key_that_is_none_is_passed_over(helpdesk, key):
    body = json.dumps({"ticket": {"id": "22", "handoff_key": key}}).encode()
    assert helpdesk.receive(SIGNED, body, NOON).handoff_id is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b'{"ticket": {"id": ""}}',
        b'{"ticket": {"id": true}}',
        b"\xff",
        b"[" * 9000,
        b'{"ticket": {"id": "../22"}}',
        '{"ticket": {"id": "२२"}}'.encode(),
        b'{"ticket": {"id": 1e99}}',
    ],
)
def test_a_body_without_a_ticket_is_not_for_us(helpdesk, body):
    with pytest.raises(NotForUs):
        helpdesk.receive(SIGNED, body, NOON)


def test_the_same_body_a_moment_later_is_another_event(helpdesk):
    later = NOON + timedelta(milliseconds=1)
    assert helpdesk.receive(SIGNED, BODY, NOON).event_id != helpdesk.receive(SIGNED, BODY, later).event_id


def test_another_body_is_another_event(helpdesk):
    other = BODY.replace(b"22", b"23")
    assert helpdesk.receive(SIGNED, BODY, NOON).event_id != helpdesk.receive(SIGNED, other, NOON).event_id


def test_what_the_stand_in_sends_is_understood(helpdesk, account, opened):
    seen = []
    receiver = FastAPI()

    @receiver.post("/hooks/freshdesk/freshdesk")
    async def hook(request: Request) -> Response:
        seen.append((request.headers, await request.body()))
        return Response()

    with serve(receiver) as running:
        account.freshdesk.connect(running.url)
        account.freshdesk.reply(int(opened.id), 4601, "hello")
        account.outbox.drain()
    [(headers, body)] = seen
    event = helpdesk.receive(headers, body, NOON)
    assert (event.ticket_id, event.handoff_id) == (opened.id, HANDOFF)
    assert json.loads(body)["ticket"]["id"] == opened.id


@pytest.mark.parametrize("name", ["ticket-replied.delivery.constructed", "simple-mode.delivery.constructed"])
def test_constructed_deliveries_are_understood(helpdesk, vendor_file, name):
    body = vendor_file(f"freshdesk/webhooks/{name}.json").read_bytes()
    assert helpdesk.receive(SIGNED, body, NOON).ticket_id == "22"
