"""Where a handoff goes: a pure walk over the desk's rules."""
