"""Where everything is kept: tables, migrations, and the one way to change them."""

from bridge.store.database import Database, StoreUnavailable
from bridge.store.engines import UnknownStore
from bridge.store.gathering import Gathering
from bridge.store.migrate import migrate
from bridge.store.transaction import Transaction

__all__ = ["Database", "Gathering", "StoreUnavailable", "Transaction", "UnknownStore", "migrate"]
