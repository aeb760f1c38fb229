"""The recipe: one closed, typed, documented file that names a whole run. load.py reads one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, field_validator

from pipeline.recipe.curate import STEPS, Curate
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.report import Report
from pipeline.recipe.section import Section
from pipeline.recipe.teachers import Combine, Rescore, TeacherEntry, to_entries
from pipeline.recipe.tune import Tune
from students.config import StudentConfig
from students.export.find import ExportName
from teachers.spec import Spec
from teachers.terms import Purpose


# The Hub knows licences in lower case alone, and people write Apache-2.0.
def _lower(value: Any) -> Any:
    if isinstance(value, str):
        return value.lower()
    return value  # pydantic says what is wrong with it


class Prompts(Section):
    """The prompts: rows and a template, or a log."""

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
    """The settings by which the teacher is asked, and by which it is waited for."""

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


class Recipe(Section):
    """A whole run: prompts, a teacher, curation, a student, a comparison."""

    # It becomes a folder's name: no slash, and no dot or dash first, which would hide it or make it an option.
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
    report: Report = Report()

    @field_validator("exports")
    @classmethod
    def _each_once(cls, names: list[ExportName]) -> list[ExportName]:
        return list(dict.fromkeys(names))  # a set would forget the order, and the page lists them in the recipe's

    @property
    def specs(self) -> list[Spec]:
        """Returns the teachers' specs, with their options; InputError where one is no spec."""
        return [entry.to_spec() for entry in self.teacher]

    @property
    def teachers_label(self) -> str:
        """Returns the name of the teachers where they stand together."""
        labels = ", ".join(entry.label for entry in self.teacher)
        if len(self.teacher) == 1:
            return labels
        return f"{self.combine.how} of {labels}"

    @property
    def curation(self) -> Curate:
        """Returns `curate`, and at its end the step by which `vote` or `best` picks.

        A recipe that places that step itself has it where it is.
        """
        steps = list(self.curate.steps)
        placed = {step.step for step in steps}
        # Last: who picks must see what the other steps have left.
        for kind in STEPS.values():
            picking = kind.picking(self.combine)
            if picking is not None and picking.step not in placed:
                steps.append(picking)
        return self.curate.model_copy(update={"steps": steps})

    def to_yaml(self) -> str:
        """Writes the recipe with every default; it loads to an equal recipe from anywhere."""
        # Python's own types alone: the file must load with a safe loader, by a version that has other classes.
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100)
