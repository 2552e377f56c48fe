"""What the driver alone can do: the rows of accepted handoffs, written again under new names.

The rows are read from the store that the bridge has filled: every table, column and value is the bridge's own. Each
thread has a connection of its own and one durable transaction for each handoff, as a program written by hand would.
A value starts as Python has it: documents become JSON and moments timestamps on the way, in the thread that writes.
There is no HTTP, no reading, checking or deciding, and no client to share the machine with.

On PostgreSQL several rows of one table go in one `executemany`, which psycopg sends through a pipeline. On SQLite
the threads take turns by a lock in front of BEGIN IMMEDIATE: waiting in SQLite's own busy handler, which sleeps, would
make the driver look slower than it is.

Run as a program it reads one order as JSON from standard input, and prints what it found as JSON.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import create_engine, make_url, select

from bridge.store import tables

#: in the order in which rows refer to each other; the idempotency key of each handoff is in the inbox
WRITTEN: Final = (tables.inbox, tables.handoffs, tables.timeline, tables.deliveries, tables.clocks)
#: columns that name one handoff or a part of it: a copy gets its own
NAMES: Final = frozenset({"event_id", "handoff_id", "conversation_id", "delivery_id"})
SAMPLE: Final = 100

Row = Mapping[str, Any]
Rows = Sequence[tuple[str, Sequence[Row]]]  #: by table


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    url: str
    threads: int
    seconds: float
    first: str  #: what the names of this order's copies begin with


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    handoffs: int
    seconds: float
    cpu_seconds: float  #: of the program, without the server


def write_again(order: Order, processes: int = 1) -> list[Written]:
    """Have processes of their own share the threads of `order`; return what each has written."""
    share = order.threads // processes
    orders = [
        Order(url=order.url, threads=share, seconds=order.seconds, first=f"{order.first}-{number}")
        for number in range(processes)
    ]
    with ThreadPoolExecutor(processes) as pool:
        return list(pool.map(_in_a_process, orders))


def _in_a_process(order: Order) -> Written:
    done = subprocess.run(
        [sys.executable, __file__],
        input=json.dumps(asdict(order)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return Written(**json.loads(done.stdout))


class _Psycopg:
    """One connection to PostgreSQL, with its defaults: synchronous_commit is on."""

    def __init__(self, url: str) -> None:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(plain)

    def keep(self, handoff: Rows) -> None:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for table, rows in handoff:
                statement, values = _psycopg_insert(table), [self._values(row) for row in rows]
                if len(values) == 1:
                    cursor.execute(statement, values[0])
                else:
                    cursor.executemany(statement, values)

    def _values(self, row: Row) -> list[Any]:
        return [Jsonb(value) if isinstance(value, dict | list) else value for value in row.values()]

    def close(self) -> None:
        self._connection.close()


class _Sqlite:
    """One connection to the file, as durable as the bridge's."""

    turn = threading.Lock()

    def __init__(self, url: str) -> None:
        self._connection = sqlite3.connect(str(make_url(url).database), timeout=15, check_same_thread=False)
        self._connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._connection.execute(f"PRAGMA {pragma}")

    def keep(self, handoff: Rows) -> None:
        with self.turn:
            self._connection.execute("BEGIN IMMEDIATE")
            for table, rows in handoff:
                self._connection.executemany(_sqlite_insert(table), [self._values(row) for row in rows])
            self._connection.execute("COMMIT")

    def _values(self, row: Row) -> list[Any]:
        return [_text(value) for value in row.values()]

    def close(self) -> None:
        self._connection.close()


def _text(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value


def _psycopg_insert(table: str) -> str:
    return INSERTS[table, "%s"]


def _sqlite_insert(table: str) -> str:
    return INSERTS[table, "?"]


def _insert(table: Any, sign: str) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({', '.join(sign for _ in table.columns)})"


INSERTS: Final = {(table.name, sign): _insert(table, sign) for table in WRITTEN for sign in ("%s", "?")}


def _sample(url: str) -> list[Rows]:
    """Return the rows of some accepted handoffs."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg") if "postgres" in url else url)
    with engine.connect() as connection:
        known = select(tables.handoffs.c.handoff_id).order_by(tables.handoffs.c.handoff_id).limit(SAMPLE)
        ids = connection.execute(known).scalars().all()
        found = {
            table.name: connection.execute(select(table).where(table.c.handoff_id.in_(ids))).mappings().all()
            for table in WRITTEN
        }
    engine.dispose()
    return [
        [(name, [dict(row) for row in rows if row["handoff_id"] == one]) for name, rows in found.items()]
        for one in ids
    ]


def _copies(sample: Sequence[Rows], first: str) -> Iterator[Rows]:
    """Yield the handoffs of the sample over and over, each under a name of its own."""
    number = 0
    while True:
        for handoff in sample:
            number += 1
            mark = f"{first}-{number}-"
            yield [(table, [_renamed(row, mark) for row in rows]) for table, rows in handoff]


def _renamed(row: Row, mark: str) -> Row:
    # A delivery's own name tells it from its siblings by its end.
    return {name: f"{mark}{value[-24:]}" if name in NAMES else value for name, value in row.items()}


def _write(
    open_one: Callable[[str], _Psycopg | _Sqlite], order: Order, sample: Sequence[Rows], name: str
) -> int:
    kept = 0
    with closing(open_one(order.url)) as driver:
        end = time.perf_counter() + order.seconds
        for handoff in _copies(sample, name):
            if time.perf_counter() > end:
                return kept
            driver.keep(handoff)
            kept += 1
    return kept


def _main(order: Order) -> Written:
    sample = _sample(order.url)
    open_one = _Sqlite if order.url.startswith("sqlite") else _Psycopg
    with ThreadPoolExecutor(order.threads) as pool:
        began, busy = time.perf_counter(), time.process_time()
        names = [f"{order.first}{number}" for number in range(order.threads)]
        kept = sum(pool.map(lambda name: _write(open_one, order, sample, name), names))
        return Written(
            handoffs=kept,
            seconds=time.perf_counter() - began,
            cpu_seconds=time.process_time() - busy,
        )


if __name__ == "__main__":
    print(json.dumps(asdict(_main(Order(**json.load(sys.stdin))))))
