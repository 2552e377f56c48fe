"""`handoff migrate | web | worker | run`: the processes of a deployment."""

from __future__ import annotations

import argparse
import signal
import socket
import threading
from types import FrameType
from typing import Final

import structlog
import uvicorn

from bridge.app import Bridge, build_web, build_worker, prepare
from bridge.commands.opening import open_bridge
from bridge.commands.outcome import (
    Commands,
    add_command,
    settings_from_environment,
    settings_with_secrets,
)
from bridge.store import migrate
from bridge.watching import set_up_logging

log = structlog.get_logger()

GRACE_SECONDS: Final = 5
STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def add_to(commands: Commands) -> None:
    add_command(commands, "migrate", "bring the store to this version", "handoff migrate", _migrate)
    web = add_command(commands, "web", "serve bots and vendors over HTTP", "PORT=8000 handoff web", _web)
    add_command(commands, "worker", "pay deliveries and watch clocks", "handoff worker", _worker)
    run = add_command(commands, "run", "web and worker in one process", "handoff run --port 8000", _run)
    for command in (web, run):
        command.add_argument("--host", help="the address to listen at (HANDOFF_HOST, 127.0.0.1)")
        command.add_argument(
            "--port", type=int, help="the port to listen at (PORT, 8000); 0 takes a free one"
        )


def _migrate(_given: argparse.Namespace) -> int:
    migrate(settings_from_environment().database_url)
    print("The store is at this version.")
    return 0


def _web(given: argparse.Namespace) -> int:
    bridge = _ready_bridge()
    try:
        serve_web(bridge, given.host, given.port)
    finally:
        bridge.close()
    return 0


def _worker(_given: argparse.Namespace) -> int:
    bridge = _ready_bridge()
    stop = threading.Event()
    for number in STOP_SIGNALS:
        signal.signal(number, _setting(stop))
    worker = build_worker(bridge)
    worker.start()
    log.info("worker_started")
    stop.wait()
    worker.stop()
    bridge.close()
    log.info("worker_stopped")
    return 0


def _run(given: argparse.Namespace) -> int:
    settings = settings_with_secrets()
    migrate(settings.database_url)
    bridge = _ready_bridge()
    worker = build_worker(bridge)
    worker.start()
    try:
        serve_web(bridge, given.host, given.port)
    finally:
        worker.stop()
        bridge.close()
    return 0


def serve_web(bridge: Bridge, host: str | None, port: int | None) -> None:
    """Serve until a signal says stop; print the address once it can be called."""
    settings = bridge.settings
    listening = socket.create_server(
        (host or settings.host, settings.port if port is None else port), backlog=2048
    )
    address = "http://{}:{}".format(*listening.getsockname()[:2])
    config = uvicorn.Config(
        build_web(bridge),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    print(f"Listening at {address}", flush=True)
    uvicorn.Server(config).run(sockets=[listening])


def _ready_bridge() -> Bridge:
    bridge = open_bridge()
    set_up_logging(bridge.settings)
    prepare(bridge)
    return bridge


def _setting(stop: threading.Event) -> signal.Handlers:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    return handle  # type: ignore[return-value]
