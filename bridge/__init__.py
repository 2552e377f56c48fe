"""The core of the handoff bridge. It names no vendor."""
