"""A stand-in for Slack: one workspace with its Web API, and presses and events that go out signed."""

from sandbox.slack.standin import SlackStandIn

__all__ = ["SlackStandIn"]
