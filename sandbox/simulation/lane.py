"""A vendor's outgoing webhooks in virtual time."""

from __future__ import annotations

from sandbox.outbox import AttemptOnce, Parcel
from sandbox.simulation.timetable import Timetable

ON_THE_WAY_SECONDS = 0.4  #: from what happened to the webhook's arrival


class TimetableLane:
    """Sends when the timetable says so, in place of a thread."""

    def __init__(self, timetable: Timetable, attempt: AttemptOnce) -> None:
        self._timetable = timetable
        self._attempt = attempt
        self._held: list[Parcel] = []

    def put(self, parcel: Parcel, wait_seconds: float) -> None:
        for each in (parcel, *self._held):
            self._plan(each, wait_seconds + ON_THE_WAY_SECONDS)
        self._held.clear()

    def hold(self, parcel: Parcel) -> None:
        self._held.append(parcel)

    def drain(self, deadline: float) -> None:
        """There is nothing to wait for: the timetable lets everything leave."""

    def close(self) -> None:
        self._held.clear()

    def _plan(self, parcel: Parcel, wait_seconds: float) -> None:
        self._timetable.after(wait_seconds, lambda: self._send(parcel))

    def _send(self, parcel: Parcel) -> None:
        again = self._attempt(parcel)
        if again is not None:
            self._plan(*again)
