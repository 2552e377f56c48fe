"""A Zendesk account to try things on: the native paths with state, limits, keys and webhooks."""

from sandbox.zendesk.standin import ZendeskStandIn

__all__ = ["ZendeskStandIn"]
