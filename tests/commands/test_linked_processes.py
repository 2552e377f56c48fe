"""`handoff run` and `web` on a host that the chat cannot call: they call it, hear it, and end when told to."""

from __future__ import annotations

import pytest
from bridges import SECRET_KEY, a_bridge, all_of
from test_serving_processes import log_of, url_of

from bridge.store import tables
from sandbox.assembly import ANY_PORTS, Sandbox
from sandbox.slack.standin import APP_TOKEN

CHANNEL = "C0EVENING"


@pytest.fixture
def sandbox():
    with Sandbox(ports=ANY_PORTS, vendors=("slack",)) as sandbox:
        sandbox.slack.use_sockets()
        yield sandbox


def settings_of(sandbox):
    """Return a link's settings, without a secret to verify calls by."""
    settings = {name: value for name, value in sandbox.environment().items() if name.startswith("SLACK")}
    del settings["SLACK_SIGNING_SECRET"]
    return {**settings, "SLACK_APP_TOKEN": APP_TOKEN, "HANDOFF_SECRET_KEYS": SECRET_KEY}


@pytest.mark.parametrize("command", ["run", "web"])
def test_a_process_without_an_address_hears_the_chat_and_ends_when_told_to(
    process, sandbox, sqlite_url, desk_file, command
):
    started = process(command, "--port", "0", **settings_of(sandbox))
    url_of(started)
    started.wait_for(lambda: "chat_link_open" in started.err)
    sandbox.slack.send_event({"type": "channel_archive", "channel": CHANNEL})
    sandbox.outbox.drain(20)
    assert [one.status for one in sandbox.outbox.log()] == [200]
    assert started.stop() == 0
    assert "chat_link_in_trouble" not in started.err
    assert APP_TOKEN not in started.err
    with a_bridge(sqlite_url, desk_file, ready=False) as bridge:
        assert [row.source for row in all_of(bridge, tables.inbox)] == ["slack"]


def test_a_token_that_is_refused_is_in_the_log_and_http_is_served_all_the_same(process, sandbox):
    settings = settings_of(sandbox) | {"SLACK_APP_TOKEN": "xapp-1-canary"}
    started = process("web", "--port", "0", **settings)
    url_of(started)
    started.wait_for(lambda: "chat_link_in_trouble" in started.err)
    assert started.stop() == 0
    (trouble, *_) = [event for event in log_of(started) if event["event"] == "chat_link_in_trouble"]
    assert "SLACK_APP_TOKEN is refused" in trouble["error"]
    assert "canary" not in started.err
