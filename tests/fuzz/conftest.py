"""A bridge at an address, for what is thrown at it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from vendors_town import SIGNING_SECRET, Town, a_town, wait_for_an_answer


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    """Give a bridge whose vendors remember and can call it."""
    now = datetime(2026, 11, 21, 12, 52, tzinfo=UTC)
    with a_town(sqlite_url, tmp_path, now, SLACK_SIGNING_SECRET=SIGNING_SECRET) as town:
        yield town


@pytest.fixture
def waiting(town: Town) -> str:
    """Return the id of a handoff whose ticket is number 1 and whose card stands."""
    return wait_for_an_answer(town)
