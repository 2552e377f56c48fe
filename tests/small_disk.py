"""Disks that can be filled: a real small one where this account may mount it, and a limit on a process elsewhere."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNLIMITED = resource.RLIM_INFINITY


class CannotMount(Exception):
    """This account may not mount a file system."""


class SmallDisk:
    """A file system in memory, of so many bytes."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "tmpfs", folder], check=True)

    def fill(self, *, leave: int = 0) -> None:
        """Leave room for so many bytes."""
        free = shutil.disk_usage(self.folder).free
        with self._ballast.open("wb", buffering=0) as ballast:
            ballast.write(b"\0" * max(0, free - leave))

    def clear(self) -> None:
        self._ballast.unlink()

    def unmount(self) -> None:
        # Lazily: a server that has just been stopped may hold it for a moment yet.
        subprocess.run(["umount", "--lazy", self.folder], check=True)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """Give a disk mounted at `folder`. Raises CannotMount."""
    folder.mkdir(exist_ok=True)
    try:
        disk = SmallDisk(folder, size)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        raise CannotMount("a file system cannot be mounted here") from error
    try:
        yield disk
    finally:
        disk.unmount()


def limit_files_of(pid: int, most_bytes: int = UNLIMITED) -> None:
    """Let a running process write files up to so many bytes: beyond that, each write fails."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most_bytes, UNLIMITED))
