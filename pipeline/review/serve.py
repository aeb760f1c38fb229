"""`stillhouse review RUN`: the page, until its user stops it, and what came of it."""

from __future__ import annotations

import getpass
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.decisions.store import Store
from pipeline.review.items import Selection, read_pile
from pipeline.review.reviewer_agreement import ReviewerAgreement
from pipeline.review.session import ReviewSession
from pipeline.run.directory import RunDir, disk_errors
from prompts.errors import InputError, MissingExtra


@dataclass(slots=True, frozen=True)
class PageOptions:
    """Who goes through the page, and where it is served."""

    reviewer: str | None
    """None: the login name."""
    port: int
    """0: any that is free."""
    browser: bool
    """Open it in the browser."""


@dataclass(slots=True, frozen=True)
class ReviewDone:
    """What a reviewer had decided when the page was ended."""

    run: str
    reviewer: str
    done: int
    items: int
    kinds: Mapping[str, int]
    """How many decisions of each kind."""
    agreement: tuple[ReviewerAgreement, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints."""
        return asdict(self)

    def render(self) -> str:
        """Says what was decided, and how far reviewers agree."""
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.kinds.items()))
        lines = [f"{self.reviewer} has decided {self.done:,} of {self.items:,} samples ({kinds or 'none'})"]
        lines += [_agreement_line(agreement) for agreement in self.agreement]
        return "\n".join([*lines, "the next `stillhouse run` curates and trains with it"])


def serve_review(root: Path, selection: Selection, page: PageOptions, say: Callable[[str], None]) -> ReviewDone:
    """Serves the page until Ctrl-C; returns how many were decided, by kind, and the reviewers' agreement.

    InputError where the run has nothing to review, MissingExtra without aiohttp.
    """
    # Before the pile is read: who lacks the extra should not wait for it.
    try:
        from pipeline.review.server import serve
    except ModuleNotFoundError as error:
        raise MissingExtra("the review page", "review") from error
    run, name = RunDir(root), reviewer_name(page.reviewer)
    pile = read_pile(run, selection)
    if not pile.items:
        raise InputError(
            f"has no sample to review on the side '{selection.split}'", path=root, remedy="Try --split all"
        )
    with disk_errors(root), closing(Store(run.reviews)) as store:
        session = ReviewSession(pile, store, name, root.resolve().name)

        def ready(url: str) -> None:
            say(f"review: {url}")
            say(f"review: {len(pile.items):,} of {pile.total:,} samples, by {pile.by}; Ctrl-C ends it")
            if page.browser:
                webbrowser.open(url)

        serve(session, page.port, ready)
        progress = session.progress()
    return ReviewDone(str(root), name, progress.done, progress.items, progress.kinds, progress.agreement)


def reviewer_name(given: str | None) -> str:
    """Returns the name given, or the login name; InputError where there is neither."""
    if given is None:
        given = _login_name()
    name = given.strip()
    if not name:
        raise InputError("nobody's name is known", field="--reviewer", remedy="Give one: --reviewer ann")
    return name


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return ""


def _agreement_line(agreement: ReviewerAgreement) -> str:
    kappa = "not defined" if agreement.kappa is None else f"{agreement.kappa:.2f}"
    return (
        f"{' and '.join(agreement.reviewers)} on {agreement.n:,} {agreement.questions}: "
        f"{agreement.observed:.0%} the same, Cohen's kappa {kappa}"
    )
