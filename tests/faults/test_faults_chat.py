"""Chats in trouble, and people of the desk who cannot be reached there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from running_shop import ASHA_IN_CHAT, CHANNEL, FALLBACK
from vendor_shop import a_still_shop

from bridge.cli import main
from bridge.store import tables


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with a_still_shop(sqlite_url, tmp_path) as shop:
        yield shop


def handed_over(shop):
    """Hand over, and let the card be posted."""
    handoff = shop.hand_over()
    shop.pay()
    shop.clock.later(seconds=6)
    shop.pay()
    return handoff


def hear(shop):
    """Let the chat's news come in, and what follows from them be done."""
    shop.sandbox.outbox.drain(10)
    shop.pay()


def mentioned_on_card(shop, handoff):
    (_channel, card), *_ = shop.cards(handoff)
    return [user for user in ("U07ASHA", "U07RAVI", "U07MEERA") if f"<@{user}>" in str(card.blocks)]


def called_in_thread(shop, handoff, user):
    return [line for line in shop.thread(handoff) if f"<@{user}>" in line]


def direct_messages(shop, user):
    conversation = shop.sandbox.slack.workspace.channels.get(f"D0{user[1:]}")
    return [post.text for post in conversation.messages] if conversation else []


def everything_posted(shop):
    channels = shop.sandbox.slack.workspace.channels.values()
    return str([(post.text, post.blocks) for channel in channels for post in channel.messages])


def due(shop, rung):
    (row,) = shop.rows(tables.clocks, rung=rung)
    return row.due_at


ARCHIVED = lambda slack: slack.archive(CHANNEL)  # noqa: E731


def private_without_the_bot(slack):
    slack.make_private(CHANNEL)
    slack.remove(CHANNEL)


@pytest.mark.parametrize("spoil", [ARCHIVED, private_without_the_bot], ids=["archived", "private"])
def test_fault_26_a_channel_that_cannot_be_posted_in_gives_way_and_the_lead_gets_the_link(shop, spoil):
    """Channel archived, or private without the bot: cards go to the fallback; the lead gets one link to mend it."""
    spoil(shop.sandbox.slack)
    handoffs = [handed_over(shop) for _ in range(3)]
    assert {shop.card(handoff)[0] for handoff in handoffs} == {FALLBACK}
    (line,) = [line for line in shop.lines(FALLBACK) if "comes here" in line]
    assert "<@U07MEERA>" in line
    assert f"https://slack.com/app_redirect?channel={CHANNEL}" in line
    assert len(shop.rows(tables.defects)) == 1


def test_fault_26_a_channel_that_was_renamed_or_made_private_with_the_bot_in_it_is_still_the_same(shop):
    """The channel is renamed, or made private with the bot in it: its id stays, and the cards go on there."""
    shop.sandbox.slack.rename(CHANNEL, "support-early")
    shop.sandbox.slack.make_private(CHANNEL)
    handoff = handed_over(shop)
    assert shop.card(handoff)[0] == CHANNEL
    assert shop.rows(tables.defects) == []


def test_fault_26_a_channel_that_is_mended_is_a_defect_no_more(shop):
    """The channel is unarchived: cards go there again, and were it archived anew, the lead would hear anew."""
    shop.sandbox.slack.archive(CHANNEL)
    handed_over(shop)
    shop.sandbox.slack.workspace.channels[CHANNEL].archived = False
    handoff = handed_over(shop)
    assert shop.card(handoff)[0] == CHANNEL
    assert shop.rows(tables.defects) == []


@pytest.mark.parametrize(
    "spoil",
    [ARCHIVED, lambda slack: slack.send_event({"type": "channel_left", "channel": CHANNEL})],
    ids=["archived", "bot removed"],
)
def test_fault_26_the_lead_hears_of_a_channel_before_any_card_fails_in_it(shop, spoil):
    """The chat tells that a channel was archived or the bot removed from it: the lead hears at once, and only then."""
    spoil(shop.sandbox.slack)
    hear(shop)
    assert len(shop.rows(tables.defects)) == 1
    (line,) = shop.lines(FALLBACK)
    assert "<@U07MEERA>" in line
    assert f"https://slack.com/app_redirect?channel={CHANNEL}" in line
    shop.sandbox.slack.archive(CHANNEL)
    handoff = handed_over(shop)
    assert shop.card(handoff)[0] == FALLBACK
    assert len([line for line in shop.lines(FALLBACK) if "comes here" in line]) == 1


def test_fault_26_news_of_a_new_name_change_nothing(shop):
    """The chat tells that a channel has another name: nothing is told to anybody, and cards go on there."""
    shop.sandbox.slack.install(events={"channel_rename"})
    shop.sandbox.slack.rename(CHANNEL, "support-early")
    hear(shop)
    assert (shop.rows(tables.defects), shop.lines(FALLBACK)) == ([], [])
    assert shop.card(handed_over(shop))[0] == CHANNEL


