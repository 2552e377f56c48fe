"""The tables. Every primary key begins with the account, and no query of the main way crosses accounts."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bridge.store.columns import Document, Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

OPEN_STATES = "state IN ('open', 'answered')"
RESOLVED_STATE = "state = 'resolved'"
OWED_STATES = "state IN ('owed', 'unknown')"
NEITHER_TICKET_NOR_CARD = "ticketed_at IS NULL AND carded_at IS NULL"

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", String(64)),
    Column("name", Text, nullable=False),
    Column("wrapped_key", LargeBinary),  # the account's data key, wrapped by the deployment's keys
    Column("created_at", Instant, nullable=False),
    Column(
        "revision", BigInteger, nullable=False, server_default="0"
    ),  # of what people set beside the desk file
    PrimaryKeyConstraint("account_id"),
)

connections = Table(
    "connections",
    metadata,
    Column("account_id", String(64)),
    Column("connection", String(64)),
    Column("vendor", String(32), nullable=False),
    Column("hook", String(64), nullable=False),  # the last part of the address that the vendor calls
    Column("trouble", Text),  # the last error in plain words; NULL while all is well
    Column("trouble_at", Instant),
    Column("heard_at", Instant),  # the vendor's last call to us
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("account_id", "connection"),
    ForeignKeyConstraint(["account_id"], ["accounts.account_id"]),
    UniqueConstraint("vendor", "hook"),
)

defects = Table(
    "defects",
    metadata,
    Column("account_id", String(64)),
    Column("about", String(255)),  # what must be mended: a channel, a person, a field, a callback address
    Column("problem", Text, nullable=False),  # in plain words
    Column("began_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),  # the last time somebody met it
    PrimaryKeyConstraint("account_id", "about"),
    ForeignKeyConstraint(["account_id"], ["accounts.account_id"]),
)

desk_versions = Table(
    "desk_versions",
    metadata,
    Column("account_id", String(64)),
    Column("version", Integer),
    Column("digest", String(64), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("loaded_at", Instant, nullable=False),
    PrimaryKeyConstraint("account_id", "version"),
    ForeignKeyConstraint(["account_id"], ["accounts.account_id"]),
)

keys = Table(
    "keys",
    metadata,
    Column("account_id", String(64)),
    Column("key_id", String(64)),
    Column("name", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("shown", String(32), nullable=False),  # prefix and last four, for people
    Column("test", Boolean, nullable=False),
    Column("sealed_secret", LargeBinary, nullable=False),  # signs callbacks, verifies signed requests
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    PrimaryKeyConstraint("account_id", "key_id"),
    ForeignKeyConstraint(["account_id"], ["accounts.account_id"]),
    UniqueConstraint("digest"),
)

handoffs = Table(
    "handoffs",
    metadata,
    Column("account_id", String(64)),
    Column("handoff_id", String(64)),
    Column("conversation_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("test", Boolean, nullable=False),
    Column("key_id", String(64)),  # the key that handed it over; its secret signs the callbacks
    Column("desk_version", Integer, nullable=False),
    Column("context", Document, nullable=False),
    Column("summary", Document, nullable=False),
    Column("route", Document, nullable=False),
    Column("policy", Document, nullable=False),
    Column("flags", Document, nullable=False),
    Column("window_seconds", Integer, nullable=False),
    Column("started_at", Instant),
    Column("asked_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("promised_at", Instant, nullable=False),
    Column("closes_after_seconds", Integer),  # NULL for a channel that does not close
    Column("channel_closes_at", Instant),
    Column("owner", String(64)),
    Column("rung", Integer, nullable=False),
    Column("ticket", Document),
    Column("ticket_connection", String(64)),
    Column("ticket_id", String(64)),
    Column("ticketed_at", Instant),
    Column("card", Document),
    Column("carded_at", Instant),
    Column("claimed_by", Text),
    Column("claimed_at", Instant),
    Column("answered_by", Text),
    Column("answered_at", Instant),
    Column("delivered_at", Instant),  # the answer reached the bot; NULL where none is relayed
    Column("customer_wrote_at", Instant),  # since a person has it, and NULL again once that person writes
    Column("owner_called_at", Instant),  # when the owner was last told so
    Column("undelivered_at", Instant),  # the bot was given up on for the last reply; NULL while it takes them
    Column("closed_at", Instant),
    Column("snoozed_until", Instant),
    Column("snoozed_by", String(64)),
    Column("rating", String(16)),  # the customer's, by the helpdesk's survey
    Column("outcome", String(16)),  # how it ended; NULL while it is open, and where nobody said
    Column("outcome_by", String(64)),  # the person who said so; NULL where the helpdesk or the bot did
    Column("handed_on_from", String(64)),  # who had it until the shift change
    Column("former", Document),  # who had the conversation when it was handed over shortly before
    Column("revision", Integer, nullable=False),
    Column("counter", BigInteger, nullable=False),  # numbers the timeline and the deliveries of this handoff
    PrimaryKeyConstraint("account_id", "handoff_id"),
    ForeignKeyConstraint(["account_id"], ["accounts.account_id"]),
    Index("ix_handoffs_received", "account_id", "received_at"),
    Index("ix_handoffs_ticket", "account_id", "ticket_connection", "ticket_id"),
    Index(
        "ix_handoffs_bare",
        "account_id",
        "received_at",
        sqlite_where=text(NEITHER_TICKET_NOR_CARD),
        postgresql_where=text(NEITHER_TICKET_NOR_CARD),
    ),
    Index(
        "ix_handoffs_closed",
        "account_id",
        "closed_at",
        sqlite_where=text("closed_at IS NOT NULL"),
        postgresql_where=text("closed_at IS NOT NULL"),
    ),
    Index(
        "ix_handoffs_resolved",
        "account_id",
        "conversation_id",
        "closed_at",
        sqlite_where=text(RESOLVED_STATE),
        postgresql_where=text(RESOLVED_STATE),
    ),
    Index(
        "uq_handoffs_open_conversation",
        "account_id",
        "conversation_id",
        "test",
        unique=True,
        sqlite_where=text(OPEN_STATES),
        postgresql_where=text(OPEN_STATES),
    ),
)

shift_changes = Table(
    "shift_changes",
    metadata,
    Column("account_id", String(64)),
    Column("channel", Text),
    Column("owner", String(64)),  # who is on duty; NULL while nobody is
    Column("seen_at", Instant, nullable=False),  # when the owner was last found to be another
    Column(
        "due_at", Instant
    ),  # when the next one comes on duty, or nobody; NULL where the roster foretells none
    Column("moving", Boolean, nullable=False),  # some open handoffs are still to go to the owner
    PrimaryKeyConstraint("account_id", "channel"),
    ForeignKeyConstraint(["account_id"], ["accounts.account_id"]),
)

timeline = Table(
    "timeline",
    metadata,
    Column("account_id", String(64)),
    Column("handoff_id", String(64)),
    Column("number", BigInteger),
    Column("event", String(64), nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),  # when it happened, by the clock of whoever saw it
    Column("recorded_at", Instant, nullable=False),
    Column("data", Document, nullable=False),
    PrimaryKeyConstraint("account_id", "handoff_id", "number"),
    ForeignKeyConstraint(
        ["account_id", "handoff_id"], ["handoffs.account_id", "handoffs.handoff_id"], ondelete="CASCADE"
    ),
    Index("ix_timeline_recorded", "account_id", "recorded_at"),
)

messages = Table(
    "messages",
    metadata,
    Column("account_id", String(64)),
    Column("handoff_id", String(64)),
    Column("message_id", String(255)),  # the helpdesk's id of what a person wrote to the customer
    Column("at", Instant, nullable=False),  # when it was written, by the helpdesk's clock
    Column("answer", Boolean, nullable=False),  # whether it was the answer when it was heard of
    Column("number", BigInteger),  # of the event that passes it on; NULL while its words are to be read
    Column("relayed", String(16)),  # delivered, undelivered; NULL while that is open or nobody is told
    PrimaryKeyConstraint("account_id", "handoff_id", "message_id"),
    ForeignKeyConstraint(
        ["account_id", "handoff_id"], ["handoffs.account_id", "handoffs.handoff_id"], ondelete="CASCADE"
    ),
)

clocks = Table(
    "clocks",
    metadata,
    Column("account_id", String(64)),
    Column("handoff_id", String(64)),
    Column("rung", Integer),  # from 1; 0 is the promise, below it are the clocks of the channel
    Column("due_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),  # armed, fired, cancelled
    Column("settled_at", Instant),
    Column("late_ms", BigInteger),
    Column("reached", Boolean),  # False when it fired and nobody was on duty
    PrimaryKeyConstraint("account_id", "handoff_id", "rung"),
    ForeignKeyConstraint(
        ["account_id", "handoff_id"], ["handoffs.account_id", "handoffs.handoff_id"], ondelete="CASCADE"
    ),
    Index(
        "ix_clocks_armed",
        "due_at",
        sqlite_where=text("state = 'armed'"),
        postgresql_where=text("state = 'armed'"),
    ),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("account_id", String(64)),
    Column("delivery_id", String(64)),
    Column("handoff_id", String(64), nullable=False),  # empty for what no handoff caused
    Column("connection", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("lane", String(128), nullable=False),  # a narrower limit of the vendor, such as one channel
    Column("number", BigInteger, nullable=False),  # order among the deliveries of one handoff and connection
    Column("rung", Integer),  # the rung that caused it; NULL for none
    Column("payload", Document, nullable=False),
    Column("state", String(16), nullable=False),  # owed, unknown, settled, cancelled, dead
    Column("waiting_since", Instant, nullable=False),  # from when its wait counts: the longest goes first
    Column("not_before", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_tried_at", Instant),
    Column("lease", String(64)),  # who holds it, anew for each attempt
    Column("lease_until", Instant),
    Column("error", Text),
    Column("owed_at", Instant, nullable=False),
    Column("settled_at", Instant),
    PrimaryKeyConstraint("account_id", "delivery_id"),
    Index(
        "ix_deliveries_owed",
        "waiting_since",
        "not_before",
        sqlite_where=text(OWED_STATES),
        postgresql_where=text(OWED_STATES),
    ),
    Index(
        "ix_deliveries_order",
        "account_id",
        "handoff_id",
        "connection",
        "number",
        sqlite_where=text(OWED_STATES),
        postgresql_where=text(OWED_STATES),
    ),
    Index(
        "ix_deliveries_dead",
        "account_id",
        "handoff_id",
        sqlite_where=text("state = 'dead'"),
        postgresql_where=text("state = 'dead'"),
    ),
    Index("ix_deliveries_handoff", "account_id", "handoff_id"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("account_id", String(64)),
    Column("delivery_id", String(64)),
    Column("attempt", Integer),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant),  # NULL when the worker died on the way
    Column("outcome", String(16)),  # settled, busy, unknown, cancelled, dead
    Column("error", Text),
    PrimaryKeyConstraint("account_id", "delivery_id", "attempt"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("account_id", String(64)),
    Column("source", String(64)),  # a connection, or "bot"
    Column("event_id", String(255)),
    Column("digest", String(64), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("handoff_id", String(64)),  # NULL while no handoff is known for it
    Column("ticket_id", String(64)),
    Column("answer", Document),  # what was answered, where the same call must get the same answer
    PrimaryKeyConstraint("account_id", "source", "event_id"),
    Index("ix_inbox_ticket", "account_id", "source", "ticket_id"),
    Index("ix_inbox_handoff", "account_id", "handoff_id", "received_at"),
)

feeds = Table(
    "feeds",
    metadata,
    Column("account_id", String(64)),
    Column("feed", String(200)),
    Column("events", Document, nullable=False),  # of the last good reading
    Column("read_at", Instant),  # the last good reading; NULL before the first
    Column("problem", Text),  # why the last try failed; NULL when it did not
    PrimaryKeyConstraint("account_id", "feed"),
)

covers = Table(
    "covers",
    metadata,
    Column("account_id", String(64)),
    Column("cover_id", String(64)),
    Column("owner", String(64), nullable=False),
    Column("in_place_of", String(64), nullable=False),
    Column("channels", Document, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),  # moved to the moment at which it was ended early
    Column("made_by", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    PrimaryKeyConstraint("account_id", "cover_id"),
    ForeignKeyConstraint(["account_id"], ["accounts.account_id"]),
)

alert_rules = Table(
    "alert_rules",
    metadata,
    Column("account_id", String(64)),
    Column("person", String(64)),
    Column("mine", Boolean, nullable=False),
    Column("reminders", Boolean, nullable=False),
    Column("quiet_from", Integer),  # minutes after midnight; NULL where no hours are quiet
    Column("quiet_to", Integer),
    Column("zone", String(64)),
    PrimaryKeyConstraint("account_id", "person"),
    ForeignKeyConstraint(["account_id"], ["accounts.account_id"]),
)

homes = Table(
    "homes",
    metadata,
    Column("account_id", String(64)),
    Column("connection", String(64)),
    Column("user_id", String(64)),  # whose page it is, by the chat's own id
    Column("person", String(64)),  # NULL where the desk knows no such person, or not yet
    Column("opened_at", Instant, nullable=False),  # the last time
    Column("shown", String(64)),  # digest of what it shows; NULL before it shows anything
    PrimaryKeyConstraint("account_id", "connection", "user_id"),
    ForeignKeyConstraint(["account_id"], ["accounts.account_id"]),
)

budgets = Table(
    "budgets",
    metadata,
    Column("account_id", String(64)),
    Column("connection", String(64)),
    Column("lane", String(128)),  # "*" for the whole connection
    Column("spent", Document, nullable=False),  # calls by slot, see bridge/delivery/purse.py
    Column("calls", Integer),  # what the vendor's answers say the limit is; NULL until they say
    Column("blocked_until", Instant),
    Column("failures", Integer, nullable=False),  # in a row; the breaker opens on them
    PrimaryKeyConstraint("account_id", "connection", "lane"),
)
