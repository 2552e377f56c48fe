"""A person ends a handoff: the ticket is solved, the card closed, the bot resumes, and nothing echoes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from running_shop import FALLBACK, POLLS

from bridge.accounts import MAIN
from bridge.handoffs.change import open_change
from bridge.handoffs.returning import Outcome, give_back

AGENT = {"zendesk": 3601, "freshdesk": 4601}
WRITES = {"zendesk": "PUT /api/v2/tickets/*", "freshdesk": "PUT /api/v2/tickets/*"}
POLL = {"zendesk": "GET /api/v2/incremental/*", "freshdesk": "GET /api/v2/tickets"}
WANTS = {
    "zendesk": (
        422,
        {
            "details": {"base": [{"description": "is required", "ticket_field_id": 900101}]},
            "error": "RecordInvalid",
        },
        2,
    ),
    "freshdesk": (400, {"errors": [{"field": "cf_topic", "code": "missing_field", "message": "blank"}]}, 1),
}


@pytest.fixture(params=["zendesk", "freshdesk"])
def shop(request, sqlite_url, open_shop):
    """Return a shop that hears by webhooks and by polls."""
    return open_shop(sqlite_url, helpdesk=request.param, poll_every=POLLS)


def ends(shop, handoff_id: str, outcome: Outcome, words: str | None = None) -> str | None:
    def work(tx: Any) -> str | None:
        account = shop.bridge.accounts.of(tx.connection, MAIN)
        change = open_change(tx, account, handoff_id, datetime.now(UTC))
        refusal = give_back(change, account.person("asha"), outcome, words)
        change.write()
        return refusal

    return shop.bridge.database.transact(work)


def status(shop, ticket: int) -> str:
    return str(next(one["status"] for one in shop.tickets() if one["id"] == str(ticket))).lower()


def heard_of(shop) -> None:
    """Wait until the helpdesk's webhooks have come, and until it was asked twice more what has changed."""
    shop.quiet()
    before = len(shop.answers(shop.vendor, POLL[shop.vendor]))
    shop.until("two polls", lambda: len(shop.answers(shop.vendor, POLL[shop.vendor])) >= before + 2)
    shop.quiet()


def test_a_solved_handoff_is_solved_at_the_helpdesk_and_closes_once(shop):
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.card(handoff)
    assert ends(shop, handoff, Outcome.SOLVED) == "Answer the customer first, or choose another outcome."
    shop.helpdesk.reply(ticket, AGENT[shop.vendor], "It is on its way.")
    shop.answered(handoff)
    assert shop.look(handoff)["bot"] == "silent"
    assert ends(shop, handoff, Outcome.SOLVED, "It was next door.") is None
    shop.quiet()
    assert status(shop, ticket) in ("solved", "resolved")
    note = shop.comments(ticket)[-1]
    assert (note["public"], "Asha Rao gave the conversation back" in note["text"]) == (False, True)
    assert "It was next door." in note["text"]
    heard_of(shop)
    assert len(shop.events(handoff, "resolved")) == len(shop.told("resolved")) == 1
    (told,) = shop.told("resolved")
    assert (told["outcome"], told["bot"]) == ("solved", "resume")
    assert shop.look(handoff)["bot"] == "resume"
    assert shop.card_says(handoff, "solved, given back by Asha Rao")


def test_our_own_solving_of_an_unanswered_ticket_comes_back_as_nothing_new(shop):
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.card(handoff)
    shop.quiet()
    assert ends(shop, handoff, Outcome.CUSTOMER_LEFT) is None
    shop.quiet()
    assert status(shop, ticket) in ("solved", "resolved")
    heard_of(shop)
    names = [row.event for row in shop.events(handoff)]
    assert (names.count("resolved"), names.count("solved_unanswered")) == (1, 0)
    assert shop.card_says(handoff, "the customer left")


def test_a_helpdesk_that_wants_a_field_first_keeps_the_ticket_open_and_the_admin_hears_of_it(shop):
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.card(handoff)
    shop.quiet()
    code, body, times = WANTS[shop.vendor]
    shop.goes_wrong(
        shop.vendor, WRITES[shop.vendor], "status", status=code, body=json.dumps(body), times=times
    )
    assert ends(shop, handoff, Outcome.NOT_SOLVED) is None
    shop.quiet()
    assert shop.look(handoff)["state"] == "resolved"
    assert status(shop, ticket) not in ("solved", "resolved")
    assert "gave the conversation back" in shop.comments(ticket)[-1]["text"]
    shop.until("the alarm", lambda: any("could not be set to" in line for line in shop.lines(FALLBACK)))
