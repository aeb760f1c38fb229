"""The peers on the job of benchmarks/client.py: python -m benchmarks.peers.run [--home DIR] [--repeats N]

Each is installed from PyPI into an environment of its own below DIR (build/peers), once. Ours takes its turn among
them: the same machine at the same time. A peer that cannot be installed or run says so and is left out.

Left out of the list: Curator 0.1.31, which fetches a tokenizer from the network at its first request, and DataDesigner
0.9.7, whose pins this project's index could not meet.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import LOADS, Cost, Load, in_own_process, median, running_server, show

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Peer:
    """One way of running a peer."""

    name: str
    script: str
    packages: tuple[str, ...]
    """What it declares, and what it imports without declaring."""
    options: tuple[str, ...] = ()


TROVE = ("datatrove[io]==0.10.1", "httpx", "aiosqlite", "aiofiles")
PEERS = (
    Peer("datatrove", "datatrove_job", TROVE),
    Peer("trove+journal", "datatrove_job", TROVE, ("journal",)),
    Peer("distilabel", "distilabel_job", ("distilabel[openai]==1.5.3", "requests")),
)


def install(peer: Peer, home: Path) -> Path:
    """The peer's interpreter."""
    python = home / peer.script / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *peer.packages], check=True)
    return python


def measure(peer: Peer, python: Path, url: str, load: Load) -> Cost:
    """What it took; an error where it lost a row."""
    told = (url, str(load.requests), str(load.in_flight), *peer.options)
    command = [str(python), "-m", f"benchmarks.peers.{peer.script}", *told]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600, cwd=ROOT)
    found = json.loads(done.stdout.splitlines()[-1])
    if found["rows"] != load.requests:
        raise ValueError(f"{peer.name} has {found['rows']} rows of {load.requests}")
    return Cost(found["wall_s"], found["cpu_ms"])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, default=Path("build/peers"))
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    load, costs = LOADS[0], defaultdict[str, list[Cost]](list)
    with running_server(load.delay_s) as url:
        for _ in range(asked.repeats):
            for name, cost in in_own_process("run", url, load).items():
                costs[name].append(cost)
            for peer in PEERS:
                try:
                    costs[peer.name].append(measure(peer, install(peer, asked.home.resolve()), url, load))
                except (subprocess.SubprocessError, ValueError) as error:
                    print(f"{peer.name}: {error}", file=sys.stderr)
    show(load, {name: median(found) for name, found in costs.items() if found})


if __name__ == "__main__":
    main()
