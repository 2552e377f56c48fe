"""The subcommands of `handoff`, one file each."""
