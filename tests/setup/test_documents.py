"""What the documents say of the program is so: settings are all explained, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")


def settings_explained() -> list[str]:
    page = (PROJECT / "docs" / "operations.md").read_text()
    table = page.partition("## Settings")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)


def test_every_setting_is_explained_and_none_besides():
    from bridge.settings import NAMES

    assert sorted(settings_explained()) == sorted(NAMES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_between_pages_lead_somewhere(page):
    linked = [page.parent / target for target in LINK.findall(page.read_text())]
    assert [str(target) for target in linked if not target.exists()] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md"])
def test_files_that_a_page_names_are_there(page):
    named = re.findall(
        r"`((?:bridge|connectors|docs|mappings|manifest|sandbox|tests)/[a-z_/.]*)`",
        (PROJECT / page).read_text(),
    )
    assert named
    assert [name for name in named if not (PROJECT / name).exists()] == []
