"""The recipe's schema, pinned: a new key is a decision. It belongs here, in a recipe that uses it, and in the docs.

What is a file of a folder (a scorer, a step) is pinned by its name below. One more such file changes nothing here.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TypeGuard

import pytest
from pydantic import BaseModel

from pipeline.recipe.curate import Curate
from pipeline.recipe.evaluate import SCORERS
from pipeline.recipe.mistakes import sections_in
from pipeline.recipe.recipe import Recipe
from tests.pipeline.helpers import ROOT

SECTIONS = {
    "": "name prompts purpose override_terms teacher combine generate rescore curate student tune exports"
    " evaluate report",
    "prompts": "source template gold group limit license",
    "teacher": "spec name api api_version region cache_prefix allow_addresses capabilities price batch account"
    " requests_per_minute tokens_per_minute",
    "teacher.price": "input output cached cache_write",
    "teacher.batch": "s3_uri role_arn min_requests max_requests",
    "combine": "how by routes weights min_share judge rubric",
    "generate": "samples accept lane concurrency temperature top_p max_tokens seed top_logprobs reasoning_effort"
    " optional json_schema budget_usd attempts timeout_s",
    "rescore": "teacher top_logprobs",
    "curate": "split steps",
    "curate.split": "heldout seed near stratify",
    "student": "base method distill on_policy preference features shrink lora epochs learning_rate schedule"
    " warmup_ratio weight_decay batch_size accumulation max_length validation_fraction eval_every patience"
    " report_to precision seed",
    "student.distill": "a_ce a_kd tail_sampling temperature sharpen weights min_coverage",
    "student.on_policy": "teacher beta temperature max_new_tokens",
    "student.preference": "loss pairs beta reference sft_weight desirable_weight undesirable_weight",
    "student.features": "teacher layers weight loss",
    "student.shrink": "every layers keep by vocabulary",
    "student.lora": "rank alpha dropout bits",
    "tune": "trials timeout_s objective prune seed space",
    "tune.space": "low high log",
    "evaluate": "scorer labels slices against max_tokens limit resamples seed economics cascade_margin general",
    "evaluate.economics": "hourly_usd training_hourly_usd concurrencies load_requests",
    "evaluate.general": "tasks limit",
    "report": "margin",
}

SCORER_SETTINGS = {
    "bleu": "",
    "chrf": "",
    "exact": "",
    "function": "function timeout_s memory_mb",
    "json": "fields",
    "judge": "judge rubric",
    "label": "",
    "numeric": "tolerance",
    "rouge": "",
    "tests": "command timeout_s memory_mb",
}

STEP_SETTINGS = {
    "outcome": "",
    "format": "choices regex json_schema min_chars max_chars min_words max_words languages language_certainty"
    " closed_fences",
    "exact": "on",
    "near": "on threshold ngram",
    "semantic": "on threshold model",
    "agreement": "by fields tolerance min_share min_margin",
    "calibrate": "labels prior keep without_logprobs",
    "best": "judge rubric",
    "pii": "action kinds presidio",
    "confidence": "by at_least keep without_logprobs",
    "judge": "judge rubric min_score",
    "refusal": "",
    "copies": "share min_words",
    "repetition": "times min_words",
    "verify": "function command timeout_s memory_mb",
    "decontaminate": "heldout against overlap",
    "select": "rows by model",
}

TAGS = ("step", "name")
"""The first field of what is a member of a union: it has no docstring, the class has."""

FILES = [
    *sorted((ROOT / "pipeline/recipe").glob("*.py")),
    *sorted((ROOT / "pipeline/curate/steps").glob("*.py")),
    *sorted((ROOT / "pipeline/evaluate/scorers").glob("*.py")),
    ROOT / "students/config.py",
]


def sections(section: type[BaseModel], path: str = "") -> dict[str, str]:
    """Every section by its place in a recipe, with its keys; what is one of a union has a pin of its own."""
    found = {path: " ".join(section.model_fields)}
    for name, field in section.model_fields.items():
        inner = list(sections_in(field.annotation))
        if len(inner) == 1:
            found |= sections(inner[0], f"{path}.{name}".lstrip("."))
    return found


def test_the_recipes_schema_is_pinned() -> None:
    found = sections(Recipe)
    entry = found["teacher"]
    for place in [place for place, keys in found.items() if keys == entry and place != "teacher"]:
        # A judge and a rescorer are teachers: the same section, wherever it stands.
        for same in ("", ".price", ".batch"):
            del found[place + same]
    assert found == SECTIONS


def settings_of(kinds: list[type[BaseModel]], tag: str) -> dict[str, str]:
    """Each member's tag with its other keys."""
    found = {}
    for kind in kinds:
        keys = dict(kind.model_fields)
        name = keys.pop(tag).default
        found[name] = " ".join(keys)
    return found


def test_the_settings_of_every_scorer_and_step_are_pinned() -> None:
    steps = list(sections_in(Curate.model_fields["steps"].annotation))
    found = settings_of(steps, "step")
    assert {name: found.get(name) for name in STEP_SETTINGS} == STEP_SETTINGS
    found = settings_of(list(SCORERS.values()), "name")
    assert {name: found.get(name) for name in SCORER_SETTINGS} == SCORER_SETTINGS


def test_a_scorer_is_called_as_its_file_is() -> None:
    assert {settings.model_fields["name"].default: name for name, settings in SCORERS.items()} == {
        name: name for name in SCORERS
    }


def _is_section(node: ast.AST) -> TypeGuard[ast.ClassDef]:
    """Has a base and is no dataclass."""
    return isinstance(node, ast.ClassDef) and bool(node.bases) and not node.decorator_list


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_recipe_field_is_documented(file: Path) -> None:
    """A docstring stands under each field, but where the field is a section with a docstring of its own."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for model in (node for node in tree.body if _is_section(node)):
        for field, after in zip(model.body, [*model.body[1:], ast.Pass()], strict=True):
            if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
                continue
            name, annotation = field.target.id, ast.unparse(field.annotation)
            is_tag = name in TAGS and annotation == f"Literal[{ast.unparse(field.value or ast.Constant(''))}]"
            is_section = name in SECTIONS or f"evaluate.{name}" in SECTIONS or f"curate.{name}" in SECTIONS
            if is_tag or is_section or annotation.startswith("ClassVar"):
                continue
            documented = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            assert documented, f"{model.name}.{name}"
