"""A running bridge against the stand-ins, closed cleanly after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from running_shop import POLLS, Shop, a_shop

OpenShop = Callable[..., Shop]


@pytest.fixture
def open_shop(tmp_path: Path) -> Iterator[OpenShop]:
    """Give how to open a shop on a store: `open_shop(url, helpdesk="freshdesk", minutes=0.1, ...)`.

    Ask for the store before it: what a test asks for last is closed first, and the shop must be closed on its store.
    """
    with ExitStack() as closing:

        def open_it(database_url: str, **options: Any) -> Shop:
            return closing.enter_context(a_shop(database_url, tmp_path, **options))

        yield open_it


@pytest.fixture
def shop(sqlite_url: str, open_shop: OpenShop) -> Shop:
    """Return a shop with Zendesk and Slack that hears by webhooks."""
    return open_shop(sqlite_url)


@pytest.fixture
def polling_shop(sqlite_url: str, open_shop: OpenShop) -> Shop:
    """Return a shop that no webhook reaches, so that all is found by polling."""
    shop = open_shop(sqlite_url, poll_every=POLLS)
    shop.goes_wrong("zendesk", "WEBHOOK *", "drop", times=1000)
    return shop
