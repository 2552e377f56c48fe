"""Copies of a store, made and restored as docs/operations.md says."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from databases import _programs
from sqlalchemy import make_url


def copy_store(url: str, folder: Path) -> Path:
    """Copy a store while it is in use; return the copy."""
    copy = folder / "yesterday.copy"
    if url.startswith("sqlite"):
        _copy_file(Path(url.removeprefix("sqlite:///")), copy)
    else:
        _run("pg_dump", "--format=custom", f"--file={copy}", _libpq(url))
    return copy


def restore_store(url: str, copy: Path) -> None:
    """Put the copy in the place of a store that nobody uses."""
    if url.startswith("sqlite"):
        store = Path(url.removeprefix("sqlite:///"))
        for file in store.parent.glob(f"{store.name}*"):
            file.unlink()
        _copy_file(copy, store)
    else:
        _run("pg_restore", "--clean", "--if-exists", f"--dbname={_libpq(url)}", str(copy))


def _copy_file(source: Path, target: Path) -> None:
    """As the command `.backup` of the sqlite3 program, which is a call of this function of the library."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def _run(program: str, *arguments: str) -> None:
    subprocess.run([_programs() / program, *arguments], check=True, capture_output=True)


def _libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
