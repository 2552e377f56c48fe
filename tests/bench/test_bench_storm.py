"""A sample of `bench/storm.py`: the same storm, smaller, against a tighter limit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

STORM = Path(__file__).parents[2] / "bench" / "storm.py"


def test_a_storm_uses_the_whole_limit_and_leaves_the_other_account_alone():
    command = [sys.executable, str(STORM), "--handoffs", "70", "--limit", "30", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    figures = {figure["name"]: figure for figure in json.loads(run.stdout)["figures"]}
    assert figures["tickets opened"]["value"] == 70
    assert figures["share of the limit used"]["value"] >= 97
