"""The files of notices that come with the product."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.notices.reading import SHIPPED


@pytest.fixture
def shipped() -> Callable[[str], str]:
    """Return how to get the text of a locale's file."""
    return lambda locale: (SHIPPED / f"{locale}.yaml").read_text(encoding="utf-8")
