"""Stateful stand-ins for helpdesks, chat and a bot, over real HTTP, with a page to watch and act in."""
