"""What every test may ask for: a moment, a recorded answer of a vendor, a store."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
import structlog
from hypothesis import settings

pytest_plugins = ["databases", "covered"]

#: recorded answers and schemas of the vendors, kept beside the project and not in it
VENDOR_FILES: Final = Path(__file__).parents[2] / "shared" / "vendor"

# A package of the tests brings `rich`, with which structlog draws every variable of every trace: that takes so
# long that clocks are late. The program itself sets up its own logging, which shows no variables.
structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("dev", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture
def frozen_now() -> datetime:
    """Return one Saturday's moment: 12:52 in UTC, 18:22 in Kolkata."""
    return datetime(2026, 11, 21, 12, 52, tzinfo=UTC)


@pytest.fixture
def vendor_file() -> Callable[[str], Path]:
    """Return how to find a vendor's file, as in `vendor_file("zendesk/recorded/x.json")`.

    The test is skipped where there are no such files.
    """

    def find(name: str) -> Path:
        if not VENDOR_FILES.is_dir():
            pytest.skip("the vendors' recorded files are not beside this checkout")
        return VENDOR_FILES / name

    return find
