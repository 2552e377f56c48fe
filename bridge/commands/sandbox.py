"""`handoff sandbox`: the stand-ins of Zendesk, Freshdesk and Slack, with a page to watch and act in."""

from __future__ import annotations

import argparse

from bridge.commands.outcome import Commands, Refused, add_command, port


def add_to(commands: Commands) -> None:
    sandbox = add_command(
        commands,
        "sandbox",
        "stand-ins for the vendors over real HTTP",
        "handoff sandbox --port 8900",
        _sandbox,
    )
    sandbox.add_argument(
        "--port", type=port, default=8900, help="the page; the vendors listen at the next three"
    )
    sandbox.add_argument(
        "--bridge", default="http://127.0.0.1:8000", help="where the stand-ins send their webhooks"
    )
    sandbox.add_argument("--key", help="a bearer key of the bridge, for the bot's stand-in")


def _sandbox(given: argparse.Namespace) -> int:
    from sandbox.assembly import Ports, run_sandbox

    first = given.port
    ports = Ports(page=first, zendesk=first + 1, freshdesk=first + 2, slack=first + 3)
    try:
        run_sandbox(ports=ports, bridge_url=given.bridge, key=given.key)
    except OSError as error:
        raise Refused(f"the sandbox cannot listen: {error}; choose another --port") from None
    return 0
