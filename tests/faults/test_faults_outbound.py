"""Addresses that others gave us, for callbacks and for the webhooks of a ladder: the guard on calls to them."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from bad_receiver import a_receiver, answering
from hypothesis import given, settings
from hypothesis import strategies as st
from vendor_shop import a_shop

from bridge.handoffs.account import WEBHOOK
from bridge.handoffs.change import open_change
from bridge.security.addresses import is_loopback, is_public
from bridge.security.outbound import DEADLINE, MOST_BYTES, GuardedSender, resolve
from bridge.store import tables
from connectors.errors import Busy, ConnectorError, OutcomeUnknown, Rejected

HERE = GuardedSender(allow_loopback=True, deadline=timedelta(seconds=5))
HASTY = GuardedSender(allow_loopback=True, deadline=timedelta(milliseconds=150))
PUBLIC = GuardedSender(allow_loopback=False, deadline=timedelta(milliseconds=500))

#: what must not be called. Source: the IANA special-purpose address registries
INSIDE = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/29",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
INSIDE_V6 = (
    "::/127",
    "64:ff9b:1::/48",
    "100::/64",
    "2001:db8::/32",
    "2001::/32",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
)
inner_v4 = st.one_of([st.ip_addresses(network=network) for network in INSIDE])
inner_v6 = st.one_of([st.ip_addresses(network=network) for network in INSIDE_V6])


def _octets(address):
    return [int(part) for part in str(address).split(".")]


#: every way to write an IPv4 address that some reader of addresses takes
SPELLINGS = (
    str,
    lambda address: str(int(address)),
    lambda address: hex(int(address)),
    lambda address: f"0{int(address):o}",
    lambda address: ".".join(f"{part:#x}" for part in _octets(address)),
    lambda address: ".".join(f"0{part:o}" for part in _octets(address)),
    lambda address: f"{_octets(address)[0]}.{int(address) & 0xFFFFFF}",
    lambda address: f"{address}.",
    lambda address: str(address).translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)}),
    lambda address: str(address).replace(".", "\u3002"),
    lambda address: f"[::ffff:{address}]",
    lambda address: f"[::{address}]",
    lambda address: f"[64:ff9b::{address}]",
    lambda address: f"[2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::1]",
)


class Names:
    """A look-up that finds what a test has put there."""

    def __init__(self):
        self.addresses = []

    def __call__(self, _host, _port):
        return self.addresses


NAMES = Names()
NAMED = GuardedSender(allow_loopback=False, resolve=NAMES)
NAMED_HERE = GuardedSender(allow_loopback=True, resolve=NAMES)


def resolving_to(*addresses, **options):
    return GuardedSender(resolve=lambda _host, _port: addresses, **{"allow_loopback": False, **options})


def numbers_only(host, port):
    """Look up what is written in numbers, in any way; no name is asked of anybody."""
    if not any(sign.isdigit() for sign in host) or any(
        sign.isalpha() and sign not in "abcdefx" for sign in host
    ):
        raise OSError("no number")
    return resolve(host, port)


NUMBERS = GuardedSender(allow_loopback=False, deadline=timedelta(seconds=2), resolve=numbers_only)


@pytest.fixture
def receiver():
    with a_receiver() as kept:
        yield kept


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/", "https://10.0.0.1/", "http://bot.example/next"])
def test_fault_33_a_redirect_is_not_followed_and_no_success(receiver, target):
    """An address answers with a redirect, to a private address or any other: it is not followed, and is no success."""
    receiver.act = answering(301, Location=target)
    answer = HERE.post(receiver.url, {}, b"{}")
    assert (answer.status, answer.ok, len(receiver.seen)) == (301, False, 1)


def test_fault_32_an_endless_body_is_read_to_64_kb(receiver):
    """An answer without end: 64 kB of it are read, then the connection is closed."""

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
    """An answer that drips, in its head or its body: the call ends at its deadline."""
    receiver.act = drip(receiver, before, piece)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="in time"):
        HASTY.post(receiver.url, {}, b"{}")
    assert time.monotonic() - started < 2


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
    """An address inside, written as decimal, octal, short, mapped or wrapped: refused before anything is sent."""
    with pytest.raises(Rejected):
        PUBLIC.post(f"https://{host}/", {}, b"{}")


def test_fault_65_one_bad_address_among_good_ones_is_enough():
    """A name with a public and a private address: refused, whichever would have been tried first."""
    with pytest.raises(Rejected, match="network"):
        resolving_to("93.184.216.34", "10.0.0.1").post("https://bot.example/", {}, b"{}")


def test_fault_65_a_name_is_looked_up_once_for_each_call(receiver):
    """A name that changes its answer: what was checked is what is called, and the next call checks again."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    sender = GuardedSender(allow_loopback=True, resolve=lambda _host, _port: next(answers))
    assert sender.post(f"http://flip.example:{receiver.port}/", {}, b"").status == 204
    with pytest.raises(Rejected):
        sender.post(f"http://flip.example:{receiver.port}/", {}, b"")
    assert len(receiver.seen) == 1


