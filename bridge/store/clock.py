"""The time that every process of one store goes by: the database's, whatever this machine's clock says.

The database is asked now and then. In between, time goes on by a counter that no jump of the clock
moves, so that a look at the time costs nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

log = structlog.get_logger()

MEASURE_EVERY: Final = timedelta(seconds=10)
#: further apart than this, one of two clocks is wrong
TOLERATED: Final = timedelta(seconds=2)
#: SQLite has no other clock than this machine's. So long it must have stayed where it jumped to before it is believed.
HOLD: Final = timedelta(minutes=10)


def wall_clock() -> datetime:
    """Return what this machine's clock says, jumps and all."""
    return datetime.now(UTC)


def seconds_since_boot() -> float:
    """Return a count that never jumps, and that goes on while the machine sleeps where that can be had."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class StoreClock:
    """`read` asks the database for the time; it may raise SQLAlchemyError. `hold` is how long a jump is doubted."""

    def __init__(
        self,
        read: Callable[[], datetime],
        *,
        hold: timedelta = timedelta(0),
        wall: Callable[[], datetime] = wall_clock,
        steady: Callable[[], float] = seconds_since_boot,
    ) -> None:
        self._read = read
        self._hold = hold
        self._wall = wall
        self._steady = steady
        self._set: tuple[datetime, float] | None = None  #: a moment, and the count at it
        self._jumped_at: float | None = None  #: since when the database's time is not ours
        self._alarmed = False
        self._start = threading.Lock()
        self._started = False
        self._stop = threading.Event()

    def now(self) -> datetime:
        """Return the store's time. The first call asks the database, and begins to do so regularly."""
        if not self._started:
            self._begin()
        return self._ours() or self._wall()  # the database was never reached, and there is nothing better

    @property
    def skew(self) -> timedelta:
        """Return how far this machine's clock is ahead of the store's time; below 0 when it is behind."""
        return self._wall() - self.now()

    def measure(self) -> None:
        """Compare our time with the database's, go by that, and raise an alarm when a clock is wrong."""
        try:
            reading = self._read()
        except SQLAlchemyError:
            return  # time goes on as it was
        off = reading - (self._ours() or reading)
        if abs(off) <= TOLERATED or self._believed(off):
            self._set = (reading, self._steady())
            self._jumped_at = None
        self._tell()

    def close(self) -> None:
        self._stop.set()

    def _begin(self) -> None:
        with self._start:
            if self._started:
                return
            self.measure()
            self._started = True
            threading.Thread(target=self._follow, name="store-clock", daemon=True).start()

    def _follow(self) -> None:
        while not self._stop.wait(MEASURE_EVERY.total_seconds()):
            self.measure()

    def _ours(self) -> datetime | None:
        """Return the time as it has gone on since the database last told it; None before the first time."""
        if self._set is None:
            return None
        moment, count = self._set
        return moment + timedelta(seconds=self._steady() - count)

    def _believed(self, off: timedelta) -> bool:
        count = self._steady()
        if self._jumped_at is None:
            self._jumped_at = count
            log.error("store_clock_jumped", seconds=round(off.total_seconds(), 3))
        return count - self._jumped_at >= self._hold.total_seconds()

    def _tell(self) -> None:
        """Say once that this machine's clock is off, and once that it is right again."""
        wall = self._wall()
        skew = wall - (self._ours() or wall)
        off = abs(skew) > TOLERATED
        if off and not self._alarmed:
            log.error("clock_skewed", seconds=round(skew.total_seconds(), 3))
        elif self._alarmed and not off:
            log.info("clock_right_again")
        self._alarmed = off


def clock_of(engine: Engine, wall: Callable[[], datetime] = wall_clock) -> StoreClock:
    """Return the clock of a store. SQLite's is this machine's own, `wall`."""
    if engine.dialect.name == "sqlite":
        return StoreClock(wall, hold=HOLD, wall=wall)
    return StoreClock(lambda: _database_time(engine), wall=wall)


def _database_time(engine: Engine) -> datetime:
    """Return the server's time as it is now, halfway between asking and hearing."""
    asked = seconds_since_boot()
    with engine.connect() as connection:
        moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment.astimezone(UTC) + timedelta(seconds=(seconds_since_boot() - asked) / 2)
