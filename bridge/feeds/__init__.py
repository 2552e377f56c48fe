"""Calendars kept elsewhere that say who is on duty: read now and then, and the last good reading counts."""
