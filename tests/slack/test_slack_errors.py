"""Each way Slack or its client can fail, and what the ledger is told to do."""

from __future__ import annotations

import inspect
import socket
from datetime import UTC, datetime, timedelta
from http.client import IncompleteRead, RemoteDisconnected
from urllib.error import URLError

import pytest
import slack_sdk.errors
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from connectors.errors import EVERYTHING, AccessDenied, Busy, ConnectorError, Gone, OutcomeUnknown, Rejected
from connectors.http_answers import LONGEST_DELAY, asked_delay
from connectors.slack import SlackChat
from connectors.slack.api import SlackApi
from sandbox.slack.standin import TOKEN

POST = "chat.postMessage"
UPDATE = "chat.update"
UPDATE_CARD = "update_card"  #: the delivery's kind, which names its budget
SECRET_WORDS = "my card is 4111 1111 1111 1111"


def refuse(shop, code, call=POST, status=200, **more):
    body = f'{{"ok": false, "error": "{code}", "needed": "chat:write", "provided": "{SECRET_WORDS}"}}'
    shop.goes_wrong(call, "status", status=status, body=body, **more)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("invalid_auth", AccessDenied),
        ("not_authed", AccessDenied),
        ("token_revoked", AccessDenied),
        ("token_expired", AccessDenied),
        ("account_inactive", AccessDenied),
        ("missing_scope", AccessDenied),
        ("not_in_channel", AccessDenied),
        ("restricted_action", AccessDenied),
        ("channel_not_found", Gone),
        ("is_archived", Gone),
        ("message_not_found", Gone),
        ("thread_not_found", Gone),
        ("msg_too_long", Rejected),
        ("invalid_blocks", Rejected),
        ("msg_blocks_too_long", Rejected),
        ("a_code_of_next_year", Rejected),
        ("fatal_error", OutcomeUnknown),
        ("internal_error", OutcomeUnknown),
        ("service_unavailable", OutcomeUnknown),
        ("request_timeout", OutcomeUnknown),
        ("ratelimited", Busy),
        ("rate_limited", Busy),
        ("message_limit_exceeded", Busy),
        ("team_added_to_org", Busy),
    ],
)
def test_each_code_keeps_its_meaning(shop, chat, card, once, code, expected):
    refuse(shop, code)

    with pytest.raises(ConnectorError) as raised:
        chat.post_card(card(), once)

    assert type(raised.value) is expected
    assert code in raised.value.detail


def test_what_an_admin_must_do_stands_in_the_text(shop, chat, card, once):
    refuse(shop, "missing_scope")

    with pytest.raises(AccessDenied, match=r"missing_scope \(chat:write\): install the app again"):
        chat.post_card(card(), once)


def test_fault_16_a_limit_on_posting_names_the_channel_and_the_wait(shop, chat, card, once):
    shop.goes_wrong(POST, "status", status=429, retry_after="7", body='{"ok":false,"error":"ratelimited"}')

    with pytest.raises(Busy) as busy:
        chat.post_card(card(), once)

    assert busy.value.retry_after == timedelta(seconds=7)
    assert busy.value.limit == "C0MORNING"


def test_fault_16_a_limit_without_a_delay_or_json_is_a_limit(shop, chat, card, once):
    shop.goes_wrong(POST, "html", status=429)

    with pytest.raises(Busy) as busy:
        chat.post_card(card(), once)

    assert busy.value.retry_after is None


def test_a_limit_on_editing_leaves_posting_alone(shop, chat, card, once):
    ref = chat.post_card(card(), once).ref
    shop.goes_wrong(UPDATE, "status", status=429, retry_after="1")

    with pytest.raises(Busy) as busy:
        chat.update_card(ref, card())

    assert busy.value.limit == UPDATE_CARD
    assert UPDATE_CARD in chat.limits


def test_the_sandboxes_own_limit_is_understood(clock, card, once):
    from sandbox.outbox import Outbox
    from sandbox.server import serve
    from sandbox.slack import SlackStandIn

    outbox = Outbox(clock=clock)
    slack = SlackStandIn(clock=clock, outbox=outbox, posts_per_second=1)
    with serve(slack.app) as running:
        chat = SlackChat(token=TOKEN, base_url=f"{running.url}/api", clock=clock)
        chat.post_card(card(), once)
        with pytest.raises(Busy) as busy:
            chat.post_card(card(), once)
    outbox.close()
    assert busy.value.retry_after == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("30", timedelta(seconds=30)),
        (" 1.5 ", timedelta(seconds=1.5)),
        ("86400", LONGEST_DELAY),
        ("Mon, 02 Nov 2026 12:00:20 GMT", timedelta(seconds=20)),
        ("Mon, 02 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("soon", None),
        ("-3", None),
        ("", None),
        (None, None),
    ],
)
def test_fault_16_every_kind_of_delay_is_read(header, wait):
    assert asked_delay(header, datetime(2026, 11, 2, 12, 0, tzinfo=UTC)) == wait


