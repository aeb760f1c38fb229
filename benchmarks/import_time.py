"""What importing the command line takes: python -m benchmarks.import_time

The limit is 0.3 s above an interpreter that imports nothing.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

REPEATS = 15
MODULES = ("pipeline.cli", "pipeline.recipe.recipe", "teachers.catalog")


def measure(code: str) -> float:
    """Median wall clock of a fresh interpreter, in seconds."""
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def main() -> None:
    empty = measure("pass")
    print(f"{'empty interpreter':<24} {empty * 1000:6.0f} ms")
    for module in MODULES:
        print(f"{'import ' + module:<24} {(measure(f'import {module}') - empty) * 1000:6.0f} ms more")


if __name__ == "__main__":
    main()
