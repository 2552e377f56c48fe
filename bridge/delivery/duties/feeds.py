"""The calendars that say who is on duty: fetched now and then; a bad reading leaves the last good one in force."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog

from bridge.delivery.job import Errand, Job, Paid
from bridge.delivery.workbench import Workbench
from bridge.desk.model import Feed
from bridge.feeds import rows
from bridge.feeds.model import FeedEvent
from bridge.feeds.reading import read_calendar
from bridge.feeds.unfold import FeedRefused

log = structlog.get_logger()

READ_EVERY: Final = timedelta(minutes=15)
TRY_AGAIN_AFTER: Final = timedelta(minutes=5)


def read_feed(job: Job, bench: Workbench) -> Paid:
    """Read one calendar; the delivery's lane is its name. One that the desk no longer names is done with."""
    feed = next((feed for feed in bench.account.desk.feeds if feed.name == job.lane), None)
    if feed is None:
        return Paid(pointless="the desk no longer names this calendar", errand=_forget(job.lane))
    try:
        events = read_calendar(feed, bench.sender, bench.account.desk.zone, bench.now)
    except FeedRefused as refused:
        log.error("feed_refused", feed=feed.name, problem=str(refused))
        return Paid(errand=_note(feed, str(refused)), again_after=TRY_AGAIN_AFTER)
    return Paid(errand=_keep(feed, events), again_after=READ_EVERY)


def _keep(feed: Feed, events: tuple[FeedEvent, ...]) -> Errand:
    return lambda tx, account, now: rows.keep(tx, account.account_id, feed.name, events, now)


def _note(feed: Feed, problem: str) -> Errand:
    return lambda tx, account, _: rows.note_problem(tx, account.account_id, feed.name, problem)


def _forget(name: str) -> Errand:
    return lambda tx, account, _: rows.forget(tx, account.account_id, name)
