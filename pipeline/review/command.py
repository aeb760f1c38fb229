"""What `stillhouse review` was asked for: the page, an export or an import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from pipeline.review.exchange import ExportDone, ImportDone, export_reviews, import_reviews
from pipeline.review.items import Selection
from pipeline.review.order import OrderBy
from pipeline.review.serve import PageOptions, ReviewDone, serve_review
from pipeline.run.progress import Progress


@dataclass(slots=True, frozen=True)
class ReviewOptions:
    """The command line's options, by their names there."""

    by: OrderBy
    split: str
    limit: int
    reviewer: str | None
    port: int
    no_browser: bool
    to: str | None
    out: Path | None
    file: Path | None
    source: str | None

    def check(self) -> None:
        """UsageError where an option lacks the other that it needs."""
        if (self.to is None) != (self.out is None):
            raise click.UsageError("--export and --out need each other")
        if (self.file is None) != (self.source is None):
            raise click.UsageError("--import and --from need each other")
        if self.to is not None and self.file is not None:
            raise click.UsageError("--export or --import, one at a time")


Done = ExportDone | ImportDone | ReviewDone


def review(root: Path, options: ReviewOptions, *, as_json: bool) -> Done:
    """Serves the page, or writes or reads a file; UsageError where the options do not go together."""
    options.check()
    selection = Selection(options.by, options.split, options.limit)
    if options.to is not None and options.out is not None:
        return export_reviews(root, options.to, options.out, selection)
    if options.file is not None and options.source is not None:
        return import_reviews(root, options.file, options.source)
    page = PageOptions(options.reviewer, options.port, browser=not options.no_browser)
    with Progress(as_json=as_json) as progress:
        return serve_review(root, selection, page, progress.say)
