"""A reviewer at work: what they are shown, and what is stored of what they say. Knows nothing of HTTP."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from pipeline.decisions.decision import KINDS, Decision, Kind, Question, standing
from pipeline.decisions.store import Store
from pipeline.review.candidates import normal
from pipeline.review.items import Item, Pile
from pipeline.review.kappa import agreements

HALF_A_CHARACTER = re.compile(r"[\ud800-\udfff]")
"""A surrogate alone: JSON can hold it, and UTF-8 cannot."""

SHOWN_ID = 12
"""Characters of a sample id in a message."""


class Refused(ValueError):
    """A decision that cannot stand; the message says why, for the reviewer."""


class ReviewSession:
    """A pile, a reviewer, and where decisions go. Other reviewers' decisions are counted and never shown."""

    def __init__(self, pile: Pile, store: Store, reviewer: str, run: str) -> None:
        self.pile, self.reviewer, self._run = pile, reviewer, run
        self._store = store
        self._items = {item.sample_id: item for item in pile.items}

    def overview(self) -> dict[str, Any]:
        """The whole pile in short, with the progress."""
        return {
            "run": self._run,
            "reviewer": self.reviewer,
            "by": self.pile.by,
            "total": self.pile.total,
            "labels": self.pile.labels,
            **self.progress(),
        }

    def show(self, place: int) -> dict[str, Any]:
        """One item with what this reviewer has said of it."""
        item, mine = self.pile.items[place], self._of_reviewer(self._store.read())
        alone, pair = mine.get((item.sample_id,)), mine.get(_pair(item))
        return {
            **asdict(item),
            "said": alone and {"kind": alone.kind, "text": alone.says, "note": alone.note},
            "preferred": pair and pair.sample_id,
        }

    def decide(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Stores a decision; it is on disk when this returns. Refused where it cannot stand."""
        decision = self._read(said)
        self._store.add([decision])
        return self.progress()

    def progress(self) -> dict[str, Any]:
        """Which items this reviewer has decided, how many by kind, and the reviewers' agreement.

        The better of two is a decision on both.
        """
        decisions = self._store.read()
        mine = self._of_reviewer(decisions)
        decided = [_is_decided(item, mine) for item in self.pile.items]
        return {
            "decided": decided,
            "done": sum(decided),
            "items": len(self.pile.items),
            "kinds": dict(Counter(one.kind for one in mine.values())),
            "agreement": [asdict(one) for one in agreements(decisions, self.pile.labels)],
        }

    def _of_reviewer(self, decisions: Iterable[Decision]) -> dict[Question, Decision]:
        return {one.question: one for one in standing(decisions) if one.reviewer == self.reviewer}

    def _read(self, said: Mapping[str, Any]) -> Decision:
        kind, item = _kind(said.get("kind")), self._items.get(str(said.get("sample_id")))
        if item is None:
            raise Refused(f"no such sample: {str(said.get('sample_id'))[:SHOWN_ID]}")
        text, note = said.get("text"), said.get("note") or ""
        if not _is_text(note) or not (text is None or _is_text(text)):
            raise Refused("text and note are texts, in whole characters")
        self._check(kind, item, text)
        better = said.get("better")
        if kind == "prefer" or (kind == "withdraw" and said.get("pair")):
            return self._of_pair(kind, item, better, note)
        text = text if kind in ("edit", "relabel") else None
        return self._decision(item, kind, text=text, seen=item.completion, note=note)

    def _check(self, kind: Kind, item: Item, text: str | None) -> None:
        if kind in ("edit", "relabel") and not (text or "").strip():
            raise Refused("an answer without text: reject it instead")
        right = item.completion if kind == "accept" else text if kind in ("edit", "relabel") else None
        if right is None:
            return
        if not right.strip():
            raise Refused("there is no text to accept: write one, or reject it")
        labels = self.pile.labels
        if labels and normal(right, labels) not in {normal(label, labels) for label in labels}:
            raise Refused(f"is none of the labels {', '.join(labels)}")

    def _of_pair(self, kind: Kind, item: Item, better: Any, note: str) -> Decision:
        if item.other_id is None:
            raise Refused("there is no other answer to this prompt")
        if better not in (item.sample_id, item.other_id) and kind == "prefer":
            raise Refused("the better one is neither of the two")
        worse = item.other_id if better != item.other_id else item.sample_id
        best = item.sample_id if worse == item.other_id else item.other_id
        return self._decision(item, kind, sample_id=best, other_id=worse, note=note)

    def _decision(self, item: Item, kind: Kind, **values: Any) -> Decision:
        made = {"sample_id": item.sample_id, "prompt_id": item.prompt_id, "reviewer": self.reviewer, "kind": kind}
        return Decision(**{**made, **values, "made_at": time.time()})


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not HALF_A_CHARACTER.search(value)


def _kind(value: Any) -> Kind:
    found = next((kind for kind in KINDS if kind == value), None)
    if found is None:
        raise Refused(f"no such decision; there are {', '.join(KINDS)}")
    return found


def _pair(item: Item) -> Question:
    return tuple(sorted((item.sample_id, item.other_id or "")))


def _is_decided(item: Item, mine: Mapping[Question, Decision]) -> bool:
    return (item.sample_id,) in mine or (item.other_id is not None and _pair(item) in mine)
