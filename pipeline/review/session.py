"""A reviewer at work: what they are shown, and what is stored of what they say. Knows nothing of HTTP."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from pipeline.decisions.decision import KINDS, Decision, Kind, Question, standing
from pipeline.decisions.store import Store
from pipeline.review.candidates import normal
from pipeline.review.items import Item, Pile
from pipeline.review.reviewer_agreement import ReviewerAgreement, agreements

HALF_A_CHARACTER = re.compile(r"[\ud800-\udfff]")
"""A surrogate alone: JSON can hold it, and UTF-8 cannot."""

SHOWN_ID = 12
"""Characters of a sample id in a message."""


class Refused(ValueError):
    """A decision that cannot stand; the message tells the reviewer why."""


@dataclass(slots=True, frozen=True)
class ReviewProgress:
    """How far a reviewer is. The better of two is a decision on both."""

    decided: tuple[bool, ...]
    """In the items' order."""
    done: int
    items: int
    kinds: Mapping[str, int]
    """How many decisions of each kind."""
    agreement: tuple[ReviewerAgreement, ...]


class ReviewSession:
    """A pile, a reviewer, and where decisions go. Other reviewers' decisions are counted and never shown."""

    def __init__(self, pile: Pile, store: Store, reviewer: str, run: str) -> None:
        # By id too, for a decision names its sample and not its place.
        self.pile, self.reviewer, self._run = pile, reviewer, run
        self._store = store
        self._items = {item.sample_id: item for item in pile.items}

    def overview(self) -> dict[str, Any]:
        """Describes the whole pile in short, with the progress."""
        return {
            "run": self._run,
            "reviewer": self.reviewer,
            "by": self.pile.by,
            "total": self.pile.total,
            "labels": self.pile.labels,
            **asdict(self.progress()),
        }

    def show(self, place: int) -> dict[str, Any]:
        """Describes one item with what this reviewer has said of it."""
        item, mine = self.pile.items[place], self._of_reviewer(self._store.read())
        alone, pair = mine.get((item.sample_id,)), mine.get(_pair(item))
        shown = asdict(item) | {"said": None, "preferred": None}
        if alone is not None:
            shown["said"] = {"kind": alone.kind, "text": alone.says, "note": alone.note}
        if pair is not None:
            shown["preferred"] = pair.sample_id
        return shown

    def decide(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Stores a decision; it is on disk when this returns. Refused where it cannot stand."""
        decision = self._read(body)
        self._store.add([decision])
        return asdict(self.progress())

    def progress(self) -> ReviewProgress:
        """Counts which items this reviewer has decided, how many by kind, and the reviewers' agreement."""
        decisions = self._store.read()
        mine = self._of_reviewer(decisions)
        decided = tuple(_is_decided(item, mine) for item in self.pile.items)
        return ReviewProgress(
            decided,
            done=sum(decided),
            items=len(decided),
            kinds=dict(Counter(decision.kind for decision in mine.values())),
            agreement=tuple(agreements(decisions, self.pile.labels)),
        )

    def _of_reviewer(self, decisions: Iterable[Decision]) -> dict[Question, Decision]:
        return {decision.question: decision for decision in standing(decisions) if decision.reviewer == self.reviewer}

    def _read(self, body: Mapping[str, Any]) -> Decision:
        kind, item = _kind(body.get("kind")), self._items.get(str(body.get("sample_id")))
        if item is None:
            raise Refused(f"no such sample: {str(body.get('sample_id'))[:SHOWN_ID]}")
        text, note = body.get("text"), body.get("note") or ""
        if not _is_text(note) or not (text is None or _is_text(text)):
            raise Refused("text and note are texts, in whole characters")
        self._check(kind, item, text)
        decision = Decision(item.prompt_id, item.sample_id, self.reviewer, kind, note=note, made_at=time.time())
        # A withdrawal is of the one question or of the pair: both may have been answered.
        if kind == "prefer" or (kind == "withdraw" and body.get("pair")):
            return _of_pair(decision, item, body.get("better"))
        if kind in ("edit", "relabel"):
            decision = replace(decision, text=text)
        # What was shown is stored with it: a later curation may rewrite it.
        return replace(decision, seen=item.completion)

    def _check(self, kind: Kind, item: Item, text: str | None) -> None:
        match kind:
            case "accept":
                self._check_right(item.completion)
            case "edit" | "relabel":
                if text is None or not text.strip():
                    raise Refused("an answer without text: reject it instead")
                self._check_right(text)

    def _check_right(self, text: str) -> None:
        """Refuses what cannot be called right: no text, or none of the labels."""
        if not text.strip():
            raise Refused("there is no text to accept: write one, or reject it")
        labels = self.pile.labels
        if labels and normal(text, labels) not in {normal(label, labels) for label in labels}:
            raise Refused(f"is none of the labels {', '.join(labels)}")


def _of_pair(decision: Decision, item: Item, better: Any) -> Decision:
    if item.other_id is None:
        raise Refused("there is no other answer to this prompt")
    if better not in (item.sample_id, item.other_id) and decision.kind == "prefer":
        raise Refused("the better one is neither of the two")
    if better == item.other_id:
        return replace(decision, sample_id=item.other_id, other_id=item.sample_id)
    return replace(decision, other_id=item.other_id)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not HALF_A_CHARACTER.search(value)


def _kind(value: Any) -> Kind:
    for kind in KINDS:
        if kind == value:
            return kind
    raise Refused(f"no such decision; there are {', '.join(KINDS)}")


def _pair(item: Item) -> Question:
    return tuple(sorted((item.sample_id, item.other_id or "")))


def _is_decided(item: Item, mine: Mapping[Question, Decision]) -> bool:
    return (item.sample_id,) in mine or (item.other_id is not None and _pair(item) in mine)
