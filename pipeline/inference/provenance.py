"""What a card says of where its rows came from: purpose, rules of the providers, and who helped to choose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.inference.terms import sources
from pipeline.recipe.recipe import Recipe
from pipeline.run.directory import RunDir
from pipeline.run.records import read_rows
from students.card.facts import Helper, Override, Provenance
from teachers.terms import Rule, rules_in


def provenance(recipe: Recipe, run: RunDir) -> Provenance:
    """Collects what the model card says beside the teachers' rows: purpose, overrides, notices, and helpers."""
    named = list(sources(recipe))
    kept = {rule.name: rule for terms in _recorded(run) for rule in rules_in(terms)}
    known = {rule.name: rule for source in named for rule in source.rules} | kept
    return Provenance(
        purpose=recipe.purpose,
        overrides=tuple(Override(name, known[name].sentence) for name in recipe.override_terms if name in known),
        notices=tuple(rule.notice for rule in known.values() if rule.notice),
        helpers=tuple(
            Helper(source.role, source.spec.provider, source.spec.model, _joined(source.rules))
            for source in named
            if source.role != "teacher"
        ),
    )


def _recorded(run: RunDir) -> set[str]:
    teachers: Iterator[dict[str, Any]] = (row["teacher"] or {} for row in read_rows(run.kept, ["teacher"]))
    return {teacher["terms"] for teacher in teachers if teacher.get("terms")}


def _joined(rules: tuple[Rule, ...]) -> str | None:
    return " ".join(rule.sentence for rule in rules) or None
