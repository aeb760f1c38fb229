"""The default curation of many rows: python -m benchmarks.curate [--rows N]

Rows are passages of the SpamAssassin mails, a tenth of them edited copies of another and one in thirty a copy; a
scripted teacher labels them. What is timed is `stillhouse curate` as a user runs it, a process of its own: its seconds,
its peak memory, and the funnel.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

MAILS = Path(__file__).parents[1] / "data" / "spam_assassin.jsonl"
RECIPE = """
name: bench
prompts: {source: rows.jsonl, template: mail.md}
purpose: task
teacher: "scripted:rules.jsonl"
generate: {concurrency: 64}
student: {base: none}
"""
TEMPLATE = "---\nname: mail\nfields: [text]\nsystem: Is this spam or ham?\n---\n{{ text }}\n"


def passages(count: int, rng: random.Random) -> Iterator[str]:
    """Passages of 40 to 120 words, some of them copies and edited copies of an earlier one."""
    words = [word for line in MAILS.open(encoding="utf-8") for word in json.loads(line)["body"].split()]
    earlier: list[list[str]] = []
    for _ in range(count):
        chance = rng.random()
        if earlier and chance < 1 / 30:
            found = rng.choice(earlier)
        elif earlier and chance < 1 / 30 + 1 / 10:
            found = [rng.choice(words) if rng.random() < 0.03 else word for word in rng.choice(earlier)]
        else:
            size = rng.randint(40, 120)
            start = rng.randrange(len(words) - size)
            # Three pieces, or a hundred thousand passages of so few mails would all overlap.
            starts = [start, *(rng.randrange(len(words) - size) for _ in range(2))]
            found = [word for at in starts for word in words[at : at + size // 3]]
        earlier.append(found)
        yield " ".join(found)


def stillhouse(home: Path, *arguments: str) -> float:
    """Runs the command; its seconds."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "pipeline.cli", *arguments], cwd=home, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    print("".join(line + "\n" for line in done.stderr.splitlines() if line.startswith(("curate:", "  "))), end="")
    return time.perf_counter() - started


def main() -> None:
    """Makes the rows, has them labelled, and times their curation."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=100_000)
    rows = options.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with (home / "rows.jsonl").open("w", encoding="utf-8") as file:
            for text in passages(rows, random.Random(0)):
                file.write(json.dumps({"text": text}) + "\n")
        (home / "mail.md").write_text(TEMPLATE)
        (home / "rules.jsonl").write_text('{"match": "free", "reply": "spam"}\n{"reply": "ham"}\n')
        (home / "recipe.yaml").write_text(RECIPE)
        generate_s = stillhouse(home, "generate", "recipe.yaml", "--dir", "run")
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        curate_s = stillhouse(home, "curate", "recipe.yaml", "--dir", "run")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    grew = f"{peak / 1024:.0f} MB" if peak > before else f"under {peak / 1024:.0f} MB"
    print(f"{rows:,} rows: generate {generate_s:.1f} s, curate {curate_s:.1f} s, peak memory {grew}")


if __name__ == "__main__":
    main()
