"""Where the student comes from: the chain of what it was made of, and the commands that made it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.display.wording import DASH, large, number
from pipeline.run.counts import CurateCounts, GenerateCounts, TrainCounts
from pipeline.run.manifest import Entry, counts_of

Stages = Mapping[str, Entry]


@dataclass(slots=True, frozen=True)
class Lineage:
    """What the manifest does not hold."""

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
    """Prompts, teachers, curation, student, exports; what a stage counted only where it has run."""
    recipe = lineage.recipe
    links = [_prompts(lineage, counts_of(stages, GenerateCounts)), *_teachers(lineage)]
    links.append(_curation(recipe, counts_of(stages, CurateCounts)))
    links.append(_student(recipe, counts_of(stages, TrainCounts)))
    if recipe.get("exports"):
        links.append(Link("exports", ", ".join(recipe["exports"]), ()))
    return links


def command(stage: str, place: str) -> str:
    """The command that makes a stage's numbers again, from the resolved recipe in the run at `place`."""
    return shlex.join(["stillhouse", stage, f"{place}/recipe.yaml", "--dir", place])


def bases(evaluation: Mapping[str, Any], stages: Stages) -> dict[str, str]:
    """What each part's numbers are counted from, in words: by the name of its stage, and `cost` and `stages`."""
    generated = counts_of(stages, GenerateCounts)
    curated = counts_of(stages, CurateCounts)
    prompts = f"{number(evaluation.get('rows'))} held-out prompts"
    loads = ((evaluation.get("economics") or {}).get("student") or {}).get("loads") or []
    timed = sum(one["requests"] - one["failed"] for one in loads)
    return {
        "generate": f"{number(None if generated is None else generated.rows)} samples, counted",
        "curate": f"{number(None if curated is None else curated.samples)} samples, counted",
        "train": _learned(counts_of(stages, TrainCounts)),
        "evaluate": prompts,
        "cost": f"{prompts}, {number(timed)} timed calls of the student" if loads else prompts,
        "stages": f"{len(stages)} stages, each measured once",
    }


def _learned(trained: TrainCounts | None) -> str:
    if trained is None:
        return f"{DASH} rows to learn from, {DASH} steps"
    validated = f", {number(trained.validation_rows)} to validate" if trained.validation_rows else ""
    return f"{number(trained.rows)} rows to learn from{validated}, {number(trained.steps)} steps"


def _prompts(lineage: Lineage, counts: GenerateCounts | None) -> Link:
    prompts = lineage.recipe["prompts"]
    notes = [f"template {prompts['template']}"] if prompts.get("template") else []
    notes += [f"digest {lineage.source_digest}"] if lineage.source_digest else []
    notes += [f"licence {prompts['license']}"] if prompts.get("license") else []
    if counts is not None:
        notes.append(f"{number(counts.prompts)} prompts")
    return Link("prompts", str(prompts["source"]).rsplit("/", 1)[-1], tuple(notes))


def _teachers(lineage: Lineage) -> Iterator[Link]:
    for entry in lineage.recipe["teacher"]:
        spec = entry["spec"]
        terms = (lineage.terms or {}).get(spec)
        yield Link("teacher", spec, (f"terms: {terms}",) if terms else ())
    others = {name: rule for name, rule in (lineage.terms or {}).items() if name not in _specs(lineage.recipe)}
    for name, rule in others.items():
        yield Link("also asked", name, (f"terms: {rule}",) if rule else ())


def _specs(recipe: Mapping[str, Any]) -> Sequence[str]:
    return [entry["spec"] for entry in recipe["teacher"]]


def _curation(recipe: Mapping[str, Any], counts: CurateCounts | None) -> Link:
    steps = ", ".join(step["step"] for step in recipe["curate"]["steps"])
    notes = () if counts is None else (f"{number(counts.samples)} in, {number(counts.kept)} kept",)
    return Link("curation", steps or "none", notes)


def _student(recipe: Mapping[str, Any], counts: TrainCounts | None) -> Link:
    student = recipe["student"]
    notes = [f"method {student['method']}", "LoRA" if student.get("lora") else "all weights"]
    if counts is not None:
        notes += [f"{large(counts.parameters)} parameters", f"{number(counts.rows)} rows, {number(counts.steps)} steps"]
    return Link("student", str(student["base"]).rsplit("/", 1)[-1], tuple(notes))
