"""Socket Mode at the stand-in, with slack_sdk's own client."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.builtin.connection import Connection, ConnectionState
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_views import modal

from sandbox.slack.sockets import CONNECTIONS
from sandbox.slack.standin import APP_TOKEN, SlackStandIn

ASHA = "U07ASHA"
LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 10.0


class Listener:
    """One connection of an app; `answers` tell what it acknowledges with, "silence" that it does not."""

    def __init__(self, shop: Any) -> None:
        self.answers: dict[str, Any] = {}
        self.heard: list[SocketModeRequest] = []
        self.said: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self.client = SocketModeClient(
            app_token=APP_TOKEN,
            web_client=WebClient(base_url=shop.url),
            on_message_listeners=[],
        )
        self.client.message_listeners.append(self._hear_all)
        self.client.socket_mode_request_listeners.append(self._hear)
        self.client.connect()

    def _hear_all(self, client: Any, message: dict[str, Any], raw: str | None) -> None:
        with self._lock:
            self.said.append(message)

    def hellos(self) -> int:
        with self._lock:
            return sum(one.get("type") == "hello" for one in self.said)

    def _hear(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        with self._lock:
            self.heard.append(request)
        answer = self.answers.get(request.type)
        if answer != "silence":
            client.send_socket_mode_response(
                SocketModeResponse(envelope_id=request.envelope_id, payload=answer)
            )


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Return how to wait for another thread's doing."""

    def wait(look: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := look()):
            assert time.monotonic() < deadline, "not seen in time"
            threading.Event().wait(LOOK_SECONDS)
        return found

    return wait


@pytest.fixture
def slack(shop) -> SlackStandIn:
    """Return a workspace that sends through sockets, and waits for no more than half a second."""
    slack = SlackStandIn(clock=shop.clock, outbox=shop.outbox, patience_seconds=0.5)
    slack.use_sockets()
    shop.slack = slack
    return slack


@pytest.fixture
def listen(shop, slack, slack_port, until) -> Iterator[Callable[[], Listener]]:
    """Return how to open one more connection."""
    opened: list[Listener] = []
    with shop.behind(slack_port, slack.app):

        def open_it() -> Listener:
            before = len(slack.sockets)
            opened.append(Listener(shop))
            until(lambda: len(slack.sockets) == before + 1)
            return opened[-1]

        yield open_it
        for one in opened:
            one.client.close()


def test_a_connection_is_greeted(slack, listen, until):
    listener = listen()

    hello = until(lambda: [one for one in listener.said if one.get("type") == "hello"])[0]

    assert hello["num_connections"] == 1
    assert hello["connection_info"] == {"app_id": "A0BRIDGE"}


def test_a_submission_goes_by_socket_and_its_answer_is_shown(shop, slack, listen):
    listener, client = listen(), WebClient(token="xoxb-sandbox", base_url=shop.url)
    slack.shortcut(ASHA, "anything")
    shop.outbox.drain()
    (asked,) = listener.heard
    client.views_open(trigger_id=asked.payload["trigger_id"], view=modal())
    listener.answers["interactive"] = {"response_action": "errors", "errors": {"reason": "Say more."}}

    shown = slack.submit(ASHA, {"reason": "because"})

    assert (asked.type, asked.accepts_response_payload) == ("interactive", True)
    assert listener.heard[1].payload["type"] == "view_submission"
    assert shown.errors == {"reason": "Say more."}


def test_a_command_goes_by_socket(slack, listen):
    listener = listen()
    listener.answers["slash_commands"] = {"text": "Asha is on duty."}

    (seen,) = slack.slash(ASHA, "C0ALL", "/handoff", "who")

    assert seen["text"] == "Asha is on duty."
    assert (listener.heard[0].type, listener.heard[0].payload["command"]) == ("slash_commands", "/handoff")


def test_an_event_that_is_not_acknowledged_comes_again_by_another_connection(shop, slack, listen):
    first, second = listen(), listen()
    first.answers["events_api"] = second.answers["events_api"] = "silence"

    slack.send_event({"type": "app_mention", "text": "hello"})
    shop.outbox.drain(timeout=20)

    told = [*first.heard, *second.heard]
    assert (len(first.heard), len(second.heard)) == (2, 2)  # at once, and three times again
    assert len({one.envelope_id for one in told}) == 4
    assert len({one.payload["event_id"] for one in told}) == 1
    assert sorted(one.retry_attempt for one in told) == [0, 1, 2, 3]
    assert not any(one.accepts_response_payload for one in told)


def test_an_acknowledged_event_comes_once(shop, slack, listen):
    listener = listen()

    slack.send_event({"type": "app_mention"})
    shop.outbox.drain()

    assert len(listener.heard) == 1


def test_an_interaction_that_is_not_acknowledged_is_shown_and_not_repeated(shop, slack, listen):
    listener = listen()
    listener.answers["interactive"] = "silence"

    slack.shortcut(ASHA, "anything")
    shop.outbox.drain()

    assert len(listener.heard) == 1
    assert slack.troubles_of(ASHA) == ["“anything” did not work: the app did not answer in time."]


def test_without_a_connection_nothing_goes_over_http_either(shop, slack, app):
    slack.connect(app.url)

    slack.shortcut(ASHA, "anything")
    shop.outbox.drain()

    assert app.heard("shortcut") == []
    assert slack.troubles_of(ASHA) == ["“anything” did not work: the app could not be reached."]


@pytest.mark.parametrize("reason", ["refresh_requested", "warning"])
def test_an_app_told_to_leave_comes_back_by_a_new_connection(shop, slack, listen, until, reason):
    listener = listen()

    slack.disconnect_sockets(reason)

    until(lambda: listener.hellos() > 1 and len(slack.sockets) == 1)
    slack.send_event({"type": "app_mention"})
    shop.outbox.drain()
    assert len(listener.heard) == 1


def test_there_are_ten_connections_and_no_more(client, slack, listen):
    for _ in range(CONNECTIONS):
        listen()

    said = []
    state = ConnectionState()

    def hear(message: str) -> None:
        said.append(json.loads(message))
        state.terminated = True

    url = client.apps_connections_open(app_token=APP_TOKEN)["url"]
    refused = Connection(url=url, logger=logging.getLogger(__name__), on_message_listener=hear)
    refused.connect()
    refused.run_until_completion(state)
    refused.close()

    assert [one["reason"] for one in said] == ["too_many_websockets"]
    assert len(slack.sockets) == CONNECTIONS


def test_each_token_opens_only_its_own_doors(shop, client):
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        client.apps_connections_open(app_token="xoxb-sandbox")
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        WebClient(token=APP_TOKEN, base_url=shop.url).auth_test()
    shop.slack._access.app_scopes = frozenset()
    with pytest.raises(SlackApiError, match="missing_scope"):
        client.apps_connections_open(app_token=APP_TOKEN)
