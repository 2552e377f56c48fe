"""Webhooks are believed by their signature alone, and told apart without asking Zendesk."""

from __future__ import annotations

import json
import queue
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import Depends, FastAPI, Request

from connectors.base import AuthorKind, Once
from connectors.errors import NotForUs, NotFromVendor
from connectors.mapping import shipped_mapping
from connectors.zendesk import OAuthToken, ZendeskAccount, ZendeskHelpdesk, webhook
from connectors.zendesk.webhook import PUBLISHED_TEST_SECRET, signature_of, verify
from sandbox.server import serve

SECRET = "our-own-secret"
NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
STAMP = "2026-11-02T12:00:00Z"


def signed(body: bytes, *, stamp: str = STAMP, secret: str = SECRET) -> dict[str, str]:
    return {webhook.SIGNATURE: signature_of(secret, stamp, body), webhook.TIMESTAMP: stamp}


def told(**more) -> dict:
    author = {"id": "3601", "is_staff": True, "name": "Asha Rao"} | more.pop("author", {})
    comment = {"id": "501", "body": "On it", "is_public": True, "author": author} | more.pop("comment", {})
    detail = {
        "id": "42",
        "external_id": "hof_0001",
        "requester_id": "9001",
        "via": {"channel": "web_service"},
    }
    return {
        "type": "zen:event-type:ticket.comment_added",
        "id": "evt-1",
        "time": "2026-11-02T11:59:58.672717030Z",
        "detail": detail | more.pop("detail", {}),
        "event": {"comment": comment},
    } | more


def receiving(**more) -> ZendeskHelpdesk:
    """Return a connector that could not ask Zendesk if it wanted to."""
    account = ZendeskAccount(sign_in=OAuthToken(token="x"), base_url="http://127.0.0.1:9")
    told = {"webhook_secrets": [SECRET], "own_user_id": 3600} | more
    return ZendeskHelpdesk(account=account, mapping=shipped_mapping("zendesk"), **told)


@pytest.fixture
def receiver() -> ZendeskHelpdesk:
    return receiving()


def receive(receiver, body, headers=None, now=NOW):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return receiver.receive(headers or signed(raw), raw, now)


def test_the_published_vectors_hold(vendor_file):
    vectors = json.loads(vendor_file("zendesk/webhook-events/signature-vectors.json").read_text())
    at = datetime(2025, 1, 8, 10, 12, 30, tzinfo=UTC)
    for case in vectors["cases"]:
        headers = {webhook.SIGNATURE: case["signature"], webhook.TIMESTAMP: case["timestamp"]}
        try:
            verify(headers, case["raw_body"].encode(), [vectors["secret"]], at)
        except NotFromVendor:
            assert not case["valid"], case["name"]
        else:
            assert case["valid"], case["name"]


def test_a_persons_comment_comes_whole(receiver):
    event = receive(receiver, told())
    assert (event.event_id, event.ticket_id, event.handoff_id) == ("evt-1", "42", "hof_0001")
    assert event.message.author.kind is AuthorKind.PERSON
    assert (event.message.id, event.message.text, event.message.public) == ("501", "On it", True)
    assert event.message.at == datetime(2026, 11, 2, 11, 59, 58, 672717, tzinfo=UTC)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"author": {"id": "3600"}}, AuthorKind.BRIDGE),
        ({"author": {"id": "3699"}}, AuthorKind.BOT),
        ({"author": {"id": "-1"}}, AuthorKind.RULE),
        ({"detail": {"via": {"channel": "rule"}}}, AuthorKind.RULE),
        ({"author": {"id": "9001", "is_staff": False}}, AuthorKind.CUSTOMER),
        ({"detail": {"requester_id": "3601"}}, AuthorKind.CUSTOMER),
    ],
)
def test_trap_4_nobody_but_a_person_answers(receiver, more, kind):
    assert receive(receiver, told(**more)).message.author.kind is kind


def test_an_internal_note_stays_internal(receiver):
    assert receive(receiver, told(comment={"is_public": False})).message.public is False


@pytest.mark.parametrize("more", [{"time": "yesterday"}, {"comment": {"is_public": "yes"}}, {"event": {}}])
def test_what_the_body_leaves_open_makes_it_a_hint(receiver, more):
    event = receive(receiver, told() | more if "event" in more else told(**more))
    assert event.ticket_id == "42"
    assert event.message is None


def test_staff_cannot_be_told_from_us_before_we_know_ourselves():
    receiver = receiving(own_user_id=None)
    assert receive(receiver, told()).message is None


def test_a_triggers_body_is_a_hint(receiver, vendor_file):
    template = json.loads(
        vendor_file("zendesk/webhook-events/trigger-webhook.body-template.json").read_text()
    )
    body = template["body"] | {"ticketId": "42", "externalId": "hof_0001"}
    raw = json.dumps(body).encode()
    event = receive(receiver, raw, signed(raw) | {webhook.INVOCATION: "inv-1"})
    assert (event.event_id, event.ticket_id, event.handoff_id) == ("inv-1", "42", "hof_0001")
    assert event.message is None


