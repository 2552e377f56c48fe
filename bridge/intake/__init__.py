"""HTTP for bots: what they may send, and how a mistake in it is told."""
