"""`stillhouse review RUN`: the page, until its user stops it, and what came of it."""

from __future__ import annotations

import getpass
import webbrowser
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from pipeline.decisions.store import Store
from pipeline.review.items import read_pile
from pipeline.review.order import By
from pipeline.review.session import ReviewSession
from pipeline.run.directory import RunDir, disk_errors
from prompts.errors import InputError, MissingExtra


def serve_review(
    root: Path,
    *,
    by: By,
    split: str,
    limit: int | None,
    reviewer: str | None,
    port: int,
    browser: bool,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Serves the page until Ctrl-C; returns how many were decided, by kind, and the reviewers' agreement.

    InputError where the run has nothing to review, MissingExtra without aiohttp.
    """
    try:
        from pipeline.review.server import serve
    except ModuleNotFoundError as error:
        raise MissingExtra("the review page", "review") from error
    run, name = RunDir(root), reviewer_name(reviewer)
    pile = read_pile(run, by, split, limit)
    if not pile.items:
        raise InputError(f"has no sample to review on the side '{split}'", path=root, remedy="Try --split all")
    with disk_errors(root), closing(Store(run.reviews)) as store:
        session = ReviewSession(pile, store, name, root.resolve().name)

        def ready(url: str) -> None:
            say(f"review: {url}")
            say(f"review: {len(pile.items):,} of {pile.total:,} samples, by {pile.by}; Ctrl-C ends it")
            if browser:
                webbrowser.open(url)

        serve(session, port, ready)
        done = session.progress()
        del done["decided"]
        return {"run": str(root), "reviewer": name, **done}


def reviewer_name(given: str | None) -> str:
    """The name given, or the login name; InputError where there is neither."""
    try:
        name = (given if given is not None else getpass.getuser()).strip()
    except (KeyError, OSError):
        name = ""
    if not name:
        raise InputError("nobody's name is known", field="--reviewer", remedy="Give one: --reviewer ann")
    return name


def render_review(done: dict[str, Any]) -> str:
    """What a reviewer has decided, and how far reviewers agree."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(done["kinds"].items()))
    lines = [f"{done['reviewer']} has decided {done['done']:,} of {done['items']:,} samples ({kinds or 'none'})"]
    for one in done["agreement"]:
        kappa = "not defined" if one["kappa"] is None else f"{one['kappa']:.2f}"
        who = " and ".join(one["reviewers"])
        lines.append(f"{who} on {one['n']:,} {one['questions']}: {one['observed']:.0%} the same, Cohen's kappa {kappa}")
    return "\n".join([*lines, "the next `stillhouse run` curates and trains with it"])
