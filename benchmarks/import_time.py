"""What starting takes: python -m benchmarks.import_time

Imports, then whole commands on a tiny real run, each in processes of its own with a warm file cache. Medians. CPU is
user and system time of the process and of its children, which a busy machine stretches less than the wall clock.

    python -c pass   an interpreter that does nothing: the limit of all below
    generate         one row, asked of an OpenAI-compatible server on loopback
    run              finds every stage up to date; generate and curate, which need no training before
    plan             the quickstart's: 490 mails, and the header and digest of its teacher's weights
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from tests.servers.faults import FaultServer

REPEATS = 9
ROOT = Path(__file__).parents[1]
MODULES = ("pipeline", "pipeline.cli", "pipeline.recipe.recipe", "teachers.catalog")
TEMPLATE = "---\nname: t\nfields: [text]\n---\n{{ text }}\n"


@dataclass(slots=True, frozen=True)
class Taken:
    """Medians over the repeats, in seconds."""

    wall_s: float
    cpu_s: float


@dataclass(slots=True, frozen=True)
class Row:
    """A command to time."""

    name: str
    arguments: Sequence[str | Path]
    prepare: Callable[[], None] = lambda: None
    """Runs before each repeat, untimed."""


def measure(command: Sequence[str], folder: Path, prepare: Callable[[], None] = lambda: None) -> Taken:
    """Runs a command several times, once untimed before: Python writes its bytecode then."""
    walls, cpus = [], []
    for repeat in range(REPEATS + 1):
        prepare()
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True, cwd=folder, env=environment(), capture_output=True)
        wall_s, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        if repeat:
            walls.append(wall_s)
            cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return Taken(statistics.median(walls), statistics.median(cpus))


def environment() -> dict[str, str]:
    """Bytecode is kept, as an installation keeps it: some machines tell Python not to."""
    own = {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "OPENAI_API_KEY": "none", "PYTHONDONTWRITEBYTECODE": ""}
    return {**os.environ, **own}


def stillhouse(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "pipeline.cli", *map(str, arguments)]


def write_recipe(folder: Path, name: str, teacher: str, rows: int) -> Path:
    """Writes a small whole recipe over rows of its own."""
    texts = [json.dumps({"text": f"mail {number}"}) for number in range(rows)]
    (folder / f"{name}.jsonl").write_text("\n".join(texts) + "\n", encoding="utf-8")
    (folder / "t.md").write_text(TEMPLATE, encoding="utf-8")
    recipe = {
        "name": name,
        "prompts": {"source": f"{name}.jsonl", "template": "t.md"},
        "purpose": "task",
        "teacher": teacher,
        "student": {"base": "smollm2-135m"},
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return path


@contextmanager
def commands(folder: Path) -> Iterator[list[Row]]:
    """Makes a run with a scripted teacher, and yields the commands to time on it."""
    (folder / "script.jsonl").write_text('{"match": "1", "reply": "spam"}\n{"reply": "ham"}\n', encoding="utf-8")
    tiny = write_recipe(folder, "tiny", f"scripted:{folder / 'script.jsonl'}", rows=12)
    subprocess.run(stillhouse("run", tiny, "--until", "curate"), check=True, cwd=folder, env=environment())
    run_dir = folder / "runs" / "tiny"
    sample = pq.ParquetFile(run_dir / "kept.parquet").read(columns=["sample_id"])["sample_id"][0].as_py()
    with FaultServer() as server:
        asked = write_recipe(folder, "asked", server.spec(), rows=1)
        journal = folder / "runs" / "asked" / "journal.sqlite"

        def forget() -> None:
            for file in journal.parent.glob("journal.sqlite*"):
                file.unlink()

        yield [
            Row("--help", ["--help"]),
            Row("status RUN", ["status", run_dir]),
            Row("why RUN ID", ["why", run_dir, sample]),
            Row("run, all up to date", ["run", tiny, "--until", "curate"]),
            Row("plan quickstart", ["plan", "quickstart"]),
            Row("generate, one row", ["generate", asked], forget),
        ]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty = measure([sys.executable, "-c", "pass"], folder)
        show("python -c pass", empty)
        for module in MODULES:
            show(f"import {module}", measure([sys.executable, "-c", f"import {module}"], folder))
        with commands(folder) as rows:
            for row in rows:
                show(row.name, measure(stillhouse(*row.arguments), folder, row.prepare))


def show(name: str, taken: Taken) -> None:
    print(f"{name:<32} {taken.wall_s:6.3f} s   CPU {taken.cpu_s:6.3f} s", flush=True)


if __name__ == "__main__":
    main()
