"""A folder and a store for a sweep, kept where the run's other stores are."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from databases import ROOM, Postgres
from sweep import Sweep, open_sweep
from sweep_stores import SqliteStore, postgres_store

OpenSweep = Callable[..., Sweep]


@pytest.fixture
def sweep_folder(pytestconfig: pytest.Config) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sweep-", dir=pytestconfig.stash[ROOM]))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def open_on_sqlite(sweep_folder: Path, sqlite_template: Path) -> Iterator[OpenSweep]:
    """Give how to open a sweep on a SQLite file: `open_on_sqlite("zendesk")`."""
    with ExitStack() as closing:

        def open_it(helpdesk: str, *, defect: str = "") -> Sweep:
            file = sweep_folder / "handoff.db"
            shutil.copy(sqlite_template, file)
            opened = open_sweep(sweep_folder, SqliteStore(file), helpdesk, defect=defect)
            return closing.enter_context(opened)

        yield open_it


@pytest.fixture
def open_on_postgres(sweep_folder: Path, postgres: Postgres, postgres_template: str) -> Iterator[OpenSweep]:
    """As `open_on_sqlite`, on a database of PostgreSQL."""
    with ExitStack() as closing:

        def open_it(helpdesk: str) -> Sweep:
            store = closing.enter_context(postgres_store(postgres, f"{postgres.run}-{sweep_folder.name}"))
            return closing.enter_context(open_sweep(sweep_folder, store, helpdesk))

        yield open_it
