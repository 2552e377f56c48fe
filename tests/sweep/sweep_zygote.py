"""A process that has loaded the whole bridge and opened nothing; each life of the bridge is a fork of it.

Starting Python and importing takes a second, a fork takes milliseconds. Its own first life warms up what
every process finds out anew, such as compiled statements; what the bridge itself remembers is not kept.
"""

from __future__ import annotations

import gc
import json
import os
import random
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from sweep_channel import Channel, Closed
from sweep_clock import SharedClock
from sweep_defects import DEFECTS
from sweep_life import Build, Life, draw_from


def main(control: int, listening: int, given: dict[str, Any]) -> None:
    channel, door = Channel(socket.socket(fileno=control)), socket.socket(fileno=listening)
    clock = SharedClock(Path(given["clock"]))
    if given["defect"]:
        DEFECTS[given["defect"]]()
    first = Build(given["environment"], clock)
    Life(first, channel, door.dup()).obey()
    build = Build(given["environment"], clock)
    build.share_statements(first)
    gc.collect()
    gc.freeze()  # so that the forks need not copy what only the collector touches
    assert threading.active_count() == 1, threading.enumerate()
    channel.send({"ended": 0})
    while True:
        asked = channel.receive()
        pid = os.fork()
        if pid == 0:
            draw_from(random.Random(asked["seed"]))
            channel.send({"pid": os.getpid()})
            gc.disable()
            Life(build, channel, door).obey()
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        channel.send({"ended": os.waitstatus_to_exitcode(status)})


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]))
    except Closed:
        os._exit(0)
    except BaseException:  # noqa: BLE001 - a fork must never run what its parent has still to do
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(1)
