"""A reviewer at work: what is stored of what they say, and what cannot stand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pipeline.decisions.store import Store
from pipeline.review.items import Item, Pile
from pipeline.review.session import Refused, ReviewSession
from tests.pipeline.review.make import decision

ITEMS = (
    Item("s1", "p1", "train", [{"role": "user", "content": "a"}], "ham", "scripted:x", "kept", "s2", "spam"),
    Item("s3", "p2", "train", [{"role": "user", "content": "b"}], "", "scripted:x", "kept"),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "reviews.sqlite")) as store:
        yield store


def session(store: Store, labels: tuple[str, ...] = ()) -> ReviewSession:
    return ReviewSession(Pile(ITEMS, labels, "confidence", 9), store, "ann", "run")


def test_a_decision_is_on_disk_with_what_was_shown(store: Store) -> None:
    progress = session(store).decide({"kind": "edit", "sample_id": "s1", "text": "Ham.", "note": "n"})
    assert (progress["done"], progress["items"], progress["decided"]) == (1, 2, (True, False))
    [stored] = store.read()
    assert (stored.kind, stored.text, stored.seen, stored.note, stored.reviewer) == ("edit", "Ham.", "ham", "n", "ann")
    assert session(store).show(0)["said"] == {"kind": "edit", "text": "Ham.", "note": "n"}
    session(store).decide({"kind": "withdraw", "sample_id": "s1"})
    assert session(store).show(0)["said"] is None


def test_the_better_of_two_is_a_decision_on_both(store: Store) -> None:
    session(store).decide({"kind": "prefer", "sample_id": "s1", "better": "s2"})
    [stored] = store.read()
    assert (stored.sample_id, stored.other_id) == ("s2", "s1")
    assert session(store).show(0)["preferred"] == "s2"
    assert session(store).progress().decided == (True, False)


def test_what_others_said_is_counted_and_not_shown(store: Store) -> None:
    store.add([decision("reject", "s1", reviewer="bob", prompt="p1")])
    mine = session(store)
    assert mine.show(0)["said"] is None
    assert mine.overview()["done"] == 0
    assert mine.overview()["total"] == 9


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"kind": "nonsense", "sample_id": "s1"}, "no such decision; there are accept"),
        ({"kind": "accept", "sample_id": "s9"}, "no such sample: s9"),
        ({"kind": "accept", "sample_id": "s3"}, "there is no text to accept"),
        ({"kind": "edit", "sample_id": "s1", "text": " "}, "an answer without text"),
        ({"kind": "edit", "sample_id": "s1", "text": "\ud800"}, "in whole characters"),
        ({"kind": "reject", "sample_id": "s1", "note": 3}, "text and note are texts"),
        ({"kind": "prefer", "sample_id": "s3", "better": "s3"}, "no other answer"),
        ({"kind": "prefer", "sample_id": "s1", "better": "s3"}, "neither of the two"),
        ({"kind": "relabel", "sample_id": "s1", "text": "eggs"}, "is none of the labels spam, ham"),
    ],
)
def test_what_cannot_stand_is_refused_and_not_stored(store: Store, body: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        session(store, labels=("spam", "ham")).decide(body)
    assert store.read() == []
