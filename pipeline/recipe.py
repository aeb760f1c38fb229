"""The recipe: one closed, typed, documented file that names a whole run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, Field, ValidationError, field_validator

from pipeline.curate.config import Agreement, Best, Curate, Decontaminate, Select, Semantic, Step, Verify
from pipeline.curate.models import KNOWN, is_model
from pipeline.local_teacher import local_teacher
from pipeline.roster import Combine, Rescore, TeacherEntry, problem_of, to_entries
from pipeline.section import Section
from pipeline.tune.config import Tune
from pipeline.yaml_words import WordsLoader
from prompts.errors import InputError
from prompts.logs.read import is_log
from prompts.template import find_template
from students.config import Preference, StudentConfig
from students.export.formats import ExportName
from teachers.spec import Spec
from teachers.terms import Purpose

RECIPES = Path(__file__).parent / "recipes"

STEP_NAMES = frozenset(
    {
        "outcome",
        "format",
        "exact",
        "near",
        "agreement",
        "calibrate",
        "best",
        "pii",
        "confidence",
        "judge",
        "refusal",
        "copies",
        "repetition",
        "verify",
        "decontaminate",
        "select",
        "semantic",
    }
)
"""The tags of the steps' union: pydantic puts them into the place of an error."""

REJECTING = frozenset({"agreement", "best", "judge", "verify"})
"""The steps of which pipeline/curate/preferences.py makes preferences."""


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class Prompts(Section):
    """What is asked."""

    source: Path
    """Rows: a JSONL, CSV or Parquet file, or a saved datasets directory; relative to the recipe. Or, without a
    template, a provider's log, file or folder: its conversations are the prompts."""
    template: Path | None = None
    """A template file relative to the recipe, or the name of one in prompts/library. None: the source is a log."""
    gold: str | None = None
    """The column with the right answer, if known; it scores and never trains. Of a log: `reply`, the logged one."""
    group: str | None = None
    """The column whose equal values must stay on one side of the split; default: every prompt is its own."""
    limit: int | None = Field(None, ge=1)
    """Use only the first so many rows."""
    license: Annotated[str | None, BeforeValidator(_lower)] = Field(None, pattern=r"^[a-z0-9][a-z0-9.-]*$")
    """The licence of the rows as the Hub writes it, `cc-by-4.0` or `other`; the dataset card says it. None says that
    none was given."""


class Generate(Section):
    """How the teacher is asked."""

    samples: int = Field(1, ge=1)
    """Replies per prompt."""
    accept: int | None = Field(None, ge=1)
    """Stop once so many samples pass curation, train and held-out together; the rows are asked in the source's order.
    None asks every row."""
    lane: Literal["online", "batch"] = "online"
    """`batch`: the provider answers within a day, at half the price where it says so; `online`: request by request.
    A run may change lanes: what it has stays, and what a batch still owes is never asked twice."""
    concurrency: int = Field(4, ge=1)
    """The most requests in flight at once at each account. How many there are is found out: fewer where the server
    refuses or queues."""
    temperature: float | None = Field(None, ge=0)
    """None leaves it to the provider."""
    top_p: float | None = Field(None, gt=0, le=1)
    """None leaves it to the provider."""
    max_tokens: int | None = Field(1024, ge=1)
    """The most tokens a reply may have."""
    seed: int | None = None
    """None sends none. Sample i of a prompt is sent seed + i."""
    top_logprobs: int = Field(0, ge=0)
    """Alternatives per token to ask for; 0 asks for no logprobs."""
    reasoning_effort: str | None = None
    """How long a reasoning model thinks: none, minimal, low, medium, high. None leaves it to the provider."""
    optional: list[Literal["temperature", "top_p", "seed", "top_logprobs", "json_schema", "reasoning_effort"]] = Field(
        default_factory=list
    )
    """What may be left out, and said so, where a teacher cannot honour it; all else is an error before any call."""
    json_schema: dict[str, Any] | None = None
    """A JSON schema the teacher must answer by."""
    budget_usd: float | None = Field(None, gt=0)
    """Dollars that the run's teachers, judge and rescorer may cost together, over all its attempts; never passed."""
    attempts: int = Field(6, ge=1)
    """Most tries of one request when the server is busy or broken."""
    timeout_s: float = Field(600, gt=0)
    """Seconds to wait for one answer."""


