"""The peers beside ours: python -m benchmarks.peers.run [PEER ...] [--home DIR] [--repeats N] [--job plain|limited]

    plain      the job of benchmarks/client.py: 2,000 requests, 100 in flight, a server that answers after 100 ms
    limited    500 requests, 100 in flight, the same server, admitting 20 at once: others get 429 and Retry-After 1

Each peer is installed from PyPI into an environment of its own below DIR (build/peers), once, and runs with a home
folder of its own, so that it finds no cache. Ours takes its turn among them: the same machine at the same time, a new
server each time. A peer that cannot be installed, does not end or loses rows is tried no more, and its line says why.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import LOADS, Cost, Load, in_own_process, running_server
from benchmarks.peers.limited import limited_server

ROOT = Path(__file__).parents[2]
PLACES = 20
PATIENCE_S = 180.0
"""A peer that takes longer is said to hang: the slowest here needs 40 s on busy cores."""


@dataclass(frozen=True)
class Peer:
    """One way of running a peer."""

    name: str
    script: str
    packages: tuple[str, ...]
    """What it declares, and what it imports without declaring."""
    options: tuple[str, ...] = ()


TROVE = ("datatrove[io]==0.10.1", "httpx", "aiosqlite", "aiofiles", "openai")
PEERS = (
    Peer("datatrove", "datatrove_job", TROVE),
    Peer("trove+journal", "datatrove_job", TROVE, ("journal",)),
    Peer("trove hosted", "datatrove_job", TROVE, ("journal", "hosted")),
    Peer("curator", "curator_job", ("bespokelabs-curator==0.1.31",)),
    Peer("datadesigner", "datadesigner_job", ("data-designer==0.9.7",)),
    Peer("distilabel", "distilabel_job", ("distilabel[openai]==1.5.3", "requests")),
)


class Failed(Exception):
    """A peer did not do the job; the message says how."""


@dataclass(frozen=True)
class Job:
    """What is asked, and of which server."""

    load: Load
    limited: bool

    @property
    def limit_s(self) -> float:
        """The least time there can be."""
        return self.load.requests / PLACES * self.load.delay_s if self.limited else self.load.limit_s

    def __str__(self) -> str:
        admits = f" and admits {PLACES} at once, others get 429 and Retry-After 1" if self.limited else ""
        asked = f"{self.load.requests} requests, {self.load.in_flight} in flight"
        return f"{asked}; the server answers after {self.load.delay_s:g} s{admits}"


JOBS = {"plain": Job(LOADS[0], limited=False), "limited": Job(Load(500, 100, 0.1), limited=True)}


@dataclass(frozen=True)
class Taken:
    """What one run took."""

    cost: Cost
    refused: int
    """The server's 429s."""


Way = Callable[[str, Load], dict[str, Cost]]


# The peers' environments and processes


def install(peer: Peer, home: Path) -> Path:
    """The peer's interpreter."""
    python = home / peer.script / "bin" / "python"
    done = python.parents[1] / "installed"
    if not done.exists():
        finish([sys.executable, "-m", "venv", "--clear", str(python.parents[1])], 600)
        finish([str(python), "-m", "pip", "install", "--quiet", *peer.packages], 1800)
        done.touch()
    return python


def ours(url: str, load: Load) -> dict[str, Cost]:
    """`stillhouse generate`: its asking, and the stage as a whole, which is what the peers' figures are of."""
    return {f"ours, {row}": cost for row, cost in in_own_process("run", url, load).items()}


def way(peer: Peer, home: Path) -> Way:
    """How the peer is run; an error where it lost a row."""

    def run(url: str, load: Load) -> dict[str, Cost]:
        told = (url, str(load.requests), str(load.in_flight), *peer.options)
        command = [str(install(peer, home)), "-m", f"benchmarks.peers.{peer.script}", *told]
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty:
            printed = finish(command, PATIENCE_S, HOME=empty)
        found = json.loads(printed.splitlines()[-1])
        if found["rows"] != load.requests:
            raise Failed(f"{found['rows']} rows of {load.requests} after {found['wall_s']:.1f} s")
        return {peer.name: Cost(found["wall_s"], found["cpu_ms"])}

    return run


def finish(command: list[str], most_s: float, **settings: str) -> str:
    """What it printed. Its own children end with it: distilabel's would outlive it."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **settings},
        start_new_session=True,
    )
    try:
        printed, said = process.communicate(timeout=most_s)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"not done after {most_s:.0f} s") from error
    finally:
        kill_group(process)
    if process.returncode != 0:
        raise Failed(last_line(said) or f"exit code {process.returncode}")
    return printed


def kill_group(process: subprocess.Popen[str]) -> None:
    """The process and all it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def last_line(text: str) -> str:
    """The end of a traceback."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:120] if lines else ""


# The table


@contextmanager
def server_of(job: Job) -> Iterator[tuple[str, Callable[[], int]]]:
    """A new server's URL, and how to end it and learn the number of its 429s."""
    if job.limited:
        with limited_server(PLACES, job.load.delay_s) as server:
            yield server.url, server.close
    else:
        with running_server(job.load.delay_s) as url:
            yield url, lambda: 0


def compare(job: Job, ways: dict[str, Way], repeats: int) -> None:
    """Prints each row's medians, the rows taking turns, and what failed."""
    taken, failed = defaultdict[str, list[Taken]](list), dict[str, str]()
    for _ in range(repeats):
        for name in [name for name in ways if name not in failed]:
            try:
                with server_of(job) as (url, close):
                    costs = ways[name](url, job.load)
                    refused = close()
                for row, cost in costs.items():
                    taken[row].append(Taken(cost, refused))
            except Failed as error:
                failed[name] = str(error)
    print(f"{job}\n  {'limit':<14} {job.limit_s:6.2f} s")
    for row, runs in sorted(taken.items(), key=lambda found: median_s(found[1])):
        print(line(row, runs, job))
    for name, why in failed.items():
        print(f"  {name:<14} failed: {why}")


def median_s(runs: list[Taken]) -> float:
    return statistics.median(run.cost.wall_s for run in runs)


def line(row: str, runs: list[Taken], job: Job) -> str:
    cpu_ms = statistics.median(run.cost.cpu_ms for run in runs)
    refused = f"{statistics.median(run.refused for run in runs):6.0f} x 429" if job.limited else ""
    return f"  {row:<14} {median_s(runs):6.2f} s {cpu_ms:6.2f} ms CPU a request{refused}   ({len(runs)} runs)"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("peers", nargs="*", choices=[[], *(peer.name for peer in PEERS)])
    parser.add_argument("--home", type=Path, default=Path("build/peers"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--job", choices=JOBS)
    asked = parser.parse_args()
    peers = [peer for peer in PEERS if not asked.peers or peer.name in asked.peers]
    ways = {"ours": ours} | {peer.name: way(peer, asked.home.resolve()) for peer in peers}
    for name in [asked.job] if asked.job else JOBS:
        compare(JOBS[name], ways, asked.repeats)


if __name__ == "__main__":
    main()
