"""Where everything is kept: tables, migrations, and the one way to change them."""

from bridge.store.database import Database, StoreUnavailable
from bridge.store.engines import UnknownStore
from bridge.store.migrate import migrate
from bridge.store.transaction import Transaction

__all__ = ["Database", "StoreUnavailable", "Transaction", "UnknownStore", "migrate"]
