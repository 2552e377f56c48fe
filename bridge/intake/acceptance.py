"""Handoffs that came in at the same time, accepted together: a handful of statements serves all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.accounts import Accounts
from bridge.handoffs.accept import Handover, Receipt, accept_together
from bridge.intake.idempotency import KeyedCall, recall, remember
from bridge.intake.problems import Problem
from bridge.store import Transaction

Answer = dict[str, Any] | Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One bot's request. `now` is when it came; `call` is None when it has no key."""

    account_id: str
    handover: Handover
    now: datetime
    call: KeyedCall | None

    def names(self) -> set[tuple[str, ...]]:
        """Return what of it must not come twice in one look."""
        conversation = ("conversation", self.handover.context.conversation_id)
        return {conversation, ("key", self.call.key)} if self.call else {conversation}


def accept_all(tx: Transaction, accounts: Accounts, asked: Sequence[Asked]) -> list[Answer]:
    """Accept what was asked, each once for its key; return the receipts in the same order.

    The receipt of a key used before is the same as then, or a Problem when the body is another.
    """
    answers: dict[int, Answer] = {}
    for places in _rounds(asked):
        answers.update(zip(places, _accept(tx, accounts, [asked[place] for place in places]), strict=True))
    return [answers[place] for place in range(len(asked))]


def _rounds(asked: Sequence[Asked]) -> Iterator[list[int]]:
    """Yield the places of what can be looked up at once: one account's, no conversation and no key twice.

    So a repetition that came in beside the first finds what the round before has written.
    """
    left = list(range(len(asked)))
    while left:
        account_id, names, together = asked[left[0]].account_id, set[tuple[str, ...]](), []
        for place in left:
            own = asked[place].names()
            if asked[place].account_id == account_id and names.isdisjoint(own):
                together.append(place)
                names |= own
        yield together
        left = sorted(set(left).difference(together))


def _accept(tx: Transaction, accounts: Accounts, asked: Sequence[Asked]) -> list[Answer]:
    known = recall(tx, [one.call for one in asked if one.call])
    new = [one for one in asked if one.call is None or one.call not in known]
    account = accounts.of(tx.connection, asked[0].account_id)
    receipts = accept_together(tx, account, [(one.handover, one.now) for one in new])
    fresh = [(one, _receipt(receipt)) for one, receipt in zip(new, receipts, strict=True)]
    remember(tx, [(one.call, answer["id"], answer, one.now) for one, answer in fresh if one.call])
    given = iter([answer for _, answer in fresh])
    return [known[one.call] if one.call and one.call in known else next(given) for one in asked]


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "id": receipt.handoff_id,
        "status": "updated" if receipt.again else "accepted",
        "owner": {"first_name": receipt.owner} if receipt.owner else None,
        "customer_text": receipt.customer_text,
        "promised_at": receipt.promised_at.isoformat(),
    }
