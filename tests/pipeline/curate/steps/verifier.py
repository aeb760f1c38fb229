"""A verifier that does what its reply says: every way in which a user's check can go wrong.

A reply's first word is the name of a function below.
"""

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
    name, _, rest = sample["completion"].partition(" ")
    behaviour = globals().get(f"do_{name}")
    return behaviour is not None and behaviour(rest)


def do_right(rest: str) -> bool:
    return calls == 1


def do_raise(rest: str) -> bool:
    raise ValueError("no such city\nas this")


def do_exit(rest: str) -> bool:
    sys.exit(3)


def do_vanish(rest: str) -> bool:
    os._exit(0)


def do_fail(rest: str) -> bool:
    os.write(2, b"goodbye\n")
    os._exit(1)


def do_close(rest: str) -> bool:
    os.closerange(0, 256)
    return True


def do_nap(rest: str) -> bool:
    return subprocess.run(["sleep", rest.split()[0]], check=False).returncode == 0


def do_segfault(rest: str) -> bool:
    ctypes.string_at(0)
    return False


def do_loop(rest: str) -> bool:
    while True:
        pass


def do_sleep(rest: str) -> bool:
    time.sleep(60)
    return False


def do_eat(rest: str) -> bool:
    return len(bytearray(1 << 33)) > 0


def do_print(rest: str) -> bool:
    print("x" * (1 << 22), flush=True)
    sys.stderr.write("y" * (1 << 22))
    return True


def do_read(rest: str) -> bool:
    return sys.stdin.read() == ""


def do_write(rest: str) -> bool:
    Path("left.txt").write_text("x")
    return [path.name for path in Path().iterdir()] == ["left.txt"]


def do_fork(rest: str) -> bool:
    return os.fork() != 0 and os.fork() != 0


def do_bomb(rest: str) -> bool:
    while True:
        os.fork()


def do_nice(rest: str) -> bool:
    return os.nice(0) > os.getpriority(os.PRIO_PROCESS, os.getppid())


def do_daemon(rest: str) -> bool:
    subprocess.Popen(["sleep", rest.split()[0]], start_new_session=True)
    return True


def do_env(rest: str) -> bool:
    return not [name for name in os.environ if "KEY" in name or "TOKEN" in name]


def do_kill(rest: str) -> bool:
    os.kill(os.getppid(), 9)
    return False
