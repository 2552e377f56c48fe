"""The chat is down while the helpdesk is up: people are called by another way, and nothing is told twice."""

from __future__ import annotations

import pytest
from bridges import change
from mail_catcher import a_mail_server
from running_shop import CHANNEL, RAVI
from vendor_shop import POST, a_shop, a_still_shop

from bridge.handoffs import lifecycle
from bridge.store import tables
from connectors.errors import Busy, Rejected
from connectors.notify import AppriseNotifier

#: a module that apprise loads, on its way out of Python
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.fixture
def mail():
    with a_mail_server() as server:
        yield server


@pytest.fixture
def shop_on_either_store(database_url, tmp_path):
    with a_still_shop(database_url, tmp_path) as shop:
        yield shop


@pytest.fixture
def shop(sqlite_url, tmp_path, mail):
    """Give a shop whose backup, Ravi, may be written to by mail."""
    with a_still_shop(sqlite_url, tmp_path, ravi=f', notify: ["{address(mail)}"]') as shop:
        yield shop


def address(mail):
    return f"mailto://127.0.0.1:{mail.port}?from=bridge@shop.example&to=ravi@shop.example&mode=insecure"


def slack_goes_down(shop):
    shop.goes_wrong("slack", "*", "reset_before", times=100_000)


def digests(shop):
    return [line for line in shop.lines(CHANNEL) if line.startswith("While nothing could be posted")]


def test_fault_19_a_ladder_whose_chat_is_down_calls_the_backup_by_mail_once(shop, mail):
    """Slack down, helpdesk up: the ladder calls the backup by mail a minute later, with the two masked lines."""
    slack_goes_down(shop)
    handoff = shop.hand_over(summary={"wants": "a refund to card 4111 1111 1111 1111"})
    shop.pass_time(minutes=15)
    assert mail.mails == []
    shop.pass_time(minutes=2)
    ((to, subject, text),) = mail.mails
    assert ("ravi@shop.example" in to, subject) == (True, "A customer is waiting")
    assert "Please step in" in text
    assert "a refund to card" in text
    assert "4111 1111" not in text
    assert len(shop.tickets()) == 1
    assert [row.data["person"] for row in shop.events(handoff, "notified")] == ["ravi"]


def test_fault_19_a_chat_that_reaches_the_person_spares_the_mail(shop, mail):
    """Slack up: who was called in the chat gets no mail besides."""
    shop.hand_over()
    shop.pass_time(minutes=20)
    assert mail.mails == []
    assert set(shop.states("notify_person")) == {"cancelled"}


@pytest.fixture
def owned_shop(database_url, tmp_path, mail):
    """Give a shop whose only person with a mail address is the owner: of the day's two shifts, Ravi is on duty."""
    with a_still_shop(database_url, tmp_path, ravi=f', notify: ["{address(mail)}"]', owner="ravi") as shop:
        yield shop


def test_fault_19_an_owner_whom_no_card_reaches_is_told_by_mail_once(owned_shop, mail):
    """Slack down: the owner hears by mail after three minutes that a customer is theirs, long before any rung."""
    shop = owned_shop
    slack_goes_down(shop)
    handoff = shop.hand_over(summary={"wants": "a refund to card 4111 1111 1111 1111"})
    shop.pass_time(seconds=170)
    assert mail.mails == []
    shop.pass_time(minutes=1)
    ((_, subject, text),) = mail.mails
    assert subject == "A customer is waiting"
    assert "This customer is yours, and the chat cannot tell you." in text
    assert "4111 1111" not in text
    assert [row.data["person"] for row in shop.events(handoff, "notified")] == ["ravi"]
    shop.pass_time(minutes=1)
    assert len(mail.mails) == 1


def test_fault_19_an_owner_whose_card_came_gets_no_mail(owned_shop, mail):
    """Slack up, or back within three minutes: the card has told the owner, and no mail goes out."""
    shop = owned_shop
    slack_goes_down(shop)
    shop.hand_over()
    shop.pass_time(minutes=1)
    shop.sandbox.script.clear()
    shop.pass_time(minutes=5)
    assert mail.mails == []
    assert set(shop.states("notify_person")) == {"cancelled"}


