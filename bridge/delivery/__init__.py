"""The ledger of calls we owe others: claimed by lease, attempted, settled. Nothing else retries or waits."""
