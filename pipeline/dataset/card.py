"""RUN/dataset: what of the corpus may be shown to others, and a card that says what it is. Decision 0016."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from pipeline.inference.provenance import provenance
from pipeline.recipe.curate import STEPS, Curate
from pipeline.run.context import Context
from pipeline.run.counts import CurateCounts
from pipeline.run.files import write_text
from pipeline.run.records import CURATED, open_parquet, read_rows, spec_of, write_tables
from prompts.digest import digest_file

SPLITS = ("train", "heldout")

# The Hub takes these words and no others: https://huggingface.co/docs/hub/datasets-cards
SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
LARGEST = "10M<n<100M"

PUBLISHED = pa.schema(
    [
        ("prompt_id", pa.string()),
        ("sample_id", pa.string()),
        *(field for field in CURATED if field.name != "split"),
        ("teacher", pa.string()),
    ]
)
"""The rows that the student learns from, and who wrote them.

`messages`, `reply`, `tokens`, `gold` and `group` are as they came: no step has masked them, so they stay in the run."""

CARD = """\
---
{head}---

# {name}

Prompts with a teacher's answers, kept by stillhouse to train a small model for one task. `prompt` and `completion` are
TRL's conversational format: `datasets.load_dataset` on this folder gives the splits `{splits}`.

## Sources

{sources}

## Teachers and their terms

{teachers}

## What was kept

| step | in | out | dropped because |
|---|---|---|---|
{funnel}

## Known limits

{limits}
"""


def write_dataset(context: Context, counts: CurateCounts) -> None:
    """Writes the folder anew from kept.parquet; `counts` are the curate stage's."""
    folder = context.run.dataset
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    splits = splits_of(counts)
    for split in splits:
        write_tables(folder / "data" / f"{split}.parquet", PUBLISHED, _published(context.run.kept, split))
    write_card(context, counts)


def splits_of(counts: CurateCounts) -> list[str]:
    """Returns the names of the splits that have rows."""
    rows = {"train": counts.train, "heldout": counts.heldout}
    return [split for split in SPLITS if rows[split]]


def write_card(context: Context, counts: CurateCounts) -> None:
    """Writes the card alone: it follows the recipe's licence, purpose and overrides without a new corpus."""
    write_text(context.run.dataset / "README.md", dataset_card(context, counts))


def refresh(context: Context) -> None:
    """Brings the card in line with the recipe's licence, purpose and overridden terms."""
    counts = context.manifest.counts(CurateCounts)
    assert counts is not None  # the stage is up to date
    write_card(context, counts)


def dataset_card(context: Context, counts: CurateCounts) -> str:
    """Returns Markdown with the Hub's front matter."""
    splits = splits_of(counts)
    return CARD.format(
        head=yaml.safe_dump(_head(context, splits, counts.kept), sort_keys=False, allow_unicode=True),
        name=context.recipe.name,
        splits="`, `".join(splits),
        sources=_sources(context),
        teachers=_teachers(context),
        funnel="\n".join(_funnel(counts)),
        limits="\n".join(f"- {limit}" for limit in _limits(context, counts)),
    )


def _published(kept: Path, split: str) -> Any:
    with open_parquet(kept) as file:
        for group in range(file.num_row_groups):
            # A row group at a time: the corpus may be larger than memory.
            table = file.read_row_group(group, columns=[*PUBLISHED.names, "split"])
            table = table.filter(pc.equal(table["split"], split))
            specs = [spec_of(teacher) for teacher in table["teacher"].to_pylist()]
            place = table.schema.get_field_index("teacher")
            table = table.set_column(place, "teacher", pa.array(specs, pa.string()))
            yield table.select(PUBLISHED.names).cast(PUBLISHED)


def _head(context: Context, splits: list[str], rows: int) -> dict[str, Any]:
    head: dict[str, Any] = {}
    if context.recipe.prompts.license:
        head["license"] = context.recipe.prompts.license
    languages = _languages(context)
    if languages:
        head["language"] = languages
    files = [{"split": split, "path": f"data/{split}.parquet"} for split in splits]
    return head | {
        "pretty_name": context.recipe.name,
        "task_categories": ["text-generation"],
        "tags": ["stillhouse", "synthetic", "distillation"],
        "size_categories": [_size(rows)],
        "configs": [{"config_name": "default", "data_files": files}],
    }


def _languages(context: Context) -> list[str]:
    """Returns the languages that the recipe lets replies be in.

    None where it asks for none: nobody has looked then.
    """
    codes: set[str] = set()
    for step in context.recipe.curation.steps:
        codes.update(step.reply_languages)
    return sorted(codes)


def _size(rows: int) -> str:
    """Returns the Hub's word for how many rows there are."""
    for most, word in SIZES:
        if rows < most:
            return word
    return LARGEST


def _sources(context: Context) -> str:
    prompts = context.recipe.prompts
    lines = [f"- prompts: `{prompts.source.name}`, digest `{digest_file(prompts.source)}`"]
    if prompts.template is not None:
        lines.append(f"- template: `{prompts.template.name}`, digest `{digest_file(prompts.template)}`")
    licence = prompts.license or "not given by whoever made this; ask them before you use it"
    return "\n".join([*lines, f"- licence of the prompts: {licence}"])


def _teachers(context: Context) -> str:
    rows: Counter[tuple[str, str | None]] = Counter()
    for row in read_rows(context.run.kept, ["teacher"]):
        rows[spec_of(row["teacher"]), row["teacher"]["terms"]] += 1
    known = provenance(context.recipe, context.run)
    lines = []
    for (spec, terms), count in rows.most_common():
        lines.append(f"- `{spec}`, {count:,} rows: {_terms(terms)}")
    for helper in known.helpers:
        lines.append(f"- `{helper.provider}:{helper.model}`, {helper.role}: {_terms(helper.terms)}")
    for override in known.overrides:
        lines.append(f"- **terms overridden by the user: {_line(override.name)}: {_line(override.rule)}**")
    for notice in known.notices:
        lines.append(f"- **{_line(notice)}**")
    lines.append(f"- made for: {known.purpose or 'not said'}")
    return "\n".join(lines)


def _funnel(counts: CurateCounts) -> list[str]:
    asked = counts.samples
    answered = asked - sum(counts.failed.values())
    lines = [f"| asked | {asked:,} | {answered:,} | {_listed(counts.failed)} |"]
    for step in counts.funnel:
        reasons = counts.dropped.get(step.step, {})
        lines.append(f"| {step.step} | {step.entered:,} | {step.left:,} | {_listed(reasons)} |")
    return lines


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


def _limits(context: Context, counts: CurateCounts) -> list[str]:
    steps = {step.step for step in context.recipe.curation.steps}
    limits = ["The answers are a model's: they are not checked for truth beyond the steps above."]
    for name, kind in STEPS.items():
        limit = kind.limit_without
        if name in steps:
            limit = kind.limit
        if limit is not None:
            limits.append(limit)
    if not counts.heldout:
        limits.append("No row was held out: a student of it has no fair score.")
    if context.recipe.curation == Curate():
        limits.append("Only the default steps ran.")
    return limits


def _terms(terms: str | None) -> str:
    if terms is None:
        return "no rule for training on its output is known; its licence decides"
    return _line(terms)


def _line(text: str) -> str:
    """Puts recorded text on one line that starts no markup of its own."""
    return " ".join(text.split()).replace("<", "&lt;")
