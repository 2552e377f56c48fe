"""A vendor that drips its answer, or never ends it, costs one call some seconds and no memory."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from datetime import UTC, datetime

import pytest

from connectors import bounded
from connectors.base import RateReadings
from connectors.errors import ConnectorError
from connectors.freshdesk.api import FreshdeskApi
from connectors.slack.api import SlackApi
from connectors.zendesk.access import OAuthToken, ZendeskAccount
from connectors.zendesk.client import ZendeskClient

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def ask_zendesk(url):
    account = ZendeskAccount(sign_in=OAuthToken(token="t"), subdomain="shop", base_url=url)
    ZendeskClient(account, RateReadings(), lambda: datetime.now(UTC)).me()


def ask_freshdesk(url):
    FreshdeskApi(base_url=url, api_key="k", notes=RateReadings(), clock=lambda: datetime.now(UTC)).me()


def ask_slack(url):
    api = SlackApi(token="xoxb-t", base_url=f"{url}/api/")
    api.read(api.client.auth_test)


VENDORS = pytest.mark.parametrize("ask", [ask_zendesk, ask_freshdesk, ask_slack])


class Wire:
    """A port that answers every call with `head`, then with `piece` for as long as somebody listens."""

    def __init__(self, head, piece, pause):
        self.head, self.piece, self.pause = head, piece, pause
        self.sent = self.calls = 0
        self._ended = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            try:
                caller, _ = self._server.accept()
            except OSError:
                return
            self.calls += 1
            with caller:
                self._answer(caller)

    def _answer(self, caller):
        try:
            caller.recv(65_536)
            caller.sendall(self.head)
            while not self._ended.wait(self.pause):
                caller.sendall(self.piece)
                self.sent += len(self.piece)
        except OSError:
            pass

    def close(self):
        self._ended.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()


@pytest.fixture
def wire():
    open_ones = []

    def open_one(head, piece, pause=0.0):
        open_ones.append(Wire(head, piece, pause))
        return open_ones[-1]

    yield open_one
    for one in open_ones:
        one.close()


@VENDORS
@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        (JSON + b"\r\n", b" "),
        (JSON + b"Content-Length: 500000\r\n\r\n", b" "),
        (JSON + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["head", "no length", "length", "chunks"],
)
def test_an_answer_that_drips_ends_at_the_deadline(monkeypatch, wire, ask, head, piece):
    monkeypatch.setattr(bounded, "WHOLE_ANSWER_SECONDS", 0.3)
    slow = wire(head, piece, pause=0.01)
    began = time.monotonic()
    with pytest.raises(ConnectorError):
        ask(slow.url)
    assert 0.2 < time.monotonic() - began < 3


@VENDORS
@pytest.mark.parametrize("head", [JSON + b"\r\n", JSON + b"Transfer-Encoding: chunked\r\n\r\n"])
def test_an_answer_that_never_ends_is_cut_at_its_size(monkeypatch, wire, ask, head):
    monkeypatch.setattr(bounded, "MOST_BYTES", 1_000_000)
    endless = wire(head, b"10000\r\n" + b" " * 65_536 + b"\r\n")
    with pytest.raises(ConnectorError):
        ask(endless.url)
    assert endless.sent < 20_000_000


@pytest.mark.parametrize("ask", [ask_zendesk, ask_freshdesk])
def test_a_body_that_swells_when_unpacked_is_cut_too(monkeypatch, wire, ask):
    monkeypatch.setattr(bounded, "MOST_BYTES", 1_000_000)
    packed = gzip.compress(b'{"user": {"id": 1}, "id": 1, "more": "' + b" " * 50_000_000 + b'"}')
    head = JSON + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with pytest.raises(ConnectorError, match="Oversized"):
        ask(wire(head + packed, b"", pause=0.1).url)


@VENDORS
def test_a_key_is_not_carried_along_a_redirect(wire, ask):
    elsewhere = wire(JSON + b"\r\n", b"", pause=0.1)
    head = b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: %s/x\r\n\r\n" % elsewhere.url.encode()
    moved = wire(head, b"", pause=0.1)
    with pytest.raises(ConnectorError):
        ask(moved.url)
    assert (moved.calls, elsewhere.calls) == (1, 0)
