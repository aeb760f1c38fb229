"""A run with a small student, ready to be served; and the command as a user starts it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.package.stage import work
from pipeline.recipe.load import load_recipe
from pipeline.run.context import Context
from pipeline.run.directory import RunDir, open_run
from pipeline.run.progress import Progress
from pipeline.stages import run_stages
from tests.pipeline.helpers import command, environment, write_recipe


def make_run(folder: Path, student: Path, *exports: str, **sections: Any) -> RunDir:
    """`folder/run` up to a curated corpus, with a copy of `student` and the exports of it."""
    recipe = load_recipe(write_recipe(folder, exports=list(exports), **sections))
    with open_run(folder / "run", recipe) as (run, manifest):
        context = Context(recipe, run, manifest, Progress())
        run_stages(context, "generate", "curate")
        shutil.copytree(student, run.student)
        if exports:
            work(context)
    return run


@dataclass(frozen=True)
class Served:
    """What `stillhouse serve` printed, and after its end how it ended."""

    ready: dict[str, Any]
    ended: dict[str, Any]


@contextmanager
def served(run: RunDir, *options: str, **env: str) -> Iterator[Served]:
    """`stillhouse serve RUN --port 0 --json`, told to stop by Ctrl-C at the end."""
    with subprocess.Popen(
        command("serve", run.root, "--port", "0", "--json", *options),
        cwd=run.root.parent,
        env=environment(**env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError(process.communicate()[1])
        found = Served(json.loads(line), {})
        try:
            yield found
        finally:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
            found.ended.update(code=process.returncode, out=out, err=err)
