"""The rows behind the report: one small read of what the store knows of a period."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, exists, or_, select

from bridge.handoffs.handing_over import REROUTED
from bridge.handoffs.model import Outcome, State
from bridge.handoffs.rating import RATED, Verdict
from bridge.reports.period import Period
from bridge.reports.received import Received
from bridge.store import tables

HANDOFFS: Final = tables.handoffs
DELIVERIES: Final = tables.deliveries
TIMES: Final = (
    "asked_at",
    "received_at",
    "promised_at",
    "started_at",
    "ticketed_at",
    "carded_at",
    "answered_at",
    "delivered_at",
    "closed_at",
)
PLAIN: Final = ("handoff_id", "channel", "test", *TIMES)
#: whether the bot was told of the answer: owed when it came, so an address given later changes nothing
ANSWER_TOLD: Final = exists().where(
    DELIVERIES.c.account_id == HANDOFFS.c.account_id,
    DELIVERIES.c.handoff_id == HANDOFFS.c.handoff_id,
    DELIVERIES.c.kind == "callback",
    DELIVERIES.c.payload["event"].as_string() == "answered",
)
OTHER: Final = HANDOFFS.alias("other")
#: whether another handoff had the same ticket, and was still open, when this one was closed: they were merged
ON_ANOTHER_TICKET: Final = exists().where(
    HANDOFFS.c.outcome == Outcome.DUPLICATE.value,
    OTHER.c.account_id == HANDOFFS.c.account_id,
    OTHER.c.ticket_connection == HANDOFFS.c.ticket_connection,
    OTHER.c.ticket_id == HANDOFFS.c.ticket_id,
    OTHER.c.handoff_id != HANDOFFS.c.handoff_id,
    OTHER.c.test == HANDOFFS.c.test,
    OTHER.c.received_at <= HANDOFFS.c.closed_at,
    or_(OTHER.c.closed_at.is_(None), OTHER.c.closed_at > HANDOFFS.c.closed_at),
    or_(OTHER.c.outcome.is_(None), OTHER.c.outcome != Outcome.DUPLICATE.value),
)
TIMELINE: Final = tables.timeline


def _happened(event: str, *more: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether the handoff's timeline has such an event."""
    return exists().where(
        TIMELINE.c.account_id == HANDOFFS.c.account_id,
        TIMELINE.c.handoff_id == HANDOFFS.c.handoff_id,
        TIMELINE.c.event == event,
        *more,
    )


COLUMNS: Final[tuple[ColumnElement[Any], ...]] = (
    *(HANDOFFS.c[name] for name in PLAIN),
    HANDOFFS.c.state,
    HANDOFFS.c.outcome,
    ON_ANOTHER_TICKET.label("on_another_ticket"),
    HANDOFFS.c.window_seconds,
    HANDOFFS.c.context["callback_url"].as_string().label("callback_url"),
    ANSWER_TOLD.label("answer_told"),
    HANDOFFS.c.rating,
    _happened(REROUTED).label("rerouted"),
    _happened(RATED).label("judged"),
    _happened(RATED, TIMELINE.c.data["verdict"].as_string() == Verdict.RE_ASKED.value).label("re_asked"),
    HANDOFFS.c.route["shift"].as_string().label("shift"),
    HANDOFFS.c.route["owner"].as_string().label("named_owner"),
)


def received_in(connection: Connection, account_id: str, period: Period) -> list[Received]:
    """Return the handoffs received in `period`, in that order, test handoffs among them.

    A conversation handed over again while it was open is one handoff, received when it was first handed over.
    """
    found = connection.execute(
        select(*COLUMNS)
        .where(
            HANDOFFS.c.account_id == account_id,
            HANDOFFS.c.received_at >= period.starts_at,
            HANDOFFS.c.received_at < period.ends_at,
        )
        .order_by(HANDOFFS.c.received_at, HANDOFFS.c.handoff_id)
    )
    return [_received(row) for row in found]


def _received(row: Row[Any]) -> Received:
    return Received(
        **{name: row._mapping[name] for name in PLAIN},
        state=State(row.state),
        outcome=Outcome(row.outcome) if row.outcome else None,
        on_another_ticket=bool(row.on_another_ticket),
        window=timedelta(seconds=row.window_seconds),
        relayed=_relayed(row),
        shift=row.shift,
        named_owner=row.named_owner,
        rerouted=bool(row.rerouted),
        re_asked=bool(row.re_asked) if row.judged else None,
        rating=row.rating,
    )


def _relayed(row: Row[Any]) -> bool:
    """Return whether the bot takes the answer to the customer: was it told, or will it be once there is one."""
    return bool(row.callback_url) if row.answered_at is None else bool(row.answer_told)
