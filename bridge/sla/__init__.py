"""What we promise and when it runs out: calendars, policies and ladders, pure."""
