"""Slack: cards, notices and presses. `SlackChat` goes out, `SlackReceiver` comes in, `SlackLink` fetches it."""

from connectors.slack.chat import SlackChat
from connectors.slack.link import SlackLink
from connectors.slack.receiving import HttpAnswer, SlackReceiver

__all__ = ["HttpAnswer", "SlackChat", "SlackLink", "SlackReceiver"]
