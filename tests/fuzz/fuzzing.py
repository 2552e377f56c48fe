"""How long to try: a sample in the suite, and as many times more as HANDOFF_FUZZ_TIMES says."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("HANDOFF_FUZZ_TIMES", "1"))


def tries(few: int) -> settings:
    """Return the settings of a test that tries so many examples in the suite."""
    return settings(max_examples=few * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
