"""One clock for the test, the stand-ins and every process of the bridge; it stands until it is moved."""

from __future__ import annotations

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

MICROSECOND: Final = timedelta(microseconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SIZE: Final = 8


class SharedClock:
    """Kept in a file that all of them have mapped into their memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            path.write_bytes(bytes(SIZE))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), SIZE)

    def __call__(self) -> datetime:
        return EPOCH + MICROSECOND * struct.unpack("q", self._shared[:SIZE])[0]

    def set(self, moment: datetime) -> None:
        self._shared[:SIZE] = struct.pack("q", (moment - EPOCH) // MICROSECOND)
