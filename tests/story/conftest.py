"""A running bridge against the stand-ins, closed cleanly after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from running_shop import POLLS, Shop, write_desk

from sandbox.assembly import ANY_PORTS, Sandbox

#: how fast the stand-ins' own waits pass: Zendesk's export lags a second behind in place of a minute
PACE = 1 / 60

OpenShop = Callable[..., Shop]


@pytest.fixture
def open_shop(tmp_path: Path) -> Iterator[OpenShop]:
    """Give how to open a shop on a store: `open_shop(url, helpdesk="freshdesk", minutes=0.1, ...)`."""
    with ExitStack() as closing:

        def open_it(database_url: str, **options: Any) -> Shop:
            desk = {name: options.pop(name) for name in ("minutes", "more") if name in options}
            vendors = options.pop("vendors", (options.get("helpdesk", "zendesk"), "slack"))
            sandbox = closing.enter_context(Sandbox(ports=ANY_PORTS, vendors=vendors, pace=PACE))
            shop = Shop(sandbox, database_url, write_desk(tmp_path, **desk), **options)
            closing.callback(shop.close)
            shop.open()
            return shop

        yield open_it


@pytest.fixture
def shop(open_shop: OpenShop, sqlite_url: str) -> Shop:
    """Return a shop with Zendesk and Slack that hears by webhooks."""
    return open_shop(sqlite_url)


@pytest.fixture
def polling_shop(open_shop: OpenShop, sqlite_url: str) -> Shop:
    """Return a shop that no webhook reaches, so that all is found by polling."""
    shop = open_shop(sqlite_url, poll_every=POLLS)
    shop.goes_wrong("zendesk", "WEBHOOK *", "drop", times=1000)
    return shop
