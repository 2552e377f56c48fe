"""The lock holds every dependency, each with its hashes, and says nothing of the machine it was made on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = Path(__file__).parents[2]
#: a locked requirement begins at the margin, its hashes and reasons are indented
LOCKED = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(\[.*?\])?==(?P<version>\S+)(?P<rest>.*(?:\n .*)*)", re.MULTILINE
)


def lock_text() -> str:
    return (PROJECT / "requirements.lock").read_text()


def locked() -> dict[str, re.Match[str]]:
    return {canonicalize_name(found["name"]): found for found in LOCKED.finditer(lock_text())}


def wanted() -> list[Requirement]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("requirement", wanted(), ids=lambda requirement: requirement.name)
def test_what_the_project_asks_for_is_locked_at_a_version_that_fits(requirement):
    found = locked()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(Version(found["version"]), prereleases=True)


def test_every_locked_package_has_a_hash():
    assert [name for name, found in locked().items() if "--hash=sha256:" not in found["rest"]] == []


def test_the_lock_names_no_host_and_no_machine():
    assert re.findall(r"://|--(?:extra-)?index|--find-links|[\s='\"]/\w+/", lock_text()) == []
