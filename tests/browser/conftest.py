"""What a test in a browser may ask for: a window, a sandbox with an app that answers as told, a running shop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from browsing import CHROMIUM, Window, a_browser
from playwright.sync_api import Browser, Page
from running_shop import Shop, a_shop
from scripted_bridge import ScriptedBridge, a_scripted_bridge
from slack_sdk import WebClient

from sandbox.assembly import ANY_PORTS, Sandbox
from sandbox.slack.standin import TOKEN


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser for one file: as long as Playwright runs, no other test of the thread may run a loop."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}; install Debian's package chromium")
    with a_browser() as it:
        yield it


@pytest.fixture
def window(browser: Browser, tmp_path: Path) -> Iterator[Window]:
    """Return a window that must not complain by the end of the test."""
    it = Window(browser, tmp_path)
    yield it
    it.close()
    assert it.complaints == []


@pytest.fixture
def page(window: Window) -> Page:
    return window.page


@dataclass
class Workplace:
    """A sandbox, an app in the bridge's place, and that app's way to call Slack."""

    sandbox: Sandbox
    app: ScriptedBridge
    client: WebClient


@pytest.fixture
def workplace(page: Page) -> Iterator[Workplace]:
    with a_scripted_bridge() as app, Sandbox(ports=ANY_PORTS, vendors=("slack",)) as sandbox:
        sandbox.connect(app.url)
        client = WebClient(token=TOKEN, base_url=sandbox.url("slack") + "/api/")
        page.goto(sandbox.page_url)
        yield Workplace(sandbox, app, client)
        leave(page)


@pytest.fixture
def shop(page: Page, sqlite_url: str, tmp_path: Path) -> Iterator[Shop]:
    """Return a real bridge with the page open beside it."""
    with a_shop(sqlite_url, tmp_path) as it:
        page.goto(it.sandbox.page_url)
        yield it
        leave(page)


def leave(page: Page) -> None:
    """Go away before the servers do, so that nothing is asked of them any more."""
    page.goto("about:blank")
