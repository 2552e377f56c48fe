"""What a live check has to say, by how much it matters."""

from __future__ import annotations

from connectors.base import Finding


def error(where: str, problem: str, remedy: str) -> Finding:
    return Finding(severity="error", where=where, problem=problem, remedy=remedy)


def warning(where: str, problem: str, remedy: str) -> Finding:
    return Finding(severity="warning", where=where, problem=problem, remedy=remedy)
