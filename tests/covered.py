"""Tells at the end of a run what its longer proofs covered: a test says so by `record_property("covered", text)`."""

from __future__ import annotations

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [report for group in ("passed", "failed") for report in terminalreporter.getreports(group)]
    told = [text for report in reports for name, text in report.user_properties if name == "covered"]
    if told:
        terminalreporter.section("covered")
        for text in sorted(told):
            terminalreporter.line(text)
