"""Slack: cards, notices and presses. `SlackChat` goes out, `SlackReceiver` comes in."""

from connectors.slack.chat import SlackChat
from connectors.slack.receiving import HttpAnswer, SlackReceiver

__all__ = ["HttpAnswer", "SlackChat", "SlackReceiver"]
