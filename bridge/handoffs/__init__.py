"""The handoff itself: every function here that changes one is one transaction with `now` as an argument."""
