"""Argilla's and Label Studio's files: what goes out comes back, and a bad record is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decisions.decision import Decision, Kind
from pipeline.decisions.store import Store, read_decisions
from pipeline.review.exchange import READERS, WRITERS, cards_of, export_reviews, import_reviews
from pipeline.review.formats.card import Card
from pipeline.review.items import Item, Selection
from pipeline.run.directory import RunDir
from prompts.errors import InputError
from tests.pipeline.review.make import HOSTILE, decision, two_teachers

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
WORDS = TEXT.filter(str.strip)
NAMES = st.sampled_from(["ann", "bob", "a b", "é\u202e", "label-studio:7"])


@st.composite
def cards(draw: st.DrawFn) -> Card:
    """A question with a standing decision of some reviewers."""
    response, note = draw(TEXT), draw(TEXT)
    card = Card("s", "p", [{"role": "user", "content": draw(TEXT)}], response, "train", "kept")
    kinds: list[Kind] = ["accept", "reject", "edit", "relabel"]
    answers = draw(st.lists(st.tuples(st.sampled_from(kinds), WORDS), max_size=3))
    reviewers = draw(st.lists(NAMES, min_size=3, max_size=3, unique=True))
    if draw(st.booleans()):
        sides = draw(st.lists(st.booleans(), max_size=3))
        made = [_prefer(left, who, note) for left, who in zip(sides, reviewers, strict=False)]
        return replace(card, other_id="t", other=draw(TEXT), decisions=tuple(made))
    found = [
        decision(kind, reviewer=who, text=text if kind in ("edit", "relabel") else None, seen=response, note=note)
        for (kind, text), who in zip(answers, reviewers, strict=False)
        if kind != "edit" or text != response
    ]
    return replace(card, decisions=tuple(found))


def _prefer(left: bool, who: str, note: str) -> Decision:
    better, worse = ("s", "t") if left else ("t", "s")
    return Decision("p", better, who, "prefer", other_id=worse, note=note)


@pytest.mark.parametrize("tool", WRITERS)
@given(card=cards())
def test_what_goes_out_comes_back(tool: str, card: Card) -> None:
    record = orjson.loads(orjson.dumps(WRITERS[tool](card, "n")))
    found = READERS[tool](record)
    assert sorted(found, key=repr) == sorted(card.decisions, key=repr)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return two_teachers(tmp_path_factory.mktemp("formats"))


@pytest.mark.parametrize("tool", WRITERS)
def test_a_runs_decisions_survive_the_way_out_and_in(tool: str, run: RunDir, tmp_path: Path) -> None:
    run.reviews.unlink(missing_ok=True)
    file = tmp_path / "reviews.json"
    export_reviews(run.root, tool, file, Selection("random", "train", None))
    records = json.loads(file.read_text())
    samples = [one.get("metadata", one.get("data")) for one in records]
    alone = [one for one in samples if "other_id" not in one]
    pair = next(one for one in samples if "other_id" in one)
    first, second = ({"sample": one["sample_id"], "prompt": one["prompt_id"]} for one in alone[:2])
    made = [
        decision("accept", **first, seen=_text(records[samples.index(alone[0])])),
        decision("edit", **second, text=HOSTILE, seen="what stood there before"),
        decision("prefer", pair["other_id"], other_id=pair["sample_id"], prompt=pair["prompt_id"], note="shorter"),
    ]
    store = Store(run.reviews)
    store.add(made)
    store.close()
    file.unlink()
    assert export_reviews(run.root, tool, file, Selection("random", "train", None)).decisions == 3
    assert import_reviews(run.root, file, tool).added == 0
    run.reviews.unlink()
    assert import_reviews(run.root, file, tool).added == 3
    found = {replace(one, made_at=0.0) for one in read_decisions(run.reviews)}
    assert found == set(made)
    with pytest.raises(InputError, match="exists already"):
        export_reviews(run.root, tool, file, Selection("random", "train", None))


def _text(record: dict[str, Any]) -> str:
    text: str = (record.get("fields") or record["data"])["response"]
    return text


Change = Callable[[dict[str, Any]], object]
ARGILLA: list[tuple[Change, str]] = [
    (lambda one: one.pop("fields"), r"\[1\]\.fields': is missing"),
    (lambda one: one["metadata"].pop("sample_id"), r"\[1\]\.metadata\.sample_id': is missing"),
    (lambda one: one["responses"].update(decision=[{"value": "maybe", "user_id": "u"}]), "'maybe' is neither"),
    (
        lambda one: one["responses"].update(decision=[{"value": 5, "user_id": "u"}]),
        r"decision\[0\]\.value': must be",
    ),
    (lambda one: one["metadata"].update(sample_id="elsewhere"), "no sample elsewhere in this run"),
    (lambda one: one["metadata"].update(prompt_id="elsewhere"), "not the prompt of its sample"),
]


@pytest.mark.parametrize(("change", "message"), ARGILLA)
def test_a_bad_record_is_named_and_nothing_is_added(change: Change, message: str, run: RunDir, tmp_path: Path) -> None:
    run.reviews.unlink(missing_ok=True)
    file = tmp_path / "argilla.json"
    export_reviews(run.root, "argilla", file, Selection("random", "train", 4))
    records = [one for one in json.loads(file.read_text()) if "other_id" not in one["metadata"]]
    for one in records:
        one["responses"] = {"decision": [{"value": "reject", "user_id": "u"}]}
    change(records[1])
    file.write_text(json.dumps(records))
    with pytest.raises(InputError, match=message):
        import_reviews(run.root, file, "argilla")
    assert read_decisions(run.reviews) == []


def test_no_json_and_no_list_are_named(run: RunDir, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    for text, message in (("[\n{]", r"x\.json:2: is no JSON"), ("{}", "must be a JSON list"), ("[3]", r"\[0\]")):
        file.write_text(text)
        with pytest.raises(InputError, match=message):
            import_reviews(run.root, file, "label-studio")
    with pytest.raises(InputError, match="no such file"):
        import_reviews(run.root, tmp_path / "none.json", "argilla")


def test_what_was_shown_in_two_forms_is_two_cards() -> None:
    item = Item("s", "p", "train", [], "ham", "t:t", "kept")
    made = [decision("accept", seen="ham"), decision("reject", reviewer="bob", seen="spam")]
    assert [(card.response, len(card.decisions)) for card in cards_of([item], made)] == [("ham", 1), ("spam", 1)]
