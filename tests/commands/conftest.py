"""The command line, called as `main` with a settled environment, or as a process of its own."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import structlog
from cryptography.fernet import Fernet

from bridge.cli import main
from bridge.settings import NAMES

START_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Told:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Handoff = Callable[..., Told]


@pytest.fixture
def desk_file(tmp_path: Path) -> Path:
    path = tmp_path / "desk.yaml"
    path.write_bytes((resources.files("bridge.desk") / "example.yaml").read_bytes())
    return path


@pytest.fixture
def environment(sqlite_url: str, desk_file: Path) -> dict[str, str]:
    """Return the settings of a bridge without vendors on a fresh store."""
    return {
        "HANDOFF_DATABASE_URL": sqlite_url,
        "HANDOFF_SECRET_KEYS": Fernet.generate_key().decode(),
        "HANDOFF_DESK": str(desk_file),
        "HANDOFF_LOG_FORMAT": "json",
    }


@pytest.fixture
def empty_url(tmp_path: Path) -> str:
    """Return the address of a store that is not there yet."""
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Let the test set up logging, and put back what was there."""
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    yield
    root.handlers[:] = before
    structlog.reset_defaults()


@pytest.fixture
def handoff(
    own_logging: None,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Handoff:
    """Give how to run a command: `handoff("keys", "list", HANDOFF_DESK=None)`; None takes a setting away."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)

    def run(*arguments: object, **settings: str | None) -> Told:
        with monkeypatch.context() as patched:
            for name, value in {**environment, **settings}.items():
                if value is not None:
                    patched.setenv(name, value)
            capsys.readouterr()
            try:
                status = main([str(argument) for argument in arguments])
            except SystemExit as left:  # argparse's own way to refuse and to help
                status = int(left.code or 0)
        told = capsys.readouterr()
        return Told(status=status, out=told.out, err=told.err)

    return run


class Process:
    """A command that runs on until it is told to stop."""

    def __init__(self, environment: dict[str, str], folder: Path, *arguments: str) -> None:
        self._out, self._err = folder / "out.txt", folder / "err.txt"
        known = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in NAMES}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bridge.cli", *arguments],
                env={**known, **environment},
                stdout=out,
                stderr=err,
            )

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def wait_for(self, look: Callable[[], Any]) -> Any:
        """Return what `look` finds as soon as that is something."""
        end = time.monotonic() + START_SECONDS
        while not (found := look()):
            assert self._process.poll() is None, self.err
            assert time.monotonic() < end, f"out: {self.out}\nerr: {self.err}"
            time.sleep(0.02)
        return found

    def stop(self, number: int = signal.SIGTERM, seconds: float = 10.0) -> int:
        self._process.send_signal(number)
        return self._process.wait(seconds)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def process(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Give how to start a command as a process; it is killed after the test."""
    with ExitStack() as closing:

        def start(*arguments: str, **settings: str) -> Process:
            started = Process({**environment, **settings}, tmp_path, *arguments)
            closing.callback(started.kill)
            return started

        yield start
