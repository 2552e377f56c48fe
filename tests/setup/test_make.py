"""`make` explains itself, and refuses a Python that is too old before it makes anything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def make(tmp_path):
    """Return how to run make in a fresh checkout."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(PROJECT / name, tmp_path)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *arguments], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    return run


def test_make_alone_lists_what_can_be_made(make):
    listed = make()
    named = [line.split()[1] for line in listed.stdout.splitlines()]
    wanted = "help install demo test kill fuzz faults soak-model crash-sweep simulate storm lint lock clean"
    assert named == wanted.split()


def test_an_old_python_is_refused_with_the_way_out(make, tmp_path):
    old = tmp_path / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    refused = make("install", f"PYTHON={old}")
    assert refused.returncode != 0
    assert "Python 3.11 or newer is needed" in refused.stderr
    assert "is Python 3.9.2" in refused.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_missing_python_is_named(make):
    assert "no-such-python was not found" in make("install", "PYTHON=no-such-python").stderr
