"""RUN/dataset: what of the corpus may be shown to others, and a card that says what it is. Decision 0016."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from pipeline.inference.provenance import provenance
from pipeline.recipe.curate import STEPS, Curate
from pipeline.run.context import Context
from pipeline.run.counts import CurateCounts
from pipeline.run.files import write_text
from pipeline.run.records import CURATED, read_rows, spec_of, write_tables
from prompts.digest import digest_file

SPLITS = ("train", "heldout")

PUBLISHED = pa.schema(
    [
        ("prompt_id", pa.string()),
        ("sample_id", pa.string()),
        *(field for field in CURATED if field.name != "split"),
        ("teacher", pa.string()),
    ]
)
"""What the student learns from, and who said it. `messages`, `reply`, `tokens`, `gold` and `group` are as they came:
no step has masked them, so they stay in the run."""

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
    """Markdown with the Hub's front matter."""
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
    with pq.ParquetFile(kept) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=[*PUBLISHED.names, "split"])
            table = table.filter(pc.equal(table["split"], split))
            names = [spec_of(teacher) for teacher in table["teacher"].to_pylist()]
            columns = {**{name: table[name] for name in PUBLISHED.names}, "teacher": pa.array(names, pa.string())}
            yield pa.table(columns, schema=PUBLISHED)


def _head(context: Context, splits: list[str], rows: int) -> dict[str, Any]:
    files = [{"split": split, "path": f"data/{split}.parquet"} for split in splits]
    return {
        **({"license": context.recipe.prompts.license} if context.recipe.prompts.license else {}),
        **({"language": languages} if (languages := _languages(context)) else {}),
        "pretty_name": context.recipe.name,
        "task_categories": ["text-generation"],
        "tags": ["stillhouse", "synthetic", "distillation"],
        "size_categories": [_size(rows)],
        "configs": [{"config_name": "default", "data_files": files}],
    }


def _languages(context: Context) -> list[str]:
    """Those that the recipe lets replies be in; empty where it asks for none, since then nobody has looked."""
    return sorted({code for step in context.recipe.curation.steps for code in step.reply_languages})


def _size(rows: int) -> str:
    """The Hub's word for how many rows there are."""
    bounds = [(10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M")]
    return next((word for most, word in bounds if rows < most), "10M<n<100M")


def _sources(context: Context) -> str:
    prompts = context.recipe.prompts
    lines = [f"- prompts: `{prompts.source.name}`, digest `{digest_file(prompts.source)}`"]
    if prompts.template is not None:
        lines.append(f"- template: `{prompts.template.name}`, digest `{digest_file(prompts.template)}`")
    licence = prompts.license or "not given by whoever made this; ask them before you use it"
    return "\n".join([*lines, f"- licence of the prompts: {licence}"])


def _teachers(context: Context) -> str:
    rows = Counter(
        (spec_of(row["teacher"]), row["teacher"]["terms"]) for row in read_rows(context.run.kept, ["teacher"])
    )
    known = provenance(context.recipe, context.run)
    lines = [f"- `{who}`, {count:,} rows: {_terms(terms)}" for (who, terms), count in rows.most_common()]
    lines += [f"- `{one.provider}:{one.model}`, {one.role}: {_terms(one.terms)}" for one in known.helpers]
    lines += [f"- **terms overridden by the user: {_line(one.name)}: {_line(one.rule)}**" for one in known.overrides]
    lines += [f"- **{_line(notice)}**" for notice in known.notices]
    return "\n".join([*lines, f"- made for: {known.purpose or 'not said'}"])


def _funnel(counts: CurateCounts) -> list[str]:
    failed = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(counts.failed.items()))
    asked = counts.samples
    lines = [f"| asked | {asked:,} | {asked - sum(counts.failed.values()):,} | {failed} |"]
    for step in counts.funnel:
        reasons = counts.dropped.get(step.step, {})
        why = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
        lines.append(f"| {step.step} | {step.entered:,} | {step.left:,} | {why} |")
    return lines


def _limits(context: Context, counts: CurateCounts) -> list[str]:
    steps = {step.step for step in context.recipe.curation.steps}
    limits = ["The answers are a model's: they are not checked for truth beyond the steps above."]
    for name, kind in STEPS.items():
        limit = kind.limit if name in steps else kind.limit_without
        if limit is not None:
            limits.append(limit)
    if not counts.heldout:
        limits.append("No row was held out: a student of it has no fair score.")
    if context.recipe.curation == Curate():
        limits.append("Only the default steps ran.")
    return limits


def _terms(terms: str | None) -> str:
    return "no rule for training on its output is known; its licence decides" if terms is None else _line(terms)


def _line(text: str) -> str:
    """Recorded text on one line that starts no markup of its own."""
    return " ".join(text.split()).replace("<", "&lt;")
