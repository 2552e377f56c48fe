"""The shift changes while customers wait, and one of them comes again later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from running_shop import CHANNEL

from bridge.accounts import MAIN
from bridge.handoffs.change import open_change
from bridge.handoffs.returning import Outcome, give_back

RAVI = {"zendesk": 3602, "freshdesk": 4602}
RAVI_IN_CHAT = "U07RAVI"


@pytest.fixture(params=["zendesk", "freshdesk"])
def shop(request, sqlite_url, open_shop):
    """Return a shop on which Ravi stands in for Asha a few seconds from now."""
    begins = datetime.now(UTC) + timedelta(seconds=6)
    ends = begins + timedelta(hours=1)
    override = f"overrides: [{{from: {begins.isoformat()}, to: {ends.isoformat()}, owner: ravi}}]"
    return open_shop(sqlite_url, helpdesk=request.param, more=override)


def assignee(shop, ticket):
    return next(one["assignee"] for one in shop.tickets() if one["id"] == str(ticket))


def test_a_waiting_customer_goes_from_asha_to_ravi_and_comes_back_to_ravi_later(shop):
    handoff = shop.hand_over(conversation_id="wa-priya")
    ticket = shop.ticket(handoff)
    shop.card(handoff)
    shop.quiet()
    assert (shop.look(handoff)["owner"], assignee(shop, ticket)) == ({"first_name": "Asha"}, "Asha Rao")
    promised = shop.look(handoff)["promised_at"]

    shop.until("the shift change", lambda: shop.look(handoff)["owner"] == {"first_name": "Ravi"})
    shop.quiet()
    assert assignee(shop, ticket) == "Ravi Iyer"
    assert shop.look(handoff)["promised_at"] == promised
    assert shop.card_says(handoff, "From Asha to Ravi at the shift change")
    assert len(shop.cards(handoff)) == 1
    (line,) = [one for one in shop.thread(handoff) if "you stand in for Asha" in one]
    assert f"<@{RAVI_IN_CHAT}>" in line
    note = shop.until("the note", lambda: next(iter(shop.lines(CHANNEL)), None))
    assert f"<@{RAVI_IN_CHAT}>" in note
    assert "Ravi takes over from Asha" in note
    assert "Priya, refund" in note
    (told,) = shop.told("reassigned")
    assert (told["to"], told["bot"]) == ("Ravi", "silent")

    shop.helpdesk.reply(ticket, RAVI[shop.vendor], "It is on its way.")
    shop.answered(handoff)
    solve(shop, handoff)
    second = shop.hand_over(conversation_id="wa-priya")
    other = shop.ticket(second)
    shop.card(second)
    shop.quiet()
    assert (other != ticket, shop.look(second)["owner"]) == (True, {"first_name": "Ravi"})
    assert shop.card_says(second, "Again: was with Ravi until")
    assert len(shop.lines(CHANNEL)) == 1


def solve(shop, handoff_id):
    def work(tx):
        account = shop.bridge.accounts.of(tx.connection, MAIN)
        change = open_change(tx, account, handoff_id, datetime.now(UTC))
        assert give_back(change, account.person("ravi"), Outcome.SOLVED, None) is None
        change.write()

    shop.bridge.database.transact(work)
