"""What the fault rows are shown on: a bridge whose vendors remember, and a shop with the stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from bot_at_the_door import Door
from running_shop import Shop, a_shop
from vendors_town import SIGNING_SECRET, Town, a_town, wait_for_an_answer


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path, frozen_now: datetime) -> Iterator[Town]:
    """Give a bridge at an address, whose vendors remember and can call it; its clock stands still."""
    with a_town(sqlite_url, tmp_path, frozen_now, SLACK_SIGNING_SECRET=SIGNING_SECRET) as town:
        yield town


@pytest.fixture
def town_on_either_store(database_url: str, tmp_path: Path, frozen_now: datetime) -> Iterator[Town]:
    """As `town`; the test runs once on SQLite and once on PostgreSQL."""
    with a_town(database_url, tmp_path, frozen_now, SLACK_SIGNING_SECRET=SIGNING_SECRET) as town:
        yield town


@pytest.fixture
def door(town: Town) -> Door:
    """Return the town's front door, with a bot's key to it."""
    return Door.to(town)


@pytest.fixture
def waiting(town: Town) -> str:
    """Return the id of a handoff whose ticket is number 1 and whose card stands."""
    return wait_for_an_answer(town)


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[Shop]:
    """Give a shop that really runs, with the stand-ins of Zendesk and Slack."""
    with a_shop(sqlite_url, tmp_path) as shop:
        yield shop