@pytest.mark.parametrize("status", [200, 500, 502, 503])
def test_fault_20_a_page_instead_of_an_answer_leaves_the_outcome_unknown(shop, chat, card, once, status):
    shop.goes_wrong(POST, "html", status=status)

    with pytest.raises(OutcomeUnknown) as raised:
        chat.post_card(card(), once)

    assert "<" not in str(raised.value)


def test_a_code_that_comes_with_a_server_error_is_not_believed(shop, chat, card, once):
    refuse(shop, "invalid_auth", status=503)

    with pytest.raises(OutcomeUnknown):
        chat.post_card(card(), once)


@pytest.mark.parametrize("body", ["[]", '"ok"', "null", "17", "[1]", "{", "{}", '{"ok": true}', "[" * 9000])
def test_fault_20_json_of_another_shape_leaves_the_outcome_unknown(shop, chat, card, once, body):
    shop.goes_wrong(POST, "status", status=200, body=body)

    with pytest.raises(OutcomeUnknown):
        chat.post_card(card(), once)


@pytest.mark.parametrize("action", ["reset_before", "reset_after"])
def test_a_lost_answer_to_a_write_is_unknown_and_is_not_sent_again(shop, chat, card, once, action):
    shop.goes_wrong(POST, action)

    with pytest.raises(OutcomeUnknown):
        chat.post_card(card(), once)

    assert shop.calls().count(POST) == 1


def test_a_timeout_while_waiting_for_the_answer_is_unknown(card, once):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        api = SlackApi(token=TOKEN, base_url=f"http://127.0.0.1:{silent.getsockname()[1]}/api")
        api.client.timeout = 0.05

        with pytest.raises(OutcomeUnknown):
            api.write(api.client.chat_postMessage, channel="C1", text="x")
        with pytest.raises(Busy):
            api.read(api.client.users_info, user="U1")


def test_a_closed_port_is_busy_nothing_was_done(card, once):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    chat = SlackChat(token=TOKEN, base_url=f"http://127.0.0.1:{port}/api/")

    with pytest.raises(Busy, match="no connection") as busy:
        chat.post_card(card(), once)

    assert busy.value.limit is None


def test_a_name_that_does_not_resolve_is_busy(card, once):
    chat = SlackChat(token=TOKEN, base_url="http://slack.invalid/api/")

    with pytest.raises(Busy, match="no connection"):
        chat.post_card(card(), once)


def every_client_error():
    for _name, kind in inspect.getmembers(slack_sdk.errors, inspect.isclass):
        if issubclass(kind, SlackClientError):
            yield kind


def made(kind):
    response = SlackResponse(
        client=None,
        http_verb="POST",
        api_url="x",
        req_args={},
        data={"ok": False, "error": "invalid_auth"},
        headers={},
        status_code=200,
    )
    if kind is SlackApiError:
        return kind(f"failed {TOKEN}", response)
    if kind is slack_sdk.errors.SlackTokenRotationError:
        return kind(SlackApiError("failed", response))
    return kind(f"failed {TOKEN} {SECRET_WORDS}")


@pytest.mark.parametrize(
    "error",
    [made(kind) for kind in every_client_error()]
    + [
        URLError(ConnectionRefusedError(111, TOKEN)),
        TimeoutError(TOKEN),
        ConnectionResetError(TOKEN),
        RemoteDisconnected(TOKEN),
        IncompleteRead(SECRET_WORDS.encode()),
        UnicodeDecodeError("utf-8", SECRET_WORDS.encode(), 0, 1, TOKEN),
        LookupError(TOKEN),
        AttributeError(TOKEN),
    ],
    ids=lambda error: type(error).__name__,
)
def test_fault_73_whatever_the_client_raises_is_mapped_and_tells_no_secret(error):
    """Slack's client fails with the token in its error: what is told of it holds no secret."""

    def fail(**_arguments):
        raise error

    with pytest.raises(ConnectorError) as raised:
        SlackApi(token=TOKEN).write(fail)

    assert TOKEN not in str(raised.value)
    assert "4111" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_refusal_tells_nothing_but_its_code(shop, chat, card, once):
    refuse(shop, SECRET_WORDS)

    with pytest.raises(ConnectorError) as raised:
        chat.post_card(card(), once)

    assert "4111" not in str(raised.value)


def test_nothing_of_a_call_is_logged(shop, chat, card, once, caplog):
    caplog.set_level(0)
    shop.goes_wrong(POST, "html", status=500)
    with pytest.raises(OutcomeUnknown):
        chat.post_card(card(lines=(SECRET_WORDS, SECRET_WORDS)), once)

    chat.post_card(card(lines=(SECRET_WORDS, SECRET_WORDS)), once)

    assert "4111" not in caplog.text
    assert TOKEN not in caplog.text


def test_the_budgets_are_named_for_the_ledger(chat):
    post = chat.limits["post"]

    assert set(chat.limits) == {EVERYTHING, "post", UPDATE_CARD}
    assert post.calls / post.per.total_seconds() == 1
