"""A verifier that does what its reply says: every way in which a user's check can go wrong."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

calls = 0


def check(sample: dict[str, Any]) -> bool:
    global calls
    calls += 1  # each sample has a process of its own: never more than one
    match sample["completion"].partition(" ")[0]:
        case "right":
            return calls == 1
        case "raise":
            raise ValueError("no such city\nas this")
        case "exit":
            sys.exit(3)
        case "vanish":
            os._exit(0)
        case "fail":
            os.write(2, b"goodbye\n")
            os._exit(1)
        case "close":
            os.closerange(0, 256)
            return True
        case "nap":
            return subprocess.run(["sleep", sample["completion"].split()[1]], check=False).returncode == 0
        case "segfault":
            ctypes.string_at(0)
        case "loop":
            while True:
                pass
        case "sleep":
            time.sleep(60)
        case "eat":
            return len(bytearray(1 << 33)) > 0
        case "print":
            print("x" * (1 << 22), flush=True)
            sys.stderr.write("y" * (1 << 22))
            return True
        case "read":
            return sys.stdin.read() == ""
        case "write":
            Path("left.txt").write_text("x")
            return [path.name for path in Path().iterdir()] == ["left.txt"]
        case "fork":
            return os.fork() != 0 and os.fork() != 0
        case "bomb":
            while True:
                os.fork()
        case "nice":
            return os.nice(0) > os.getpriority(os.PRIO_PROCESS, os.getppid())
        case "daemon":
            subprocess.Popen(["sleep", sample["completion"].split()[1]], start_new_session=True)
            return True
        case "env":
            return not [name for name in os.environ if "KEY" in name or "TOKEN" in name]
        case "kill":
            os.kill(os.getppid(), 9)
    return False
