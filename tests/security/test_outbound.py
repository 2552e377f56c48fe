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
from bridge.security.outbound import MOST_BYTES, GuardedSender
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


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/", "https://10.0.0.1/", "http://bot.example/next"])
def test_fault_33_a_redirect_is_not_followed_and_no_success(receiver, target):
    receiver.act = answering(301, Location=target)
    answer = HERE.post(receiver.url, {}, b"{}")
    assert (answer.status, answer.ok, len(receiver.seen)) == (301, False, 1)


def test_fault_32_an_endless_body_is_read_to_64_kb(receiver):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        while not receiver.ended.is_set():
            handler.wfile.write(b"x" * 65_536)

    receiver.act = endless
    answer = HERE.post(receiver.url, {}, b"{}")
    assert (answer.status, len(answer.body)) == (200, MOST_BYTES)


def drip(receiver, before, piece):
    def act(handler):
        handler.wfile.write(before)
        while not receiver.ended.wait(0.01):
            handler.wfile.write(piece)

    return act


@pytest.mark.parametrize(
    ("before", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b""),
    ],
    ids=["body without length", "body", "chunks", "header", "continue", "silence"],
)
def test_fault_32_a_dripping_answer_ends_at_the_deadline(receiver, before, piece):
    receiver.act = drip(receiver, before, piece)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="in time"):
        HASTY.post(receiver.url, {}, b"{}")
    assert time.monotonic() - started < 2


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
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.5.4",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::127.0.0.1]",
        "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[fec0::1]",
    ],
)
def test_fault_65_an_address_inside_is_refused_however_it_is_written(host):
    with pytest.raises(Rejected):
        PUBLIC.post(f"https://{host}/", {}, b"{}")


def test_fault_65_one_bad_address_among_good_ones_is_enough():
    with pytest.raises(Rejected, match="network"):
        resolving_to("93.184.216.34", "10.0.0.1").post("https://bot.example/", {}, b"{}")


def test_fault_65_a_name_is_looked_up_once_for_each_call(receiver):
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    sender = GuardedSender(allow_loopback=True, resolve=lambda _host, _port: next(answers))
    assert sender.post(f"http://flip.example:{receiver.port}/", {}, b"").status == 204
    with pytest.raises(Rejected):
        sender.post(f"http://flip.example:{receiver.port}/", {}, b"")
    assert len(receiver.seen) == 1


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


@given(
    st.text() | st.text().map(lambda rest: f"https://{rest}") | st.text().map(lambda rest: f"http://[{rest}")
)
def test_any_address_is_refused_or_not_reached(url):
    with pytest.raises(ConnectorError):
        resolving_to("10.0.0.1").post(url, {}, b"")


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


@given(
    st.ip_addresses(network="10.0.0.0/8")
    | st.ip_addresses(network="fc00::/7")
    | st.ip_addresses(network="127.0.0.0/8")
)
def test_no_inner_address_is_public(address):
    assert not is_public(str(address))


@pytest.mark.parametrize("text", ["", "bot.example", "1.2.3", "fe80::1%eth0", "999.1.1.1"])
def test_what_is_no_address_is_neither_public_nor_here(text):
    assert not is_public(text)
    assert not is_loopback(text)