@settings(deadline=None)
@given(inner_v4, st.sampled_from(SPELLINGS), st.sampled_from(["", ":443", ":8080", ":22"]))
def test_fault_65_no_spelling_of_an_inner_address_is_called(address, spelling, port):
    """Any inner address in any spelling and with any port: refused, or no address at all."""
    with pytest.raises((Rejected, Busy)) as caught:
        NUMBERS.post(f"https://{spelling(address)}{port}/hook", {}, b"{}")
    assert isinstance(caught.value, Rejected) or "not found" in str(caught.value)


@settings(deadline=None)
@given(inner_v4 | inner_v6)
def test_fault_65_no_inner_address_is_public(address):
    """Every address of the special-purpose registries is told from a public one."""
    assert not is_public(str(address))


@settings(deadline=None)
@given(inner_v4 | inner_v6)
def test_fault_65_a_name_that_leads_inside_is_refused(address):
    """A name that leads to an inner address: refused, though the name looks harmless."""
    NAMES.addresses = [str(address)]
    with pytest.raises(Rejected):
        NAMED.post("https://bot.example/hook", {}, b"{}")


@settings(deadline=None)
@given(st.ip_addresses())
def test_fault_65_only_this_machine_is_let_in_by_the_setting(address):
    """The setting for this machine lets in loopback addresses and no other inner one."""
    if is_loopback(str(address)) or is_public(str(address)):
        return
    NAMES.addresses = [str(address)]
    with pytest.raises(Rejected):
        NAMED_HERE.post("https://bot.example/hook", {}, b"{}")


@settings(deadline=None)
@given(
    st.lists(st.ip_addresses(v=4).map(str), min_size=1, max_size=4),
    inner_v4.map(str),
    st.integers(min_value=0, max_value=4),
)
def test_fault_65_a_bad_address_at_any_place_among_others_is_found(others, bad, place):
    """A name with many addresses, one of them inside: refused, wherever it stands in the list."""
    NAMES.addresses = [*others[:place], bad, *others[place:]]
    with pytest.raises(Rejected):
        NAMED.post("https://bot.example/hook", {}, b"{}")


@settings(deadline=None)
@given(st.text(alphabet="htps:/@[]%.#?\\ 127.0.0.1x\t\n\r\0é。", max_size=40))
def test_fault_65_no_text_makes_the_guard_fail_otherwise_than_by_refusing(text):
    """Any text in place of an address: a refusal that shows nothing of it, never another error."""
    NAMES.addresses = ["10.0.0.1"]
    with pytest.raises(ConnectorError):
        NAMED.post(text, {}, b"")


def test_fault_32_the_deadline_is_15_seconds_and_the_size_64_kb():
    """The bounds that hold where nothing else is said."""
    assert (timedelta(seconds=15), 64 * 1024) == (DEADLINE, MOST_BYTES)


def test_fault_32_a_head_without_end_is_given_up(receiver):
    """An answer whose head never ends: it is given up long before it fills the memory."""

    def act(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not receiver.ended.is_set():
            handler.wfile.write(b"X-More: " + b"x" * 1000 + b"\r\n")

    receiver.act = act
    with pytest.raises(OutcomeUnknown):
        HERE.post(receiver.url, {}, b"{}")


def test_fault_65_loopback_is_called_only_where_the_setting_says_so(sqlite_url, tmp_path):
    """A callback and a ladder's webhook to loopback, without the setting: refused for good, nothing arrives."""
    with a_receiver() as receiver:
        settings = {"HANDOFF_ALLOW_LOOPBACK_CALLBACKS": "false"}
        with a_shop(sqlite_url, tmp_path, settings=settings) as shop:
            handoff = shop.hand_over(callback_url=receiver.url)
            shop.ticket(handoff)
            _owe_webhook(shop, handoff, receiver.url)
            shop.until("the refusals", lambda: _dead(shop) >= {"callback", "webhook"})
        assert receiver.seen == []


def test_fault_65_a_webhook_of_the_ladder_goes_through_the_same_guard(sqlite_url, tmp_path):
    """A ladder's webhook to a receiver that redirects: not followed, owed still."""
    with a_receiver() as receiver, a_shop(sqlite_url, tmp_path) as shop:
        receiver.act = answering(302, Location="http://10.0.0.1/")
        handoff = shop.hand_over()
        _owe_webhook(shop, handoff, receiver.url)
        shop.until("the call", lambda: receiver.seen)
        shop.until("its failure", lambda: "unknown" in _states(shop, "webhook"))


def _owe_webhook(shop, handoff_id, url):
    def work(tx):
        account = shop.bridge.accounts.of(tx.connection, "main")
        change = open_change(tx, account, handoff_id, shop.bridge.clock())
        change.owe("webhook", WEBHOOK, payload={"url": url, "rung": 1}, rung=1)
        change.write()

    shop.bridge.database.transact(work)


def _rows(shop):
    with shop.bridge.database.read() as connection:
        return list(connection.execute(tables.deliveries.select()))


def _dead(shop):
    return {row.kind for row in _rows(shop) if row.state == "dead"}


def _states(shop, kind):
    return {row.state for row in _rows(shop) if row.kind == kind}
