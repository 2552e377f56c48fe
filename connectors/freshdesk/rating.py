"""What the customer said in Freshdesk's survey. Source: Freshdesk API page, "Satisfaction Ratings".

The default question is answered by 103 (best), 102, 101, 100 (neutral), -101, -102 or -103 (worst).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from connectors.base import CustomerRating, Rating

NEUTRAL: Final = 100
DEFAULT_QUESTION: Final = "default_question"

Json = Mapping[str, Any]


def newest_rating(rows: Iterable[Json]) -> CustomerRating | None:
    """Return the customer's last answer; None where there is none to be read."""
    answers = [row for row in rows if isinstance(_score(row), int)]
    if not answers:
        return None
    last = max(answers, key=lambda row: str(row.get("created_at")))
    words = last.get("feedback")
    return CustomerRating(rating=_rating(_score(last)), words=str(words) if words else None)


def _score(row: Json) -> Any:
    ratings = row.get("ratings")
    return ratings.get(DEFAULT_QUESTION) if isinstance(ratings, dict) else None


def _rating(score: int) -> Rating:
    if score == NEUTRAL:
        return Rating.NEUTRAL
    return Rating.GOOD if score > NEUTRAL else Rating.BAD
