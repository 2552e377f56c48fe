"""The guard on calls to addresses that others gave us."""

from __future__ import annotations

import socket
import time
from datetime import timedelta

import pytest
from bad_receiver import answering
from hypothesis import given
from hypothesis import strategies as st

from bridge.security.addresses import is_loopback, is_public
from bridge.security.outbound import GuardedSender
from connectors.errors import Busy, ConnectorError, OutcomeUnknown, Rejected

HERE = GuardedSender(allow_loopback=True, deadline=timedelta(seconds=5))
HASTY = GuardedSender(allow_loopback=True, deadline=timedelta(milliseconds=150))
PUBLIC = GuardedSender(allow_loopback=False, deadline=timedelta(milliseconds=500))


def resolving_to(*addresses, **options):
    return GuardedSender(resolve=lambda _host, _port: addresses, **{"allow_loopback": False, **options})


def test_a_body_arrives_with_its_headers(receiver):
    receiver.act = answering(200, b"thanks", X_Trace="t-1")
    answer = HERE.post(
        f"{receiver.url}?a=1&b=%20", {"content-type": "application/json", "webhook-id": "m"}, b"{}"
    )
    path, headers, body = receiver.seen[0]
    assert (answer.status, answer.ok, answer.body, answer.headers["x-trace"]) == (200, True, b"thanks", "t-1")
    assert (path, body, headers["webhook-id"]) == ("/hook?a=1&b=%20", b"{}", "m")
    assert headers["Host"] == f"127.0.0.1:{receiver.port}"


def test_the_name_stays_in_the_request_when_the_number_is_called(receiver):
    sender = resolving_to("127.0.0.1", allow_loopback=True)
    sender.post(f"http://bot.example:{receiver.port}/", {}, b"")
    assert receiver.seen[0][1]["Host"] == f"bot.example:{receiver.port}"


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 100])
def test_what_is_no_http_leaves_the_outcome_unknown(receiver, answer):
    receiver.act = lambda handler: handler.wfile.write(answer)
    with pytest.raises(OutcomeUnknown):
        HERE.post(receiver.url, {}, b"{}")


def test_a_closed_port_means_nothing_was_sent():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Busy):
            HERE.post(f"http://127.0.0.1:{taken.getsockname()[1]}/", {}, b"{}")


@pytest.mark.parametrize(
    "url",
    [
        "http://bot.example/",
        "ftp://bot.example/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "//bot.example/",
        "https://user:pass@bot.example/",
        "https://bot.example@10.0.0.1/",
        "https://bot.example\\@10.0.0.1/",
        "https://bot.example:0/",
        "https://bot.example:99999/",
        "https://bot.example/a b",
        "https://bot.example/\r\nHost: other",
        "https://[::1/",
        "",
    ],
)
def test_what_is_no_plain_https_address_is_refused(url):
    with pytest.raises(Rejected):
        resolving_to("93.184.216.34").post(url, {}, b"{}")


def test_plain_http_is_for_this_machine_only():
    with pytest.raises(Rejected, match="https"):
        resolving_to("93.184.216.34", allow_loopback=True).post("http://bot.example/", {}, b"{}")


def test_a_name_nobody_knows_means_nothing_was_sent():
    def unknown(_host, _port):
        raise socket.gaierror

    with pytest.raises(Busy):
        GuardedSender(allow_loopback=False, resolve=unknown).post("https://bot.example/", {}, b"{}")


def test_a_look_up_that_never_ends_is_given_up():
    def slow(_host, _port):
        time.sleep(0.3)
        return ["93.184.216.34"]

    sender = GuardedSender(allow_loopback=False, deadline=timedelta(milliseconds=50), resolve=slow)
    with pytest.raises(Busy):
        sender.post("https://bot.example/", {}, b"{}")


def test_a_body_that_nobody_reads_ends_at_the_deadline():
    with socket.create_server(("127.0.0.1", 0), backlog=1) as deaf, pytest.raises(OutcomeUnknown):
        HASTY.post(f"http://127.0.0.1:{deaf.getsockname()[1]}/", {}, b"x" * 20_000_000)


TO_THE_INSIDE = resolving_to("10.0.0.1")


@given(
    st.text() | st.text().map(lambda rest: f"https://{rest}") | st.text().map(lambda rest: f"http://[{rest}")
)
def test_any_address_is_refused_or_not_reached(url):
    with pytest.raises(ConnectorError):
        TO_THE_INSIDE.post(url, {}, b"")


def test_an_error_shows_no_address_and_no_body(receiver):
    receiver.act = lambda handler: handler.wfile.write(b"hunter2")
    with pytest.raises(OutcomeUnknown) as caught:
        HERE.post(f"{receiver.url}?token=hunter2", {"authorization": "hunter2"}, b"hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_public_addresses_may_be_called(address):
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "bot.example", "1.2.3", "fe80::1%eth0", "999.1.1.1"])
def test_what_is_no_address_is_neither_public_nor_here(text):
    assert not is_public(text)
    assert not is_loopback(text)
