"""Freshdesk: tickets, notes, histories and webhooks, by plain HTTP."""

from connectors.freshdesk.helpdesk import FreshdeskHelpdesk

__all__ = ["FreshdeskHelpdesk"]
