"""The core imports nothing from its edges and names no vendor."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PURE = ("routing", "roster", "sla")
VENDOR_FREE = ("roster", "routing", "sla", "handoffs", "delivery", "desk", "reports")
EDGES = ("connectors", "bridge.intake", "bridge.inbound", "bridge.web", "bridge.cli")
VENDOR_PACKAGES = ("zenpy", "slack_sdk", "slack_bolt")
VENDOR_WORD = re.compile(r"\w*(?:slack|zendesk|freshdesk)\w*", re.IGNORECASE)
#: what the desk file calls a card's channel and people's ids; no other place may know
SCHEMA, SCHEMA_WORDS = (
    "bridge/desk/schema.py",
    {"slack_channel", "slack_user_group", "slack", "zendesk", "freshdesk"},
)


def modules(*areas: str) -> list[str]:
    found = (path for area in areas for path in (ROOT / "bridge" / area).rglob("*.py"))
    return sorted(str(path.relative_to(ROOT)) for path in found)


def imported(module: str) -> Iterator[str]:
    """Yield every imported name in full, wherever in the module the import stands."""
    path = ROOT / module
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parent.parts
            base = ".".join(package[: len(package) - node.level + 1]) + "." if node.level else ""
            yield from (f"{base}{node.module or ''}.{alias.name}" for alias in node.names)


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("module", modules(*PURE))
def test_the_pure_core_imports_the_standard_library_pydantic_and_itself(module):
    allowed = (*sys.stdlib_module_names, "pydantic", "pydantic_core", *(f"bridge.{area}" for area in PURE))

    assert [name for name in imported(module) if not within(name, *allowed)] == []


@pytest.mark.parametrize("module", modules("handoffs", *PURE))
def test_the_core_does_not_import_its_edges(module):
    assert [name for name in imported(module) if within(name, *EDGES)] == []


@pytest.mark.parametrize("module", modules(*VENDOR_FREE))
def test_the_core_imports_no_vendor_s_package(module):
    assert [name for name in imported(module) if within(name, *VENDOR_PACKAGES)] == []


@pytest.mark.parametrize("module", modules(*VENDOR_FREE))
def test_the_core_names_no_vendor(module):
    allowed = SCHEMA_WORDS if module == SCHEMA else set()

    assert set(VENDOR_WORD.findall((ROOT / module).read_text())) - allowed == set()


def test_there_is_a_core_to_look_at():
    assert len(modules(*VENDOR_FREE)) > 20
