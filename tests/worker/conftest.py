"""Bridges whose worker really runs, in threads, by the system's own clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from bridges import a_bridge, write_example_desk

from bridge.app import Bridge
from bridge.worker import loop

T = TypeVar("T")
PATIENCE_SECONDS = 10.0

OpenBridge = Callable[..., Bridge]
Until = Callable[[Callable[[], T]], T]


@pytest.fixture
def desk_file(tmp_path: Path) -> Path:
    return write_example_desk(tmp_path)


@pytest.fixture
def open_bridge(database_url: str, desk_file: Path) -> Iterator[OpenBridge]:
    """Give how to open a bridge on the test's store; a second one is another process."""
    with ExitStack() as closing:
        yield lambda **options: closing.enter_context(a_bridge(database_url, desk_file, **options))


@pytest.fixture
def until() -> Until[Any]:
    """Give how to wait: the value of `look` as soon as it is something."""

    def wait(look: Callable[[], T]) -> T:
        end = time.monotonic() + PATIENCE_SECONDS
        while not (found := look()):
            assert time.monotonic() < end, "not seen in time"
            time.sleep(0.01)
        return found

    return wait


@pytest.fixture
def no_safety_net(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the loop's own looking around away, so that only a wake-up brings it to new work."""
    monkeypatch.setattr(loop, "LONGEST_SLEEP", timedelta(minutes=1))
