"""`handoff migrate | web | worker | run`: the processes of a deployment."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

import structlog
import uvicorn

from bridge.app import Bridge, Worker, build_chat_link, build_clocks, build_web, build_worker, prepare
from bridge.commands.opening import open_bridge
from bridge.commands.outcome import (
    Commands,
    Refused,
    add_command,
    port,
    settings_from_environment,
    settings_with_secrets,
)
from bridge.store import migrate
from bridge.store.migrate import UnknownRevision, migrate_back
from bridge.watching import set_up_logging
from bridge.worker.ticker import Ticker
from connectors.chat import Link

log = structlog.get_logger()

#: for requests under way, so that a worker beside them has time left for its own end
GRACE_SECONDS: Final = 2
#: A process that is told to stop has ended by then, whatever still waits for an answer. Some who tell it
#: kill it after five seconds.
LONGEST_END_SECONDS: Final = 4.5
CLOCKS: Final = "clocks"
DELIVERIES: Final = "deliveries"
STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def add_to(commands: Commands) -> None:
    move = add_command(commands, "migrate", "bring the store to this version", "handoff migrate", _migrate)
    move.add_argument("--back-to", metavar="REVISION", help="undo what came after it, for an older program")
    web = add_command(commands, "web", "serve bots and vendors over HTTP", "PORT=8000 handoff web", _web)
    work = add_command(commands, "worker", "pay deliveries and watch clocks", "handoff worker", _worker)
    work.add_argument(
        "--only",
        choices=(CLOCKS, DELIVERIES),
        help="share the work between two processes: one fires rungs and does nothing else, the other does the rest",
    )
    run = add_command(commands, "run", "web and worker in one process", "handoff run --port 8000", _run)
    for command in (web, run):
        command.add_argument("--host", help="the address to listen at (HANDOFF_HOST, 127.0.0.1)")
        command.add_argument(
            "--port", type=port, help="the port to listen at (PORT, 8000); 0 takes a free one"
        )


def _migrate(given: argparse.Namespace) -> int:
    url = settings_from_environment().database_url
    if given.back_to is None:
        print(f"The store is at this version, revision {migrate(url)}.")
        return 0
    try:
        migrate_back(url, given.back_to)
    except UnknownRevision as error:
        raise Refused(str(error)) from None
    print(f"The store is back at revision {given.back_to}. Start the older program, not this one.")
    return 0


def _web(given: argparse.Namespace) -> int:
    bridge = _ready_bridge()
    try:
        open_web(bridge, given.host, given.port)()
    finally:
        bridge.close()
    return 0


def _worker(given: argparse.Namespace) -> int:
    bridge = _ready_bridge()
    stop = threading.Event()
    _at_stop_signals(stop.set)
    worker = worker_for(bridge, given.only)
    worker.start()
    log.info("worker_started")
    stop.wait()
    worker.stop()
    bridge.close()
    log.info("worker_stopped")
    return 0


def worker_for(bridge: Bridge, only: str | None) -> Worker | Ticker:
    """Build what does a worker's work, or the part of it that `only` names; None is all of it."""
    if only == CLOCKS:
        return build_clocks(bridge)
    return build_worker(bridge, clocks_apart=only == DELIVERIES)


def _run(given: argparse.Namespace) -> int:
    settings = settings_with_secrets()
    migrate(settings.database_url)
    bridge = _ready_bridge()
    try:
        worker = build_worker(bridge)
        serve = open_web(bridge, given.host, given.port, at_stop=worker.claim_no_more)
        worker.start()
        try:
            serve()
        finally:
            worker.stop()
    finally:
        bridge.close()
    return 0


def open_web(
    bridge: Bridge, host: str | None, port: int | None, at_stop: Callable[[], None] = lambda: None
) -> Callable[[], None]:
    """Listen, and return what serves until a signal says stop. Raises Refused for an address not to be had.

    `at_stop` is called as soon as the signal comes.
    """
    settings = bridge.settings
    listening = _listen(host or settings.host, settings.port if port is None else port)
    leaving = threading.Event()
    config = uvicorn.Config(
        build_web(bridge, leaving),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )

    def stop() -> None:
        leaving.set()
        at_stop()
        server.should_exit = True

    server = _Server(config, stop)
    # uvicorn raises the signal again when it is done: without this it would end us before our own end.
    _at_stop_signals(stop)
    print("Listening at http://{}:{}".format(*listening.getsockname()[:2]), flush=True)
    return lambda: _serve(server, listening, build_chat_link(bridge))


def _serve(server: _Server, listening: socket.socket, link: Link | None) -> None:
    """Serve over HTTP, and by the chat's `link` where there is one, until the signal to stop has come."""
    if link is None:
        server.run(sockets=[listening])
        return
    link.start()
    try:
        server.run(sockets=[listening])
    finally:
        link.stop()


class _Server(uvicorn.Server):
    """Tells of a signal at once: while it serves, uvicorn's own handlers are in the place of ours."""

    def __init__(self, config: uvicorn.Config, at_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._at_stop = at_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        _end_in_any_case()
        self._at_stop()
        super().handle_exit(sig, frame)


def _listen(host: str, port: int) -> socket.socket:
    try:
        listening = socket.create_server((host, port), backlog=2048)
    except OSError as error:
        code = error.errno or 0  # below 0 for a name that nobody knows
        why = os.strerror(code) if code > 0 else error.strerror
        raise Refused(f"cannot listen at {host}:{port} ({why}); choose another --host or --port") from None
    # asyncio sets this only on sockets that it opened itself; without it an answer may wait 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _ready_bridge() -> Bridge:
    bridge = open_bridge()
    set_up_logging(bridge.settings)
    try:
        prepare(bridge)
    except BaseException:
        bridge.close()
        raise
    return bridge


def _at_stop_signals(stop: Callable[[], None]) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        _end_in_any_case()
        stop()

    for number in STOP_SIGNALS:
        signal.signal(number, handle)


def _end_in_any_case() -> None:
    """Let this process end soon, well, even if a call is still under way.

    What such a call was about stays leased, and whoever takes it when the lease has run out looks first.
    """
    last = threading.Timer(LONGEST_END_SECONDS, _end)
    last.daemon = True
    last.start()


def _end() -> None:
    log.warning("stopped_with_calls_under_way")
    os._exit(0)
