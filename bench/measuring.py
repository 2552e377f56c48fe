"""What every bench shares: the machine it ran on, medians of several rounds, figures beside their limits.

A bench collects figures and gives them to `finish`, whose return value is its exit status: 0 when every
limit is met, 1 when one is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

FLUSHES: Final = 200
FLUSHED_BYTES: Final = 4096
GIGABYTE: Final = 1 << 30
MET, MISSED = "met", "MISSED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """Where a figure was measured; without it the figure says little."""

    cpu: str
    cores: int
    memory_gb: float
    kernel: str
    python: str
    sqlite: str
    postgres: str | None  #: None where no PostgreSQL took part
    flush_ms: float  #: median of writing 4 kB and flushing it to the disk of the stores


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One measured value, with at most one limit; without any it is for information."""

    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def limit(self) -> float | None:
        return self.at_least if self.at_most is None else self.at_most

    @property
    def met(self) -> bool | None:
        """Return whether the limit is kept, None where there is none."""
        if self.at_most is not None:
            return self.value <= self.at_most
        return None if self.at_least is None else self.value >= self.at_least

    @property
    def ratio(self) -> float | None:
        """Return the value as a part of its limit, None where there is none."""
        return self.value / self.limit if self.limit else None

    def row(self) -> tuple[str, ...]:
        sign = "≤" if self.at_most is not None else "≥"
        limit = "" if self.limit is None else f"{sign} {_short(self.limit)} {self.unit}".rstrip()
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        verdict = {True: MET, False: MISSED, None: ""}[self.met]
        return (self.name, f"{_short(self.value)} {self.unit}".rstrip(), limit, ratio, verdict)


@dataclass(kw_only=True, slots=True)
class Report:
    """What one bench found, in the order in which it was found."""

    title: str
    machine: Machine
    figures: list[Figure] = field(default_factory=list)

    def add(self, name: str, value: float, unit: str = "", **limit: float) -> None:
        """Note one figure; `at_most` or `at_least` is its limit."""
        self.figures.append(Figure(name=name, value=value, unit=unit, **limit))

    def finish(self, *, as_json: bool) -> int:
        """Print it, and return the exit status: 1 when a limit is missed."""
        print(json.dumps(self._document(), ensure_ascii=False, indent=2) if as_json else self._text())
        return 1 if any(figure.met is False for figure in self.figures) else 0

    def _document(self) -> dict[str, Any]:
        figures = [{**asdict(figure), "ratio": figure.ratio, "met": figure.met} for figure in self.figures]
        return {"title": self.title, "machine": asdict(self.machine), "figures": figures}

    def _text(self) -> str:
        machine = self.machine
        stores = (f"PostgreSQL {machine.postgres}" if machine.postgres else "", f"SQLite {machine.sqlite}")
        flush = f"disk flush {machine.flush_ms:.2f} ms"
        return "\n".join(
            (
                self.title,
                f"{machine.cpu}, {machine.cores} cores, {machine.memory_gb:.0f} GB, {machine.kernel}",
                ", ".join(filter(None, (f"Python {machine.python}", *stores, flush))),
                "",
                *_aligned([("figure", "measured", "limit", "ratio", ""), *map(Figure.row, self.figures)]),
            )
        )


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every bench understands."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=3, help="measure so often and take medians (3)")
    return parser


def median_of(rounds: int, measure: Callable[[], float]) -> float:
    """Measure so often, and return the median."""
    return statistics.median(measure() for _ in range(rounds))


def medians(rounds: Iterable[Sequence[float]]) -> list[float]:
    """Return the median of each column, where every round measured several things at once."""
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def percentile(values: Iterable[float], share: float) -> float:
    """Return the smallest of `values` that at least `share` (0 to 1) of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)]


def this_machine(room: Path | None = None, *, postgres: str | None = None) -> Machine:
    """Describe this machine; `room` is where the stores are, None for the temporary folder."""
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 0,
        memory_gb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIGABYTE,
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        postgres=postgres,
        flush_ms=flush_ms(room or Path(tempfile.gettempdir())),
    )


def flush_ms(room: Path) -> float:
    """Return how long the disk of `room` takes to keep 4 kB, in milliseconds: the price of one commit."""
    took = []
    with tempfile.NamedTemporaryFile(dir=room) as file:
        for _ in range(FLUSHES):
            began = time.perf_counter()
            os.pwrite(file.fileno(), os.urandom(FLUSHED_BYTES), 0)
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def _cpu() -> str:
    known = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return known[0].partition(":")[2].strip() if known else platform.processor() or platform.machine()


def _short(value: float) -> str:
    """Write three figures of a small number and all of a great one."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