class Evaluate(Section):
    """How teacher, base and student are compared on the held-out prompts."""

    scorer: Literal["label", "exact"] = "exact"
    """`label`: the reply names one of `labels`; `exact`: it equals the gold answer after normalisation."""
    labels: list[str] | None = None
    """The labels, for `label`."""
    max_tokens: int = Field(64, ge=1)
    """The most tokens the base and the student may answer with."""
    limit: int | None = Field(None, ge=1)
    """Use only the first so many held-out prompts."""
    resamples: int = Field(2000, ge=100)
    """Bootstrap resamples behind each interval."""
    seed: int = 0
    """The bootstrap's seed."""


class Recipe(Section):
    """A whole run: prompts, a teacher, curation, a student, a comparison."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Names the run directory: runs/NAME unless --dir says otherwise."""
    prompts: Prompts
    purpose: Purpose | None = None
    """What the student is for, which some providers' terms depend on. `task`: one task of your own, the model not
    given or sold to others; `research`: to be studied; `general`: anything that others get or pay for."""
    override_terms: list[str] = Field(default_factory=list)
    """Rules of teachers/terms.yaml, by name, that you have settled with the provider; the model card says so."""
    teacher: Annotated[list[TeacherEntry], BeforeValidator(to_entries), Field(min_length=1)]
    """A spec, provider:model[@base_url]; or that with options; or a list of either."""
    combine: Combine = Combine()
    generate: Generate = Generate()
    rescore: Rescore | None = None
    curate: Curate = Curate()
    student: StudentConfig
    tune: Tune = Tune()
    """What `stillhouse tune` searches; no other command reads it."""
    exports: list[ExportName] = Field(default_factory=list)
    """What else the student becomes after training: gguf-f16, gguf-q8_0, gguf-q4_0, gguf-q4_k_m for llama.cpp; onnx,
    onnx-int8, onnx-int4 for ONNX Runtime; int8 for transformers, by torchao. Each is scored beside the student."""
    evaluate: Evaluate = Evaluate()

    @field_validator("exports")
    @classmethod
    def _each_once(cls, names: list[ExportName]) -> list[ExportName]:
        return list(dict.fromkeys(names))

    @property
    def specs(self) -> list[Spec]:
        """The teachers' specs, with their options; InputError where one is no spec."""
        return [entry.to_spec() for entry in self.teacher]

    @property
    def teachers_label(self) -> str:
        """What the teachers are called where they stand together."""
        labels = ", ".join(entry.label for entry in self.teacher)
        return labels if len(self.teacher) == 1 else f"{self.combine.how} of {labels}"

    @property
    def curation(self) -> Curate:
        """`curate`, and at its end the step by which `vote` or `best` picks, unless the recipe places it itself."""
        picking: Step
        match self.combine.how:
            case "vote":
                picking = Agreement(min_share=self.combine.min_share)
            case "best" if self.combine.judge is not None:
                picking = Best(judge=self.combine.judge, rubric=self.combine.rubric)
            case _:
                return self.curate
        if any(step.step == picking.step for step in self.curate.steps):
            return self.curate
        return self.curate.model_copy(update={"steps": [*self.curate.steps, picking]})

    def to_yaml(self) -> str:
        """The recipe with every default written out; it loads to an equal recipe from anywhere."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100)


def load_recipe(path: Path, overrides: Sequence[str] = (), *, teacher: str | None = None) -> Recipe:
    """Reads a recipe, applies `KEY=VALUE` overrides, resolves paths; InputError names file, line and field."""
    path = find_recipe(path)
    values, root = _read(path)
    if not isinstance(values, dict):
        raise InputError("is not a mapping", path=path, line=1, remedy="Begin with 'name:', 'prompts:', 'teacher:'")
    for override in overrides:
        _apply(values, override)
    if teacher is not None:
        values["teacher"] = teacher
    try:
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        raise _explain(error, path, root) from error
    if problem := problem_of(recipe.combine, recipe.teacher, recipe.generate.samples):
        line = _line_of(root, problem.field.split("."))
        raise InputError(problem.says, path=path, line=line, field=problem.field, remedy=problem.remedy)
    return _resolve(recipe, path, root)


def find_recipe(path: Path) -> Path:
    """The file itself, else the shipped recipe of that name."""
    shipped = RECIPES / f"{path.name.removesuffix('.yaml')}.yaml"
    if path.is_file():
        return path
    if path.parent == Path() and shipped.is_file():
        return shipped
    names = ", ".join(sorted(item.stem for item in RECIPES.glob("*.yaml")))
    raise InputError("no such recipe", path=path, remedy=f"Give a YAML file, or a shipped recipe: {names}")


def _read(path: Path) -> tuple[Any, yaml.Node | None]:
    """The file's values, and its nodes, which know their lines."""
    try:
        text = path.read_text(encoding="utf-8")
        return yaml.load(text, WordsLoader), yaml.compose(text, Loader=WordsLoader)  # noqa: S506  # a SafeLoader
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8: {error.reason}", path=path, remedy="Save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise InputError(f"is not YAML: {error.problem}", path=path, line=line) from error


