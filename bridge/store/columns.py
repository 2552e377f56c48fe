"""Column types that read the same from SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, DateTime, Dialect, String, TypeDecorator, literal_column
from sqlalchemy.dialects.postgresql import JSONB

Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def written_out(*words: str) -> tuple[ColumnElement[str], ...]:
    """Return words of our own that stand in the statement's text and are no parameters of it.

    An index over a part of a table is used only for a statement that spells out the same condition (sqlite.org,
    "Partial Indexes"); PostgreSQL would otherwise have to plan anew each time.
    """
    return tuple(literal_column(f"'{word}'", String) for word in words)


class Instant(TypeDecorator[datetime]):
    """A moment, aware and in UTC on both sides. A time without a zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"time without a zone: {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
