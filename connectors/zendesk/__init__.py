"""Zendesk: tickets, notes, histories and webhooks, through zenpy over a session of our own."""

from connectors.zendesk.access import ApiToken, OAuthToken, ZendeskAccount
from connectors.zendesk.helpdesk import ZendeskHelpdesk

__all__ = ["ApiToken", "OAuthToken", "ZendeskAccount", "ZendeskHelpdesk"]
