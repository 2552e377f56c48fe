"""Who is on duty, when: pure arithmetic over shifts, rotations and overrides."""