def _apply(values: dict[str, Any], override: str) -> None:
    """`student.epochs=1`; a curation step is named by its kind: `curate.calibrate.keep=0.8`."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise InputError(f"--set {override}: expected KEY=VALUE", remedy="For example --set student.epochs=1")
    *parents, last = key.split(".")
    _write_out_steps(values, parents)
    at: Any = values
    for name in parents:
        at = _descend(at, name, override)
    if parents[-1:] == ["curate"] and _named_step(at, last):
        raise InputError(f"--set {override}: '{last}' is a step", remedy=f"Set one of its fields: {key}.FIELD=VALUE")
    at[last] = yaml.load(text, WordsLoader)  # noqa: S506  # a SafeLoader


def _write_out_steps(values: dict[str, Any], parents: Sequence[str]) -> None:
    """A recipe that leaves its steps to the default has them to be set, when one of them is named."""
    defaults = [step.step for step in Curate().steps]
    if parents[:1] == ["curate"] and len(parents) > 1 and parents[1] in defaults:
        values.setdefault("curate", {}).setdefault("steps", [{"step": name} for name in defaults])


def _descend(at: dict[str, Any], name: str, override: str) -> dict[str, Any]:
    found = _named_step(at, name) or at.setdefault(name, {})
    if not isinstance(found, dict):
        raise InputError(f"--set {override}: '{name}' has no fields")
    return found


def _named_step(at: dict[str, Any], name: str) -> dict[str, Any] | None:
    steps = at.get("steps")
    candidates = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    return next((step for step in candidates if step.get("step") == name), None)


def _explain(error: ValidationError, path: Path, root: yaml.Node | None) -> InputError:
    first = error.errors()[0]
    loc = first["loc"]
    # A tag follows its step's number; `judge` is a field's name too.
    known = [
        part for before, part in zip(("", *loc), loc, strict=False) if isinstance(before, str) or part not in STEP_NAMES
    ]
    field = ".".join(str(part) for part in known)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return InputError(
        f"{first['msg']}{more}", path=path, line=_line_of(root, known), field=field, remedy=_remedy(first, known)
    )


def _remedy(error: Any, loc: list[int | str]) -> str | None:
    if error["type"] == "extra_forbidden":
        fields = _fields_at(loc[:-1])
        return f"Known fields here: {', '.join(fields)}" if fields else "Remove it"
    return f"Got {error['input']!r:.80}" if error["type"] != "missing" else "Add it"


def _fields_at(loc: Iterable[int | str]) -> list[str]:
    model: Any = Recipe
    for part in loc:
        info = model.model_fields.get(part) if isinstance(part, str) else None
        model = info.annotation if info else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
    return list(model.model_fields)


def _line_of(root: yaml.Node | None, loc: Iterable[int | str]) -> int | None:
    """The line of the deepest node of `loc` that the file has."""
    node, line = root, None if root is None else root.start_mark.line + 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _resolve(recipe: Recipe, path: Path, root: yaml.Node | None) -> Recipe:
    folder = path.resolve().parent
    source = (folder / recipe.prompts.source).resolve()
    template = None if recipe.prompts.template is None else find_template(str(recipe.prompts.template), folder)
    for field, file in (("source", source), ("template", template)):
        if file is not None and not file.exists():
            line = _line_of(root, ["prompts", field])
            raise InputError(
                f"no such file: {file}", path=path, line=line, field=f"prompts.{field}", remedy=f"Relative to {folder}"
            )
    if template is None:
        _check_log(recipe, source, path, root)
    student = _resolve_pairs(recipe.student, path, root)
    _check_preference(recipe, path, root)
    student = _resolve_teacher(recipe, student, path, root)
    base = _resolve_base(recipe.student.base, folder)
    return recipe.model_copy(
        update={
            "curate": recipe.curate.model_copy(update={"steps": _resolve_steps(recipe, path, root)}),
            "prompts": recipe.prompts.model_copy(update={"source": source, "template": template}),
            "student": student.model_copy(update={"base": base}),
        }
    )


def _resolve_steps(recipe: Recipe, path: Path, root: yaml.Node | None) -> list[Step]:
    """The steps with absolute files; InputError names the place of a file that is missing."""
    folder = path.resolve().parent
    steps: list[Step] = []
    for index, step in enumerate(recipe.curate.steps):
        if isinstance(step, Verify):
            step = step.beside(folder)
            file = Path(step.function.rpartition(":")[0]) if step.function else None
            if file is not None and not file.is_file():
                line = _line_of(root, ["curate", "steps", index, "function"])
                field = "curate.steps.verify.function"
                raise InputError(
                    f"no such file: {file}", path=path, line=line, field=field, remedy=f"Relative to {folder}"
                )
        elif isinstance(step, Semantic | Select):
            if step.model is not None and not is_model(step.model, folder):
                raise InputError(
                    f"no such model: {step.model}",
                    path=path,
                    line=_line_of(root, ["curate", "steps", index, "model"]),
                    field=f"curate.steps.{step.step}.model",
                    remedy=f"Give {KNOWN}; folders are relative to {folder}",
                )
            step = step.beside(folder)
        elif isinstance(step, Decontaminate):
            step = step.beside(folder)
            for place, file in enumerate(step.against):
                if not file.exists():
                    line = _line_of(root, ["curate", "steps", index, "against", place])
                    field = "curate.steps.decontaminate.against"
                    raise InputError(
                        f"no such file: {file}", path=path, line=line, field=field, remedy=f"Relative to {folder}"
                    )
        steps.append(step)
    return steps


def _check_log(recipe: Recipe, source: Path, path: Path, root: yaml.Node | None) -> None:
    """Without a template the source must be a log, which has no columns; InputError names the field to set."""
    if not is_log(source):
        raise InputError(
            f"is missing, and {source.name} is no provider's log",
            path=path,
            line=_line_of(root, ["prompts"]),
            field="prompts.template",
            remedy="Name a template that makes prompts of its rows",
        )
    gold = None if recipe.prompts.gold == "reply" else recipe.prompts.gold
    columns = (("prompts.gold", gold), ("prompts.group", recipe.prompts.group), ("combine.by", recipe.combine.by))
    for field, value in columns:
        if value is not None:
            line = _line_of(root, field.split("."))
            remedy = "Give 'reply', or leave it unset" if field == "prompts.gold" else "Leave it unset"
            raise InputError(f"'{value}': a log has no columns", path=path, line=line, field=field, remedy=remedy)


def _check_preference(recipe: Recipe, path: Path, root: yaml.Node | None) -> None:
    """InputError where no step could find a reply worse than another, before a teacher is paid."""
    preference, steps = recipe.student.preference or Preference(), {step.step for step in recipe.curation.steps}
    if recipe.student.method == "preference" and preference.pairs is None and not steps & REJECTING:
        remedy = f"Add {', '.join(sorted(REJECTING))} or several, for several replies a prompt; or set preference.pairs"
        problem = "preference, and no curation step says that a reply is worse than another"
        line = _line_of(root, ["student", "method"])
        raise InputError(problem, path=path, line=line, field="student.method", remedy=remedy)


def _resolve_pairs(student: StudentConfig, path: Path, root: yaml.Node | None) -> StudentConfig:
    """The student with an absolute file of preferences; InputError where it is missing."""
    if student.preference is None or student.preference.pairs is None:
        return student
    folder = path.resolve().parent
    file = (folder / student.preference.pairs).resolve()
    if not file.is_file():
        field = "student.preference.pairs"
        line = _line_of(root, field.split("."))
        raise InputError(f"no such file: {file}", path=path, line=line, field=field, remedy=f"Relative to {folder}")
    preference = student.preference.model_copy(update={"pairs": str(file)})
    return student.model_copy(update={"preference": preference})


def _resolve_teacher(recipe: Recipe, student: StudentConfig, path: Path, root: yaml.Node | None) -> StudentConfig:
    """The student with its teacher in memory as an absolute path; InputError where it needs one that is not named."""
    folder = path.resolve().parent
    try:
        local_teacher(student, recipe.specs if student.needs_teacher else ())
    except InputError as error:
        line = _line_of(root, ["student", "method"])
        raise InputError(error.problem, path=path, line=line, field=error.field, remedy=error.remedy) from error
    sections = {name: getattr(student, name) for name in ("on_policy", "features")}
    return student.model_copy(
        update={
            name: section.model_copy(update={"teacher": _resolve_base(section.teacher, folder)})
            for name, section in sections.items()
            if section is not None and section.teacher is not None
        }
    )


def _resolve_base(base: str, folder: Path) -> str:
    local = folder / base
    return str(local.resolve()) if local.exists() else base
