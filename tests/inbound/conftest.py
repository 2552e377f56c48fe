"""A bridge that vendors call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from vendors_town import SIGNING_SECRET, Town, a_town, wait_for_an_answer

OpenTown = Callable[..., Town]


@pytest.fixture
def open_town(tmp_path: Path, frozen_now: datetime) -> Iterator[OpenTown]:
    with ExitStack() as closing:

        def open_it(url: str, **settings: str) -> Town:
            return closing.enter_context(a_town(url, tmp_path, frozen_now, **settings))

        yield open_it


@pytest.fixture
def town(open_town: OpenTown, sqlite_url: str) -> Town:
    return open_town(sqlite_url, SLACK_SIGNING_SECRET=SIGNING_SECRET)


@pytest.fixture
def town_on_either_store(open_town: OpenTown, database_url: str) -> Town:
    """As `town`; the test runs once on SQLite and once on PostgreSQL."""
    return open_town(database_url, SLACK_SIGNING_SECRET=SIGNING_SECRET)


@pytest.fixture
def waiting(town: Town) -> str:
    """Return the id of a handoff whose ticket is number 1 and whose card stands."""
    return wait_for_an_answer(town)