def test_fault_19_a_rung_that_calls_the_owner_before_that_takes_the_mails_place(tmp_path, sqlite_url, mail):
    """Slack down, and the first rung comes sooner than the card's own mail: one mail, with the rung's words."""
    desk = {"ravi": f', notify: ["{address(mail)}"]', "owner": "ravi", "minutes": 3}
    with a_still_shop(sqlite_url, tmp_path, **desk) as shop:
        slack_goes_down(shop)
        shop.hand_over()
        shop.pass_time(seconds=160)
        ((_, _, text),) = mail.mails
        assert "This customer is still waiting for you." in text
        shop.pass_time(seconds=30)
        assert len(mail.mails) == 1


def test_fault_19_a_mail_for_a_card_holds_up_no_rung(tmp_path, sqlite_url, mail):
    """Slack down, the handoff given on, a rung calls the lead before the old owner's mail was due: only the lead."""
    addresses = {"ravi": f', notify: ["{address(mail)}"]', "meera": f', notify: ["{address(mail)}"]'}
    with a_still_shop(sqlite_url, tmp_path, owner="ravi", minutes=1, **addresses) as shop:
        slack_goes_down(shop)
        handoff = shop.hand_over()
        change(
            shop.bridge,
            handoff,
            lambda one: lifecycle.reassign(one, one.account.person("asha"), actor="ravi"),
        )
        shop.pass_time(seconds=160)
        assert [row.data["person"] for row in shop.events(handoff, "notified")] == ["meera"]


def test_fault_19_an_answer_spares_the_mail(shop, mail):
    """Slack down, and the customer is answered before the mail is due: nobody is called."""
    slack_goes_down(shop)
    handoff = shop.hand_over()
    shop.pass_time(minutes=15)
    assert "owed" in shop.states("notify_person")
    shop.helpdesk.reply(shop.ticket(handoff), int(RAVI), "On its way.")
    shop.sandbox.outbox.drain(10)
    shop.pass_time(minutes=5)
    assert (mail.mails, set(shop.states("notify_person"))) == ([], {"cancelled"})


def test_fault_19_cards_are_posted_once_and_stale_ones_as_one_digest_when_the_chat_is_back(
    shop_on_either_store,
):
    """Slack back after half an hour: who still waits gets a card, once; those long answered share one digest."""
    shop = shop_on_either_store
    slack_goes_down(shop)
    answered = [shop.hand_over(customer={"name": name}) for name in ("Lena", "Kiran", "Omar")]
    waiting = shop.hand_over()
    shop.pass_time(minutes=2)
    shop.helpdesk.send_webhooks_to(None)
    for handoff in answered:
        shop.helpdesk.reply(shop.ticket(handoff), int(RAVI), "On its way.")
    shop.pass_time(minutes=28)
    shop.sandbox.script.clear()
    shop.pass_time(minutes=12)
    assert [len(shop.cards(handoff)) for handoff in (*answered, waiting)] == [0, 0, 0, 1]
    (digest,) = digests(shop)
    assert digest.startswith("While nothing could be posted here, 3 handoffs came and are over:")
    assert all(f"{name}, refund: answered by Ravi Iyer" in digest for name in ("Lena", "Kiran", "Omar"))
    assert set(shop.states("post_card")) == {"cancelled", "settled"}


def test_fault_19_a_call_for_a_customer_who_waits_no_more_is_not_made_late(shop):
    """Slack back, and the customer was answered meanwhile: the rungs' calls are dropped, nobody is called in vain."""
    handoff = shop.hand_over()
    shop.pass_time(minutes=1)
    slack_goes_down(shop)
    shop.pass_time(minutes=16)
    shop.helpdesk.send_webhooks_to(None)
    shop.helpdesk.reply(shop.ticket(handoff), int(RAVI), "On its way.")
    shop.pass_time(minutes=3)
    shop.sandbox.script.clear()
    shop.pass_time(minutes=8)
    assert shop.thread(handoff) == []
    assert "settled" not in {row.state for row in shop.rows(tables.deliveries, kind="thread_note")}


