"""The student: better settings for it, and an endpoint."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from pipeline.commands import options as take
from pipeline.commands.options import Named, RecipeOptions, recipe_options, show


def engine_names() -> Sequence[str]:
    """Returns the servers that there are."""
    from pipeline.serve.engines import ENGINES

    return ENGINES


@click.command()
@recipe_options
def tune(**options: Any) -> None:
    """Try other settings for RECIPE's student; write the best as RUN/tuned.yaml. The section `tune` says which.

    Generates and curates first, where that is not up to date. Settings are compared on rows of the train split.
    """
    from pipeline.recipe.load import placed
    from pipeline.run.progress import Progress
    from pipeline.stages import run_stages
    from pipeline.train.distributed import require_launchable
    from pipeline.tune.search import tune as search
    from pipeline.tune.table import render

    require_launchable("tune")
    asked = RecipeOptions(**options)
    loaded = asked.load()
    with placed(asked.recipe), Progress(as_json=asked.as_json) as progress:
        outcome = search(
            loaded, asked.root(loaded), progress, lambda context: run_stages(context, "generate", "curate")
        )
    show(outcome, render, as_json=asked.as_json)


@click.command()
@take.run_argument
@click.option("--with", "engine", type=Named(engine_names), help="The server. [the first that can: vLLM on a GPU, ...]")
@click.option("--export", metavar="NAME", help="Serve this GGUF export instead of the student: gguf-q8_0.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=take.PORT, default=8000, show_default=True, help="0: any that is free.")
@click.option(
    "--cascade",
    is_flag=False,
    flag_value="chosen",
    metavar="[CONFIDENCE]",
    help="Ask the teacher where the student is less sure than this, 0 to 1. [the one that evaluation chose]",
)
@click.option("--teacher", metavar="SPEC", help="The cascade's teacher. [the run's]")
@take.as_json
def serve(run_dir: Path, as_json: bool, **options: Any) -> None:
    """Serve RUN's student as an OpenAI-compatible endpoint, by vLLM, llama.cpp or transformers, until Ctrl-C.

    The model is called `student`. With --cascade, each answer's field `stillhouse` says who gave it.
    """
    from pipeline.run.progress import Progress
    from pipeline.serve.command import ServeOptions
    from pipeline.serve.command import serve as serve_run
    from pipeline.serve.ready import render_ready

    def announce(ready: dict[str, Any]) -> None:
        show(ready, render_ready, as_json=as_json)
        sys.stdout.flush()

    with Progress(as_json=as_json) as progress:
        serve_run(run_dir, ServeOptions(**options), announce, progress)
