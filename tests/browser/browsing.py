"""A real browser at the sandbox's page: Debian's Chromium, driven by Playwright. It never downloads a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM: Final = Path(os.environ.get("HANDOFF_TEST_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZE: Final = {"width": 1360, "height": 900}
PATIENCE_MILLISECONDS: Final = 15_000


@contextmanager
def a_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Window:
    """One open page, what it said to the console, and pictures of it for whoever looks."""

    def __init__(self, browser: Browser, pictures: Path) -> None:
        self._pictures = pictures
        self._context = browser.new_context(viewport=SIZE, locale="en-GB", timezone_id="Asia/Kolkata")
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE_MILLISECONDS)
        self.complaints: list[str] = []  #: errors in the console, and exceptions nobody caught
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def picture(self, name: str) -> Path:
        """Save what is to be seen now as a PNG, and return where."""
        place = self._pictures / f"{name}.png"
        self.page.screenshot(path=place)
        return place

    def close(self) -> None:
        self._context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)
