"""A day of the whole bridge in virtual time: one thread, one queue of events, everything drawn from one seed.

Intake, ledger, clocks and connectors are the real ones, and so are the stand-ins they talk to. Only what
lies between them is replaced: the time, the wire, and the people.
"""
