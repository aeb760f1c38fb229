"""What `stillhouse review` was asked for: the page, an export or an import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pipeline.review.exchange import export_reviews, import_reviews, render_export, render_import
from pipeline.review.order import By
from pipeline.review.serve import render_review, serve_review
from pipeline.run.progress import Progress

Done = tuple[dict[str, Any], Callable[[dict[str, Any]], str]]


def review(
    root: Path,
    to: str | None,
    out: Path | None,
    file: Path | None,
    source: str | None,
    *,
    by: By,
    split: str,
    limit: int,
    reviewer: str | None,
    port: int,
    no_browser: bool,
    as_json: bool,
) -> Done:
    """Does it; the result and how to show it. UsageError where an option lacks the other that it needs."""
    for name, other, both in (("--export", "--out", (to, out)), ("--import", "--from", (file, source))):
        if (both[0] is None) != (both[1] is None):
            raise click.UsageError(f"{name} and {other} need each other")
    if to is not None and file is not None:
        raise click.UsageError("--export or --import, one at a time")
    if to is not None and out is not None:
        return export_reviews(root, to, out, by=by, split=split, limit=limit), render_export
    if file is not None and source is not None:
        return import_reviews(root, file, source), render_import
    with Progress(as_json=as_json) as progress:
        done = serve_review(
            root,
            by=by,
            split=split,
            limit=limit,
            reviewer=reviewer,
            port=port,
            browser=not no_browser,
            say=progress.say,
        )
    return done, render_review
