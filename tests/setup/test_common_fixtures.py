"""The fixtures that every test may ask for."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings


def test_now_is_an_evening_in_kolkata(frozen_now):
    assert f"{frozen_now.astimezone(ZoneInfo('Asia/Kolkata')):%a %H:%M}" == "Sat 18:22"


def test_a_vendor_file_is_found_by_its_name(vendor_file, tmp_path, monkeypatch):
    monkeypatch.setitem(vendor_file.__globals__, "VENDOR_FILES", tmp_path)
    assert vendor_file("zendesk/recorded/x.json") == tmp_path / "zendesk" / "recorded" / "x.json"


def test_without_vendor_files_the_test_is_skipped(vendor_file, tmp_path, monkeypatch):
    monkeypatch.setitem(vendor_file.__globals__, "VENDOR_FILES", tmp_path / "absent")
    with pytest.raises(pytest.skip.Exception):
        vendor_file("zendesk/recorded/x.json")


def test_properties_are_checked_with_the_same_examples_each_time():
    assert settings.get_profile("ci").derandomize
    assert settings.get_profile("ci").deadline is None
