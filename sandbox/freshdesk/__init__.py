"""A Freshdesk account to try things on: the native paths with state, limits and webhooks."""

from sandbox.freshdesk.gate import GROWTH, NO_LIMITS, Limits
from sandbox.freshdesk.seed import API_KEY, WEBHOOK_SECRET
from sandbox.freshdesk.standin import FreshdeskStandIn

__all__ = ["API_KEY", "GROWTH", "NO_LIMITS", "WEBHOOK_SECRET", "FreshdeskStandIn", "Limits"]