def test_fault_19_a_running_bridge_posts_each_card_once_when_the_chat_is_back(sqlite_url, tmp_path):
    """Slack loses its answers, then is down for a moment: each card stands once."""
    with a_shop(sqlite_url, tmp_path) as shop:
        shop.goes_wrong("slack", POST, "reset_after")
        shop.goes_wrong("slack", POST, "status", times=2, status=503)
        handoffs = [shop.hand_over() for _ in range(3)]
        for handoff in handoffs:
            shop.card(handoff)
        shop.quiet()
        assert [len(shop.cards(handoff)) for handoff in handoffs] == [1, 1, 1]


def test_fault_19_a_mail_server_that_refuses_is_asked_again(shop, mail):
    """Slack down and mail refused: the call is owed still, and made when the mail is taken."""
    mail.refuses = True
    slack_goes_down(shop)
    shop.hand_over()
    shop.pass_time(minutes=17)
    assert (mail.mails, shop.states("notify_person")) == ([], ["owed"])
    mail.refuses = False
    shop.pass_time(minutes=5)
    assert len(mail.mails) == 1


@pytest.mark.parametrize("written", ["json://10.0.0.1/x", "file:///etc/passwd", "exec://sh", "nonsense"])
def test_fault_19_only_the_listed_ways_are_taken(written):
    """A way that posts to any web address, or runs a program, is refused and not repeated."""
    with pytest.raises(Rejected) as refused:
        AppriseNotifier().tell([written], "title", "text")
    assert written not in str(refused.value)


def test_fault_19_an_address_may_name_a_secret_of_the_environment_and_no_other(mail, monkeypatch):
    """A key in an address comes from a variable that begins with NOTIFY_; no other variable is put in."""
    monkeypatch.setenv("NOTIFY_TO", "asha")
    monkeypatch.setenv("HANDOFF_SECRET_KEYS", "hunter2")
    start = f"mailto://127.0.0.1:{mail.port}?mode=insecure&from=bridge@shop.example"
    AppriseNotifier().tell([start + "&to=${NOTIFY_TO}@shop.example"], "title", "text")
    with pytest.raises((Busy, Rejected)):
        AppriseNotifier().tell([start + "&to=${HANDOFF_SECRET_KEYS}"], "title", "text")
    assert [to for to, _, _ in mail.mails] == ["asha@shop.example"]


def refused_by_a_call(shop):
    """Hand over, and let the card be refused."""
    shop.hand_over()
    shop.pass_time(minutes=1)


def told_by_an_event(shop):
    shop.sandbox.slack.send_event({"type": "app_uninstalled"})
    shop.sandbox.slack.send_event({"type": "tokens_revoked", "tokens": {"bot": ["U0BRIDGE"]}})
    shop.sandbox.outbox.drain(10)
    shop.pay()


@pytest.mark.parametrize("learn", [refused_by_a_call, told_by_an_event])
def test_fault_29_a_chat_that_takes_our_rights_is_told_to_the_lead_beside_it_once(
    sqlite_url, tmp_path, mail, learn
):
    """The chat's token is revoked, as a call or the chat itself tells: shown at once, and the lead gets one mail."""
    with a_still_shop(sqlite_url, tmp_path, meera=f', notify: ["{address(mail)}"]') as shop:
        shop.sandbox.slack.revoke()
        learn(shop)
        learn(shop)
        (chat,) = [row for row in shop.rows(tables.connections) if row.connection == "slack"]
        assert "install" in chat.trouble
        ((_, subject, text),) = mail.mails
        assert subject == "The handoff bridge needs you"
        assert "Until that is mended its handoffs wait." in text
        assert shop.look(shop.hand_over())["id"]
