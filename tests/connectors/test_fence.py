"""Nothing is written once the lease has run out, and everything else passes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
import requests

from bridge.security.outbound import GuardedSender
from connectors.base import Once
from connectors.chat import Notice
from connectors.errors import Busy
from connectors.fence import held_while
from connectors.remembering import RememberingChat
from connectors.slack.api import SlackApi
from connectors.wire import PlainConnection, VendorAdapter


class Vendor(BaseHTTPRequestHandler):
    """Answers everything, and notes what it was asked. It also lets others through, as a proxy does."""

    asked: ClassVar[list[str]] = []

    def answer(self) -> None:
        self.asked.append(self.command)
        body = b'{"ok": true, "ts": "1.0"}'
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def do_PUT(self) -> None:
        self.answer()

    def do_CONNECT(self) -> None:
        self.asked.append("CONNECT")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def vendor() -> Iterator[tuple[str, int]]:
    Vendor.asked.clear()
    with HTTPServer(("127.0.0.1", 0), Vendor) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield ("127.0.0.1", server.server_port)
        server.shutdown()


@contextmanager
def lease_run_out() -> Iterator[None]:
    with held_while(lambda: False):
        yield


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.mount("http://", VendorAdapter())
        yield session


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_late_write_is_busy_and_never_arrives(vendor, session, method):
    url = "http://{}:{}/".format(*vendor)
    session.get(url)  # so that the connection stands, and is used again
    with lease_run_out(), pytest.raises(Busy):
        session.request(method, url, data=b"x")
    assert Vendor.asked == ["GET"]
    assert session.request(method, url, data=b"x").ok


def test_a_late_read_does_no_harm_and_passes(vendor, session):
    with lease_run_out():
        assert session.get("http://{}:{}/".format(*vendor)).ok


def test_a_late_post_to_slack_is_busy_and_never_arrives(vendor):
    api = SlackApi(token="xoxb-test", base_url="http://{}:{}/api/".format(*vendor))
    with lease_run_out(), pytest.raises(Busy):
        api.write(api.client.chat_postMessage, channel="C0ALL", text="hello")
    assert Vendor.asked == []
    assert api.write(api.client.chat_postMessage, channel="C0ALL", text="hello")["ok"]


def test_a_late_post_to_a_bot_is_busy_and_never_arrives(vendor):
    sender, url = GuardedSender(allow_loopback=True), "http://{}:{}/".format(*vendor)
    with lease_run_out(), pytest.raises(Busy):
        sender.post(url, {}, b"x")
    assert Vendor.asked == []
    with lease_run_out():
        assert sender.get(url, most_bytes=100).ok
    assert sender.post(url, {}, b"x").ok


@pytest.mark.parametrize("late", [False, True])
def test_a_memory_keeps_a_late_write_from_arriving_too(late):
    chat = RememberingChat()
    with held_while(lambda: not late), pytest.raises(Busy) if late else nullcontext():
        chat.post_in_channel("C0ALL", Notice(text="hello"), Once(key="dl_1"))
    assert len(chat.notices) == (0 if late else 1)


def test_the_way_through_a_proxy_is_opened_whatever_the_lease(vendor):
    connection = PlainConnection(*vendor)
    connection.set_tunnel("shop.example", 443)
    with lease_run_out():
        connection.connect()
    assert Vendor.asked == ["CONNECT"]
    assert isinstance(connection.sock, socket.socket)
    connection.close()
