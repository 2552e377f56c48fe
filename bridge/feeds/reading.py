"""Fetch a calendar and turn it into events."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bridge.desk.model import Feed
from bridge.feeds.model import FeedEvent
from bridge.feeds.unfold import MOST_BYTES, FeedRefused, unfold
from connectors.errors import ConnectorError


class Fetched(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Fetcher(Protocol):
    def get(self, url: str, most_bytes: int) -> Fetched:
        """Fetch what is at an address, its first `most_bytes`. Raises ConnectorError."""
        ...


def read_calendar(feed: Feed, fetcher: Fetcher, zone: str, now: datetime) -> tuple[FeedEvent, ...]:
    """Return the events around `now`. Raises FeedRefused with what is wrong, in plain words."""
    try:
        answer = fetcher.get(feed.url, MOST_BYTES + 1)
    except ConnectorError as error:
        raise FeedRefused(error.detail) from None
    if answer.status != 200:
        raise FeedRefused(f"the calendar's address answered {answer.status}")
    return unfold(answer.body, zone, now)
