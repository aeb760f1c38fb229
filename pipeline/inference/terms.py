"""Whether a recipe's teachers may teach its student, by their providers' own rules: asked before any spend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.recipe.recipe import Recipe
from prompts.errors import InputError
from teachers.catalog import describe
from teachers.provider import find_provider
from teachers.spec import Spec
from teachers.terms import PURPOSES, Purpose, Rule, rule_of, rules, rules_in


@dataclass(slots=True, frozen=True)
class Source:
    """A model whose output goes into the student, and the rules for it."""

    role: str
    """teacher, judge, rescorer or teacher in memory."""
    spec: Spec
    rules: tuple[Rule, ...]


def check_terms(recipe: Recipe) -> list[str]:
    """Returns what to tell the user about the terms of this recipe's teachers; needs no key and sends nothing.

    InputError where a rule depends on the purpose and none is set, where the purpose is not allowed and the rule is
    not overridden by name, and for an override without a conflict.
    """
    named = list(sources(recipe))
    _check_purpose(recipe, named)
    _check_overrides(recipe, named)
    conflicts = list(_conflicts(recipe, named))
    for source, rule in conflicts:
        if rule.name not in recipe.override_terms:
            raise _forbidden(source, rule, recipe.purpose)
    return list(dict.fromkeys([*_overridden(conflicts), *_remarks(named)]))


def sources(recipe: Recipe) -> Iterator[Source]:
    """Every model whose output shapes the student.

    A judge's text is in no row, but its choice of rows is output that trains; a rescorer's logprobs are targets.
    """
    for spec in recipe.specs:
        yield _source("teacher", spec)
    for step in recipe.curation.steps:
        if step.judge_model is not None:
            yield _source("judge", step.judge_model.entry.to_spec())
    if recipe.rescore is not None:
        yield _source("rescorer", recipe.rescore.teacher.to_spec())
    if recipe.student.local_teacher is not None:
        yield _source("teacher in memory", Spec("huggingface", recipe.student.local_teacher))


def _source(role: str, spec: Spec) -> Source:
    # Recorded replies stay under the rule of whoever gave them.
    if find_provider(spec.provider).repeats:
        return Source(role, spec, rules_in(describe(spec).identity.terms or ""))
    rule = rule_of(spec)
    return Source(role, spec, () if rule is None else (rule,))


def _check_purpose(recipe: Recipe, named: Iterable[Source]) -> None:
    if recipe.purpose is not None:
        return
    for source in named:
        for rule in source.rules:
            if rule.forbids:
                choices = "; ".join(f"{name} ({meaning})" for name, meaning in PURPOSES.items())
                raise InputError(
                    f"is not set, and the terms of the {source.role} {source.spec} depend on it: {rule.sentence}",
                    field="purpose",
                    remedy=f"Say what the student is for: {choices}",
                )


def _check_overrides(recipe: Recipe, named: list[Source]) -> None:
    conflicting = {rule.name for _, rule in _conflicts(recipe, named)}
    names = {rule.name for rule in rules()}
    for name in recipe.override_terms:
        if name not in names:
            raise InputError(
                f"'{name}' names no rule", field="override_terms", remedy=f"Rules: {', '.join(sorted(names))}"
            )
        if name not in conflicting:
            known = f"Conflicts: {', '.join(sorted(conflicting))}" if conflicting else "There is no conflict: remove it"
            raise InputError(f"'{name}' overrides nothing in this recipe", field="override_terms", remedy=known)


def _conflicts(recipe: Recipe, named: Iterable[Source]) -> Iterator[tuple[Source, Rule]]:
    for source in named:
        for rule in source.rules:
            if recipe.purpose in rule.forbids:
                yield source, rule


def _forbidden(source: Source, rule: Rule, purpose: Purpose | None) -> InputError:
    return InputError(
        f"is '{purpose}', which the terms of the {source.role} {source.spec} do not allow: {rule.sentence}",
        field="purpose",
        remedy="If you have settled this with the provider, say so by the rule's name: "
        f"override_terms: [{rule.name}]. The model card will show it",
    )


def _overridden(conflicts: Iterable[tuple[Source, Rule]]) -> Iterator[str]:
    for source, rule in conflicts:
        yield f"terms: you override {rule.name} for the {source.role} {source.spec}: {rule.sentence}"


def _remarks(named: Iterable[Source]) -> Iterator[str]:
    for source in named:
        for rule in source.rules:
            if rule.read_on is None:
                yield f"terms: read those of the {source.role} {source.spec} yourself, we have not: {rule.url}"
            if rule.notice:
                yield f"terms: the model card will say: {rule.notice}"
