"""Where the student comes from: the chain of what it was made of, and the commands that made it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.display.wording import DASH, large, number
from pipeline.run.counts import CurateCounts, GenerateCounts, TrainCounts
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.manifest import Entry, counts_of

Stages = Mapping[str, Entry]


@dataclass(slots=True, frozen=True)
class Lineage:
    """The facts that the manifest does not hold."""

    recipe: Mapping[str, Any]
    """The resolved recipe."""
    source_digest: str | None = None
    """Of the prompts' source; None where it is no longer there."""
    terms: Mapping[str, str] | None = None
    """Teacher or judge -> its provider's rules for training on what it says."""


@dataclass(slots=True, frozen=True)
class Link:
    """One link of the chain: its kind, its name, and what is said of it."""

    kind: str
    name: str
    notes: tuple[str, ...]


def chain(lineage: Lineage, stages: Stages) -> list[Link]:
    """Returns prompts, teachers, curation, student, exports; what a stage counted only where it has run."""
    recipe = lineage.recipe
    links = [_prompts(lineage, counts_of(stages, GenerateCounts)), *_teachers(lineage)]
    links.append(_curation(recipe, counts_of(stages, CurateCounts)))
    links.append(_student(recipe, counts_of(stages, TrainCounts)))
    if recipe.get("exports"):
        links.append(Link("exports", ", ".join(recipe["exports"]), ()))
    return links


def command(stage: str, place: str) -> str:
    """Returns the command that makes a stage's numbers again, from the resolved recipe in the run at `place`."""
    return shlex.join(["stillhouse", stage, f"{place}/recipe.yaml", "--dir", place])


@dataclass(slots=True, frozen=True)
class Bases:
    """The rows and calls that each part's numbers are counted from, in words."""

    generate: str
    curate: str
    train: str
    evaluate: str
    cost: str
    stages: str


def bases(evaluation: Evaluation | None, stages: Stages) -> Bases:
    """Says what each part's numbers are counted from; a dash where its stage has not run."""
    rows = samples = DASH
    generated, curated = counts_of(stages, GenerateCounts), counts_of(stages, CurateCounts)
    if generated is not None:
        rows = number(generated.rows)
    if curated is not None:
        samples = number(curated.samples)
    prompts = f"{DASH} held-out prompts"
    if evaluation is not None:
        prompts = f"{number(evaluation.rows)} held-out prompts"
    return Bases(
        generate=f"{rows} samples, counted",
        curate=f"{samples} samples, counted",
        train=_learned(counts_of(stages, TrainCounts)),
        evaluate=prompts,
        cost=prompts + _timed(evaluation),
        stages=f"{len(stages)} stages, each measured once",
    )


def _timed(evaluation: Evaluation | None) -> str:
    if evaluation is None or evaluation.economics is None or not evaluation.economics.student.loads:
        return ""
    calls = sum(load.calls for load in evaluation.economics.student.loads)
    return f", {number(calls)} timed calls of the student"


def _learned(trained: TrainCounts | None) -> str:
    if trained is None:
        return f"{DASH} rows to learn from, {DASH} steps"
    text = f"{number(trained.rows)} rows to learn from"
    if trained.validation_rows:
        text += f", {number(trained.validation_rows)} to validate"
    return f"{text}, {number(trained.steps)} steps"


def _prompts(lineage: Lineage, counts: GenerateCounts | None) -> Link:
    prompts = lineage.recipe["prompts"]
    notes = []
    if prompts.get("template"):
        notes.append(f"template {prompts['template']}")
    if lineage.source_digest:
        notes.append(f"digest {lineage.source_digest}")
    if prompts.get("license"):
        notes.append(f"licence {prompts['license']}")
    if counts is not None:
        notes.append(f"{number(counts.prompts)} prompts")
    return Link("prompts", _last_part(prompts["source"]), tuple(notes))


def _teachers(lineage: Lineage) -> Iterator[Link]:
    terms = lineage.terms or {}
    teachers = [entry["spec"] for entry in lineage.recipe["teacher"]]
    for spec in teachers:
        yield Link("teacher", spec, _terms(terms.get(spec)))
    # Judges and rescorers: their words are not in the corpus, and their terms may bind all the same.
    for spec, rule in terms.items():
        if spec not in teachers:
            yield Link("also asked", spec, _terms(rule))


def _terms(rule: str | None) -> tuple[str, ...]:
    if not rule:
        return ()
    return (f"terms: {rule}",)


def _curation(recipe: Mapping[str, Any], counts: CurateCounts | None) -> Link:
    steps = ", ".join(step["step"] for step in recipe["curate"]["steps"])
    if counts is None:
        return Link("curation", steps or "none", ())
    return Link("curation", steps or "none", (f"{number(counts.samples)} in, {number(counts.kept)} kept",))


def _student(recipe: Mapping[str, Any], counts: TrainCounts | None) -> Link:
    student = recipe["student"]
    notes = [f"method {student['method']}", "LoRA" if student.get("lora") else "all weights"]
    if counts is not None:
        notes += [f"{large(counts.parameters)} parameters", f"{number(counts.rows)} rows, {number(counts.steps)} steps"]
    return Link("student", _last_part(student["base"]), tuple(notes))


def _last_part(path: Any) -> str:
    return str(path).rsplit("/", 1)[-1]
