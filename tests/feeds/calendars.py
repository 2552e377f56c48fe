"""A calendar's address whose answer a test decides, and calendars to answer with."""

from __future__ import annotations

from fastapi import FastAPI, Response


def calendar(*events: str) -> bytes:
    return "\r\n".join(
        ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//shop", *events, "END:VCALENDAR", "")
    ).encode()


def event(
    title: str, starts: str = "20261121T090000Z", ends: str = "20261121T170000Z", *more: str, uid: str = "1"
) -> str:
    head = ("BEGIN:VEVENT", f"UID:{uid}@shop", "DTSTAMP:20261101T000000Z")
    return "\r\n".join((*head, f"DTSTART:{starts}", f"DTEND:{ends}", f"SUMMARY:{title}", *more, "END:VEVENT"))


class CalendarServer:
    """Answers `status` and `body`; counts how often it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.asked = 200, calendar(), 0
        self.app = FastAPI(openapi_url=None)
        self.app.get("/team.ics")(self._answer)

    def _answer(self) -> Response:
        self.asked += 1
        return Response(self.body, self.status, media_type="text/calendar")
