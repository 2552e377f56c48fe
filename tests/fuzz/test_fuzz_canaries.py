"""Random customers' texts go the whole way: their words reach no log and no error, their secrets not Slack either."""

from __future__ import annotations

import dataclasses
import json
import secrets
import time

import pytest
import requests
from bridge_process import BridgeProcess
from cryptography.fernet import Fernet
from fuzzing import tries
from hypothesis import given
from hypothesis import strategies as st
from running_shop import conversation, write_desk

from sandbox.assembly import ANY_PORTS, Sandbox
from sandbox.faults import Fault

CARD, TOKEN = "4111 1111 1111 1111", "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"
PATIENCE_SECONDS = 30.0

around = st.lists(
    st.one_of(
        st.text(alphabet=st.characters(codec="utf-8"), max_size=20),
        st.sampled_from(
            [
                "<!channel>", "<@U0EVIL>", "<https://evil.example|bank>", "\n", "\u202e", "{{ticket}}", '"',
                "\\", "%s", "\x00",
            ]
        ),
    ),
    max_size=5,
).map(" ".join)  # fmt: skip


class Shop:
    """A bridge as a process of its own between the stand-ins of Zendesk and Slack."""

    def __init__(self, sandbox, process, key):
        self.sandbox, self.process = sandbox, process
        self.headers = {"Authorization": f"Bearer {key['key']}"}
        self.secrets = (key["key"], key["signing_secret"])

    def call(self, method, path, body):
        address = f"{self.process.url}/v1/handoffs{path}"
        return requests.request(method, address, json=body, headers=self.headers, timeout=10)

    def announced(self, handoff_id):
        """Wait until ticket and card are there."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            seen = self.call("GET", f"/{handoff_id}", None).json()
            if seen["ticket"] and seen["announced"]:
                return
            assert time.monotonic() < end, "neither ticket nor card"
            time.sleep(0.02)

    def slack(self):
        """Return all that Slack was sent."""
        channels = [
            dataclasses.asdict(one) | {"members": []}
            for one in self.sandbox.slack.workspace.channels.values()
        ]
        return json.dumps(channels, ensure_ascii=False, default=str)


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with Sandbox(ports=ANY_PORTS, vendors=("zendesk", "slack")) as sandbox:
        settings = {
            **sandbox.environment(),
            "HANDOFF_DATABASE_URL": sqlite_url,
            "HANDOFF_SECRET_KEYS": Fernet.generate_key().decode(),
            "HANDOFF_DESK": str(write_desk(tmp_path, minutes=15)),
            "HANDOFF_LOG_FORMAT": "json",
        }
        with BridgeProcess(settings, tmp_path) as process:
            yield Shop(sandbox, process, process.make_key())


def everywhere(said):
    """Return a handoff with the text in every part that a bot may fill."""
    return conversation(
        topic=said[:190],
        trigger={"kind": said[:90], "code": said[:90]},
        customer={"name": said[:190], "email": said[:190], "external_id": said[:190], "tier": said[:190]},
        summary={"wants": said, "tried": said, "suspects": said},
        attempts=[said],
        records=[{"kind": said[:190], "id": said[:190]}],
        fields={"note": said, said[:40]: said},
        verification=[said],
        transcript=[{"speaker": "customer", "text": said}],
        odd=said,
    )


def spoilt(said):
    """Return calls that are refused, each with the text in it."""
    whole = everywhere(said)
    return [
        {**whole, "transcript": said},
        {**whole, "customer": {"name": [said]}},
        {**whole, "callback_url": said},
        {**whole, "topic": said + "x" * 300},
        {**whole, said: {said: [said]}, "attempts": [{said: said}]},
        said,
        [said],
    ]


@given(before=around, after=around)
@tries(6)
def test_fault_73_whatever_a_customer_writes_is_in_no_log_and_no_error(shop, before, after):
    """Any text with secrets in it goes the whole way: no log or error holds its words, and Slack no secret."""
    word = f"zq{secrets.token_hex(8)}zq"
    said = f"{before} {word} {CARD} {TOKEN} {after}"
    trouble = json.dumps({"error": "RecordInvalid", "description": said})
    shop.sandbox.script.add(
        Fault(vendor="zendesk", call="POST /api/v2/tickets*", action="status", status=503, body=trouble)
    )
    errors = [shop.call("POST", "", body) for body in spoilt(said)]
    handed = shop.call("POST", "", everywhere(said))
    assert handed.status_code == 202
    handoff_id = handed.json()["id"]
    assert shop.call("POST", f"/{handoff_id}/messages", {"messages": [said]}).status_code == 202
    errors.append(shop.call("GET", f"/{word}", None))
    shop.announced(handoff_id)
    shop.sandbox.outbox.drain()
    log, slack = shop.process.log(), shop.slack()
    assert {answer.status_code for answer in errors} <= {400, 404, 422}
    assert [answer.text for answer in errors if word in answer.text or TOKEN in answer.text] == []
    assert [one for one in (word, CARD, TOKEN, *shop.secrets) if one in log] == []
    assert [one for one in (CARD, TOKEN, *shop.secrets) if one in slack] == []
    assert "<!channel>" not in slack
    assert "<@U0EVIL>" not in slack
