"""How Alembic reaches the store: with the program's own engine, one process at a time."""

from alembic import context
from sqlalchemy import text

from bridge.store.database import Database
from bridge.store.tables import metadata

ADVISORY_LOCK = 0x48414E44  # "HAND"

database = Database(context.config.attributes["url"])
try:
    with database.engine.execution_options(writing=True).begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
        context.run_migrations()
finally:
    database.close()
