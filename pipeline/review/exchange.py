"""Decisions to and from other labelling tools' files."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from pipeline.decisions.decision import Decision, Question, standing
from pipeline.decisions.store import Store, read_decisions
from pipeline.review.candidates import labels_of, normal, read_recipe
from pipeline.review.formats import argilla, label_studio
from pipeline.review.formats.card import Card, Malformed
from pipeline.review.items import Item, Selection, load_items, read_pile
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


@dataclass(slots=True, frozen=True)
class ExportDone:
    """What was written."""

    to: str
    path: str
    records: int
    decisions: int

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints."""
        return asdict(self)

    def render(self) -> str:
        """Says where it went."""
        return f"wrote {self.records:,} records with {self.decisions:,} decisions to {self.path}"


@dataclass(slots=True, frozen=True)
class ImportDone:
    """What was read, and what of it was new."""

    source: str
    path: str
    decisions: int
    added: int
    reviewers: tuple[str, ...]
    """Of what was added."""

    def to_dict(self) -> dict[str, Any]:
        """Returns what `--json` prints."""
        values = asdict(self)
        return {"from": values.pop("source"), **values}

    def render(self) -> str:
        """Says what was new."""
        who = f", by {', '.join(self.reviewers)}" if self.reviewers else ""
        return f"read {self.decisions:,} decisions from {self.path}: {self.added:,} were new{who}"


def export_reviews(root: Path, to: str, out: Path, selection: Selection) -> ExportDone:
    """Writes the selected samples in order, with the decisions that stand; InputError where `out` exists."""
    if out.exists():
        raise InputError("exists already", path=out, remedy="Delete it, or give another --out")
    run = RunDir(root)
    items = read_pile(run, selection).items
    cards = list(cards_of(items, read_decisions(run.reviews)))
    records = [WRITERS[to](card, name) for card, name in zip(cards, _names(cards), strict=True)]
    with disk_errors(out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, orjson.dumps(records, option=orjson.OPT_INDENT_2).decode() + "\n")
    return ExportDone(to, str(out), len(records), sum(len(card.decisions) for card in cards))


def import_reviews(root: Path, file: Path, source: str) -> ImportDone:
    """Adds what the file's reviewers decided, all or nothing; what stands already is not added again.

    InputError with the record and the field of what cannot be read, or is about a sample that the run does not have.
    """
    run = RunDir(root)
    labels = labels_of(read_recipe(run))
    placed = list(_read(file, READERS[source]))
    for place, problem in _problems(placed, run, labels):
        field = f"[{place}].{problem.field}".rstrip(".")
        raise InputError(problem.problem, path=file, field=field, remedy=problem.remedy)
    # All or nothing: half an import could not be told from a whole one afterwards.
    decisions = [decision for _, decision in placed]
    with disk_errors(root), closing(Store(run.reviews)) as store:
        before = {_content(decision) for decision in standing(store.read())}
        new = [decision for decision in standing(decisions) if _content(decision) not in before]
        # The time of the import: what the file says of times is another tool's, and orders nothing here.
        store.add([replace(decision, made_at=time.time()) for decision in new])
    reviewers = tuple(sorted({decision.reviewer for decision in new}))
    return ImportDone(source, str(file), len(decisions), len(new), reviewers)


def cards_of(items: Sequence[Item], decisions: Sequence[Decision]) -> Iterator[Card]:
    """Yields a card an item, and one a pair that has something else to say, with the decisions that stand.

    A sample that was shown with several answers over time is a card for each.
    """
    by_question: dict[Question, list[Decision]] = defaultdict(list)
    for decision in standing(decisions):
        by_question[decision.question].append(decision)
    pairs: set[Question] = set()
    for item in items:
        yield from _cards_of_item(item, by_question[(item.sample_id,)])
        if item.other_id is None:
            continue
        pair = tuple(sorted((item.sample_id, item.other_id)))
        if pair not in pairs:
            pairs.add(pair)
            card = _card(item, item.completion, by_question[pair])
            yield replace(card, other_id=item.other_id, other=item.other)


def _cards_of_item(item: Item, decisions: Sequence[Decision]) -> Iterator[Card]:
    by_text: dict[str, list[Decision]] = defaultdict(list)
    for decision in decisions:
        # An import need not tell what was shown: then it is taken to be what stands there now.
        seen = item.completion if decision.seen is None else decision.seen
        by_text[seen].append(decision)
    if not by_text:
        yield _card(item, item.completion, ())
    for text, shown in by_text.items():
        yield _card(item, text, shown)


def _card(item: Item, text: str, decisions: Sequence[Decision]) -> Card:
    return Card(item.sample_id, item.prompt_id, item.prompt, text, item.split, item.verdict, decisions=tuple(decisions))


def _names(cards: Sequence[Card]) -> Iterator[str]:
    """Names each card by its sample's id, the pair's both, and a number where that is taken."""
    taken: dict[str, int] = defaultdict(int)
    for card in cards:
        name = card.sample_id if card.other_id is None else f"{card.sample_id}-{card.other_id}"
        taken[name] += 1
        yield name if taken[name] == 1 else f"{name}-{taken[name]}"


def _read(file: Path, reader: Callable[[Mapping[str, Any]], list[Decision]]) -> Iterator[tuple[int, Decision]]:
    """Yields each decision with the place of its record in the file."""
    for place, record in enumerate(_records(file)):
        try:
            if not isinstance(record, dict):
                raise Malformed("", "must be an object")
            for decision in reader(record):
                yield place, decision
        except Malformed as error:
            raise InputError(error.problem, path=file, field=f"[{place}].{error.field}".rstrip(".")) from error


def _records(file: Path) -> list[Any]:
    try:
        records = orjson.loads(file.read_bytes())
    except FileNotFoundError:
        raise InputError("no such file", path=file) from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"is no JSON: {error.msg}", path=file, line=error.lineno) from error
    if not isinstance(records, list):
        raise InputError("must be a JSON list of records", path=file)
    return records


@dataclass(slots=True, frozen=True)
class _Problem:
    """Why a decision cannot stand in this run."""

    problem: str
    field: str = ""
    remedy: str | None = None


def _problems(
    placed: Sequence[tuple[int, Decision]], run: RunDir, labels: Sequence[str]
) -> Iterator[tuple[int, _Problem]]:
    """Yields what is not about samples of this run, one prompt and the answers that there are."""
    wanted = {name for _, decision in placed for name in decision.question}
    prompt_of = {item.sample_id: item.prompt_id for item in load_items(run, wanted)}
    for place, decision in placed:
        problem = _problem_of(decision, prompt_of, labels)
        if problem is not None:
            yield place, problem


def _problem_of(decision: Decision, prompt_of: Mapping[str, str], labels: Sequence[str]) -> _Problem | None:
    for name in decision.question:
        if name not in prompt_of:
            remedy = "The file is of another run, or the run was made anew since"
            return _Problem(f"no sample {name:.80} in this run", remedy=remedy)
    if {prompt_of[name] for name in decision.question} != {decision.prompt_id}:
        return _Problem("is not the prompt of its sample", field="prompt_id")
    if not labels or decision.says is None:
        return None
    if normal(decision.says, labels) in {normal(label, labels) for label in labels}:
        return None
    problem = f"'{decision.says:.80}' is none of the labels {', '.join(labels)}"
    return _Problem(problem, remedy="The recipe names the answers that there are")


def _content(decision: Decision) -> Decision:
    return replace(decision, made_at=0.0)