def test_a_triggers_body_broken_by_a_quote_is_a_hint_still(receiver):
    body = b'{"type": "newMessage", "ticketId": "42", "comment": "He said "hello""}'
    first, second = receive(receiver, body), receive(receiver, body)
    assert first.ticket_id == "42"
    assert first.event_id == second.event_id


@pytest.mark.parametrize(
    "name", ["user.deleted.recorded.json", "messaging_ticket.message_added.json", "ticket.comment_added.json"]
)
def test_published_events_are_known_or_passed_over(receiver, vendor_file, name):
    sample = json.loads(vendor_file(f"zendesk/webhook-events/{name}").read_text())
    raw = sample["raw_body"].encode() if "raw_body" in sample else json.dumps(sample).encode()
    if name.startswith("ticket.comment_added"):
        assert receive(receiver, raw).ticket_id == "5158"
    else:
        with pytest.raises(NotForUs):
            receive(receiver, raw)


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"\xff\xfe", b"[" * 100_000, b'{"type": 3}'])
def test_any_signed_body_that_says_nothing_is_not_for_us(receiver, body):
    with pytest.raises(NotForUs):
        receive(receiver, body)


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "now",
        "1762084800",
        "2026-11-02",
        "2026-13-02T12:00:00Z",
        "2026-11-02T12:00:00",
        "٢٠٢٦-11-02T12:00:00Z",
        "2026-11-02T11:54:59Z",
        "0001-01-01T00:00:00+23:59",
        "2026-11-02T12:05:01Z",
    ],
)
def test_fault_63_a_time_that_is_none_or_far_off_is_refused(receiver, stamp):
    """The time of Zendesk's signature is none, or far off: refused."""
    body = json.dumps(told()).encode()
    with pytest.raises(NotFromVendor):
        receive(receiver, body, signed(body, stamp=stamp))


@pytest.mark.parametrize("signature", ["", "x", "ü", "=" * 10_000, signature_of("other", STAMP, b"{}")])
def test_fault_64_a_junk_signature_is_refused(receiver, signature):
    """Zendesk's signature is junk: refused, with no other error."""
    with pytest.raises(NotFromVendor):
        receive(receiver, b"{}", {webhook.SIGNATURE: signature, webhook.TIMESTAMP: STAMP})


def test_no_signature_at_all_is_refused(receiver):
    with pytest.raises(NotFromVendor):
        receiver.receive({}, b"{}", NOW)


def test_trap_10_a_body_written_anew_is_refused(receiver):
    body = json.dumps(told(), indent=3).encode()
    with pytest.raises(NotFromVendor):
        receive(receiver, json.dumps(told()).encode(), signed(body))


def test_trap_10_the_published_test_secret_is_refused_though_configured():
    receiver = receiving(webhook_secrets=[PUBLISHED_TEST_SECRET])
    body = json.dumps(told()).encode()
    with pytest.raises(NotFromVendor):
        receive(receiver, body, signed(body, secret=PUBLISHED_TEST_SECRET))


def test_both_secrets_are_good_while_one_replaces_the_other():
    receiver = receiving(webhook_secrets=["new", "old"])
    body = json.dumps(told()).encode()
    for secret in ("new", "old"):
        assert receive(receiver, body, signed(body, secret=secret)).ticket_id == "42"


def test_trap_5_a_reply_at_the_stand_in_arrives_as_zendesk_sends_it(desk, draft):
    """The same comment comes by webhook and by reading, and is the same message."""
    arrived: queue.Queue = queue.Queue()
    app = FastAPI()

    async def raw(request: Request) -> tuple:
        return {name.lower(): value for name, value in request.headers.items()}, await request.body()

    @app.post("/hooks/zendesk/zendesk")
    def hook(call: tuple = Depends(raw)) -> dict:
        arrived.put(call)
        return {}

    with serve(app) as bridge:
        helpdesk = desk.connector(webhook_secrets=["sandbox-zendesk-webhook-secret"])
        desk.zendesk.connect(bridge.url)
        ref = helpdesk.open_ticket(draft(), Once(key="dlv_open")).ref
        ours = helpdesk.receive(*arrived.get(timeout=5), desk.clock.now)
        desk.zendesk.reply(int(ref.id), 3601, "I am on it")
        headers, body = arrived.get(timeout=5)
    reply = helpdesk.receive(headers, body, desk.clock.now)
    assert body.startswith(b'{\n   "account_id"')
    assert body.endswith(b"}\n")
    assert ours.message.author.kind is AuthorKind.BRIDGE
    assert reply.message == helpdesk.history(ref).messages[-1]
    late = desk.clock.now + timedelta(minutes=8)
    with pytest.raises(NotFromVendor):
        helpdesk.receive(headers, body, late)


@pytest.mark.parametrize(("comment", "whole"), [({}, False), ({"attachments": []}, True)])
def test_a_comment_is_whole_only_where_the_event_says_that_nothing_is_attached(receiver, comment, whole):
    assert receive(receiver, told(comment=comment)).whole is whole


def test_a_comment_with_something_attached_has_to_be_read(receiver):
    assert receive(receiver, told(comment={"attachments": [{"filename": "door.jpg"}]})).whole is False
