"""Decisions to and from other labelling tools' files."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from pipeline.decisions.decision import Decision, Question, standing
from pipeline.decisions.store import Store, read_decisions
from pipeline.review.candidates import labels_of, normal, read_recipe
from pipeline.review.formats import argilla, label_studio
from pipeline.review.formats.card import Card, Malformed
from pipeline.review.items import Item, load_items, read_pile
from pipeline.review.order import By
from pipeline.run.directory import RunDir, disk_errors
from pipeline.run.files import write_text
from prompts.errors import InputError

WRITERS: Mapping[str, Callable[[Card, str], dict[str, Any]]] = {
    "argilla": argilla.record,
    "label-studio": label_studio.record,
}
READERS: Mapping[str, Callable[[Mapping[str, Any]], list[Decision]]] = {
    "argilla": argilla.decisions,
    "label-studio": label_studio.decisions,
}


def export_reviews(root: Path, to: str, out: Path, *, by: By, split: str, limit: int | None) -> dict[str, Any]:
    """Writes the samples in the order `by` with the decisions that stand; InputError where `out` exists."""
    if out.exists():
        raise InputError("exists already", path=out, remedy="Delete it, or give another --out")
    run = RunDir(root)
    items = read_pile(run, by, split, limit).items
    cards = list(cards_of(items, read_decisions(run.reviews)))
    records = [WRITERS[to](card, name) for card, name in zip(cards, _names(cards), strict=True)]
    with disk_errors(out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, orjson.dumps(records, option=orjson.OPT_INDENT_2).decode() + "\n")
    decided = sum(len(card.decisions) for card in cards)
    return {"to": to, "path": str(out), "records": len(records), "decisions": decided}


def import_reviews(root: Path, file: Path, source: str) -> dict[str, Any]:
    """Adds what the file's reviewers decided, all or nothing; what stands already is not added again.

    InputError with the record and the field of what cannot be read, or is about a sample that the run does not have.
    """
    run = RunDir(root)
    labels = labels_of(read_recipe(run))
    found = list(_read(file, READERS[source]))
    known = {
        item.sample_id: item.prompt_id for item in load_items(run, {name for _, one in found for name in one.question})
    }
    made = [_checked(one, known, labels, file, place) for place, one in found]
    with disk_errors(root), closing(Store(run.reviews)) as store:
        before = {_content(one) for one in standing(store.read())}
        new = [one for one in standing(made) if _content(one) not in before]
        store.add([replace(one, made_at=time.time()) for one in new])
    reviewers = sorted({one.reviewer for one in new})
    return {"from": source, "path": str(file), "decisions": len(made), "added": len(new), "reviewers": reviewers}


def cards_of(items: Sequence[Item], decisions: Sequence[Decision]) -> Iterator[Card]:
    """A card an item, and one a pair that has something else to say, with the decisions that stand.

    A sample that was shown with several answers over time is a card for each.
    """
    answers: dict[Question, list[Decision]] = defaultdict(list)
    for one in standing(decisions):
        answers[one.question].append(one)
    pairs: set[Question] = set()
    for item in items:
        found = answers[(item.sample_id,)]
        for text in dict.fromkeys(
            [one.seen if one.seen is not None else item.completion for one in found] or [item.completion]
        ):
            shown = tuple(one for one in found if (item.completion if one.seen is None else one.seen) == text)
            yield _card(item, text, shown)
        if item.other_id is not None and (pair := tuple(sorted((item.sample_id, item.other_id)))) not in pairs:
            pairs.add(pair)
            yield replace(_card(item, item.completion, tuple(answers[pair])), other_id=item.other_id, other=item.other)


def render_export(done: dict[str, Any]) -> str:
    """Where it went."""
    return f"wrote {done['records']:,} records with {done['decisions']:,} decisions to {done['path']}"


def render_import(done: dict[str, Any]) -> str:
    """What was new."""
    who = f", by {', '.join(done['reviewers'])}" if done["reviewers"] else ""
    return f"read {done['decisions']:,} decisions from {done['path']}: {done['added']:,} were new{who}"


def _card(item: Item, text: str, decisions: tuple[Decision, ...]) -> Card:
    return Card(item.sample_id, item.prompt_id, item.prompt, text, item.split, item.verdict, decisions=decisions)


def _names(cards: Sequence[Card]) -> Iterator[str]:
    """A card's sample id, the pair's both, and a number where that is taken."""
    taken: dict[str, int] = defaultdict(int)
    for card in cards:
        name = card.sample_id if card.other_id is None else f"{card.sample_id}-{card.other_id}"
        taken[name] += 1
        yield name if taken[name] == 1 else f"{name}-{taken[name]}"


def _read(file: Path, reader: Callable[[Mapping[str, Any]], list[Decision]]) -> Iterator[tuple[int, Decision]]:
    try:
        records = orjson.loads(file.read_bytes())
    except FileNotFoundError:
        raise InputError("no such file", path=file) from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"is no JSON: {error.msg}", path=file, line=error.lineno) from error
    if not isinstance(records, list):
        raise InputError("must be a JSON list of records", path=file)
    for place, record in enumerate(records):
        try:
            if not isinstance(record, dict):
                raise Malformed("", "must be an object")
            yield from ((place, one) for one in reader(record))
        except Malformed as error:
            raise InputError(error.problem, path=file, field=f"[{place}].{error.field}".rstrip(".")) from error


def _checked(one: Decision, known: Mapping[str, str], labels: Sequence[str], file: Path, place: int) -> Decision:
    """The decision, about samples of this run and one prompt."""
    prompts = {known.get(name) for name in one.question}
    if None in prompts:
        name = next(name for name in one.question if name not in known)
        remedy = "The file is of another run, or the run was made anew since"
        raise InputError(f"no sample {name:.80} in this run", path=file, field=f"[{place}]", remedy=remedy)
    if prompts != {one.prompt_id}:
        raise InputError("is not the prompt of its sample", path=file, field=f"[{place}].prompt_id")
    if labels and one.says is not None and normal(one.says, labels) not in {normal(label, labels) for label in labels}:
        problem = f"'{one.says:.80}' is none of the labels {', '.join(labels)}"
        raise InputError(problem, path=file, field=f"[{place}]", remedy="The recipe names the answers that there are")
    return one


def _content(one: Decision) -> Decision:
    return replace(one, made_at=0.0)
