"""What the customer said in Zendesk's survey. Source: Zendesk "Tickets", satisfaction_rating; the OpenAPI's enum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.base import CustomerRating, Rating

#: a score may say that a comment came with it
SCORES: Final = {
    "good": Rating.GOOD,
    "good_with_comment": Rating.GOOD,
    "bad": Rating.BAD,
    "bad_with_comment": Rating.BAD,
}


def rating_of(ticket: Mapping[str, Any]) -> CustomerRating | None:
    """Return the ticket's rating; None where none was asked for or given."""
    said = ticket.get("satisfaction_rating")
    if not isinstance(said, dict):
        return None
    rating, words = SCORES.get(str(said.get("score"))), said.get("comment")
    return CustomerRating(rating=rating, words=str(words) if words else None) if rating else None