def test_fault_27_an_owner_deactivated_while_a_customer_waits_gives_way_to_the_backup(shop):
    """The chat tells that the owner is gone: what they have goes to the backup at once, long before any rung."""
    handoff = handed_over(shop)
    assert mentioned_on_card(shop, handoff) == ["U07ASHA"]
    shop.sandbox.slack.deactivate(ASHA_IN_CHAT)
    hear(shop)
    assert shop.handoff(handoff).owner == "ravi"
    assert len(called_in_thread(shop, handoff, "U07RAVI")) == 1
    assert mentioned_on_card(shop, handoff) == ["U07RAVI"]
    assert len([line for line in shop.lines(FALLBACK) if "mend the desk file" in line]) == 1
    assert [row.event for row in shop.events(handoff, "escalated")] == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda slack: slack.deactivate(ASHA_IN_CHAT),
        lambda slack: slack.make_guest(ASHA_IN_CHAT),
        lambda slack: slack.workspace.users.pop(ASHA_IN_CHAT),
    ],
    ids=["deactivated", "guest", "left"],
)
def test_fault_27_an_owner_whom_the_chat_lost_is_skipped_for_the_backup_at_once(shop, spoil):
    """Owner deactivated, a guest or gone: the backup has it at once, nobody is mentioned in vain, one warning."""
    spoil(shop.sandbox.slack)
    first, second = handed_over(shop), handed_over(shop)
    for handoff in (first, second):
        assert shop.handoff(handoff).owner == "ravi"
        assert mentioned_on_card(shop, handoff) == ["U07RAVI"]
        assert len(called_in_thread(shop, handoff, "U07RAVI")) == 1
        assert [row.event for row in shop.events(handoff, "escalated")] == []
    assert "<@U07ASHA>" not in everything_posted(shop)
    assert len([line for line in shop.lines(FALLBACK) if "mend the desk file" in line]) == 1
    assert shop.helpdesk.store.tickets[shop.ticket(first)]["assignee_id"] == 3602


def test_fault_27_a_rung_mentions_nobody_whom_it_cannot_reach(shop):
    """The backup of a rung is deactivated: the rung reached nobody, so the lead is called in their place."""
    shop.sandbox.slack.deactivate("U07RAVI")
    handoff = handed_over(shop)
    shop.pass_time(minutes=16)
    assert called_in_thread(shop, handoff, "U07RAVI") == []
    assert [line for line in shop.lines(FALLBACK) if "<@U07MEERA>" in line and "Ravi Iyer" in line]


def test_fault_27_a_chat_that_does_not_tell_who_is_active_holds_up_no_card(shop):
    """The chat refuses to tell who is active: the owner is mentioned as ever, and the card is not late."""
    shop.goes_wrong("slack", "* /api/users.info", "status", times=100, status=500)
    handoff = handed_over(shop)
    assert mentioned_on_card(shop, handoff) == ["U07ASHA"]
    assert shop.handoff(handoff).owner == "asha"


@pytest.mark.parametrize(
    "spoil",
    [lambda slack: slack.snooze(ASHA_IN_CHAT, 60), lambda slack: slack.leave(ASHA_IN_CHAT)],
    ids=["do not disturb", "away"],
)
def test_fault_28_an_owner_who_is_away_stays_the_owner_and_the_backup_is_called_sooner(shop, spoil):
    """Owner away or not to be disturbed: still the owner, written to alone; the backup is called in half the time."""
    spoil(shop.sandbox.slack)
    began = shop.clock()
    handoff = handed_over(shop)
    assert shop.handoff(handoff).owner == "asha"
    assert mentioned_on_card(shop, handoff) == ["U07ASHA"]
    assert len(direct_messages(shop, ASHA_IN_CHAT)) == 1
    # The backup was to be called after 15 minutes.
    assert timedelta(minutes=7) < due(shop, 2) - began < timedelta(minutes=8)
    shop.pass_time(minutes=8)
    assert called_in_thread(shop, handoff, "U07RAVI")


def test_fault_28_an_owner_who_is_there_gets_no_message_and_the_ladder_its_time(shop):
    """The owner is there: no direct message, and the backup's time is whole."""
    began = shop.clock()
    handed_over(shop)
    assert direct_messages(shop, ASHA_IN_CHAT) == []
    assert due(shop, 2) - began > timedelta(minutes=14)


def test_fault_28_a_token_without_the_scope_for_do_not_disturb_still_sees_who_is_away(shop):
    """The scope for do-not-disturb was left out: presence alone is asked, and cards go out."""
    slack = shop.sandbox.slack
    slack.grant(set(slack._access.scopes) - {"dnd:read"})
    slack.leave(ASHA_IN_CHAT)
    handed_over(shop)
    assert len(direct_messages(shop, ASHA_IN_CHAT)) == 1


def test_fault_31_a_live_check_lists_what_reduced_scopes_stop(shop):
    """Installed anew with fewer scopes: the live check names each missing scope and what no longer works without it."""
    slack = shop.sandbox.slack
    slack.grant(set(slack._access.scopes) - {"im:write", "dnd:read"})
    found = {one.where: one for one in shop.bridge.connectors.chats["slack"].check()}
    assert found["scope im:write"].severity == "error"
    assert "tell one person directly cannot" in found["scope im:write"].problem
    assert found["scope dnd:read"].severity == "warning"
    assert "waited for as long as any other" in found["scope dnd:read"].problem


def test_fault_31_the_command_shows_them_and_ends_with_an_error(shop, tmp_path, monkeypatch, capsys):
    """Installed anew without a scope that is needed: `handoff check --live` says so and exits with 2."""
    slack = shop.sandbox.slack
    slack.grant(set(slack._access.scopes) - {"chat:write"})
    for name, value in shop.environment.items():
        monkeypatch.setenv(name, value)
    assert main(["check", "--live", "--desk", str(tmp_path / "desk.yaml")]) == 2
    assert "scope chat:write: not granted. Nothing can be posted." in capsys.readouterr().out
