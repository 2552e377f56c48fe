"""A receiver on loopback for the guard's tests."""

from __future__ import annotations

import pytest
from bad_receiver import a_receiver


@pytest.fixture
def receiver():
    with a_receiver() as kept:
        yield kept
