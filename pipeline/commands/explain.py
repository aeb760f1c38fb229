"""Commands that read runs and change nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pipeline.commands import options as take
from pipeline.commands.options import show


@click.command()
@take.run_argument
@click.option("--watch", is_flag=True, help="Follow it until it ends; exits as the run does. --json: an object a line.")
@take.as_json
def status(run_dir: Path, watch: bool, as_json: bool) -> None:
    """Say where a run stands, also while it runs."""
    from pipeline.explain.status import read_status, render_status

    if watch:
        from pipeline.explain.watch import follow

        sys.exit(follow(run_dir, as_json=as_json))
    show(read_status(run_dir), render_status, as_json=as_json)


@click.command()
@take.run_argument
@click.argument("sample", metavar="ID")
@take.as_json
def why(run_dir: Path, sample: str, as_json: bool) -> None:
    """Tell one sample's whole story: request, attempts, verdicts, use. ID is a sample or prompt id, or its start."""
    from pipeline.explain.why import render_story, tell_story

    show(tell_story(run_dir, sample), render_story, as_json=as_json)


@click.command()
@click.argument("runs", metavar="RUN RUN ...", nargs=-1, required=True, type=take.PATH)
@take.as_json
def compare(runs: tuple[Path, ...], as_json: bool) -> None:
    """Put the students of several evaluated runs side by side, on the prompts that all hold out. Asks nobody."""
    from pipeline.compare.compare import compare_runs
    from pipeline.compare.table import render

    show(compare_runs(runs), render, as_json=as_json)
