"""A run's samples: gone through by people, written for other trainers, published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from pipeline.commands import options as take
from pipeline.commands.options import Named, show


def export_names() -> Sequence[str]:
    """Returns the formats of `export`."""
    from pipeline.dataset.format import export_formats

    return tuple(export_formats())


def review_names() -> Sequence[str]:
    """Returns the tools whose files `review` writes and reads."""
    from pipeline.review.exchange import WRITERS

    return tuple(WRITERS)


@click.command()
@take.run_argument
@click.option(
    "--by",
    type=click.Choice(("uncertainty", "disagreement", "random")),
    default="uncertainty",
    show_default=True,
    help="What is shown first: what the teacher was least sure of, or where answers differ.",
)
@click.option("--split", type=take.SPLIT, default="train", show_default=True)
@click.option("--limit", type=click.IntRange(min=1), default=500, show_default=True, help="The most samples shown.")
@click.option("--reviewer", metavar="NAME", help="Who decides. [the login name]")
@click.option("--port", type=take.PORT, default=0, help="The page's port. [any that is free]")
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
@click.option("--export", "to", type=Named(review_names), help="Write the samples and decisions to --out instead.")
@click.option("--out", type=take.PATH, help="A new file, for --export.")
@click.option("--import", "file", type=take.PATH, help="Add another tool's decisions instead.")
@click.option("--from", "source", type=Named(review_names), help="What wrote the file of --import.")
@take.as_json
def review(run_dir: Path, as_json: bool, **options: Any) -> None:
    """Go through RUN's samples in a local page: accept, reject, edit, relabel, choose the better of two.

    Every decision is in RUN/reviews.sqlite at once; the next `stillhouse run` obeys it. Ctrl-C ends the page.
    """
    from pipeline.review.command import ReviewOptions
    from pipeline.review.command import review as go

    show(go(run_dir, ReviewOptions(**options), as_json=as_json), lambda done: done.render(), as_json=as_json)


@click.command()
@take.run_argument
@click.option("--to", type=Named(export_names), required=True, help="The format to write.")
@click.option("--out", type=take.PATH, help="A new file. [RUN/exports/TO-SPLIT.jsonl]")
@click.option("--split", type=take.SPLIT, default="train", show_default=True)
@take.as_json
def export(run_dir: Path, to: str, out: Path | None, split: str, as_json: bool) -> None:
    """Write what RUN kept as a file that a hosted tuning job or another trainer reads."""
    from pipeline.dataset.export import export_run, render_export

    show(export_run(run_dir, to, out, split), render_export, as_json=as_json)


@click.command()
@take.run_argument
@click.option("--repo", required=True, metavar="ID", help="The dataset's name on the Hub: OWNER/NAME.")
@click.option("--private", is_flag=True, help="Make a new repository private.")
@take.as_json
def push(run_dir: Path, repo: str, private: bool, as_json: bool) -> None:
    """Publish RUN's dataset card and kept rows on the Hugging Face Hub. Needs HF_TOKEN."""
    from pipeline.dataset.push import push as publish
    from pipeline.dataset.push import render_push

    show(publish(run_dir, repo, private=private), render_push, as_json=as_json)
