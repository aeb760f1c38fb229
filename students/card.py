"""The model card: what a student is, what it was made from, under whose terms, and how to run it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from prompts.digest import digest_file
from prompts.local_paths import shorten_paths
from students.config import StudentConfig
from students.result import TrainResult

CARD = """\
---
{head}---

# A student of {base}

Trained with stillhouse: method `{method}`, from `{base}`, on a teacher's answers.

{origin}

## Scores

{scores}

## Training

| | |
|---|---|
{rows}

The validation loss chose these weights among the checkpoints. It is not the student's score: that is measured on
held-out rows which training never reads.

## Settings

```yaml
{settings}```

## Run it

```python
from transformers import pipeline

student = pipeline("text-generation", model="PATH/TO/THIS/DIRECTORY")
messages = [{{"role": "user", "content": "..."}}]
print(student(messages, do_sample=False, max_new_tokens=64)[0]["generated_text"][-1]["content"])
```

As an OpenAI-compatible endpoint, at http://127.0.0.1:8000/v1 with the model's name `student`:

```sh
stillhouse serve RUN                                                  # from the run directory; picks one of these
vllm serve PATH/TO/THIS/DIRECTORY --served-model-name student         # vLLM, on a GPU
{llama}
```
"""

UNSCORED = "It has not been scored on held-out rows yet: `stillhouse evaluate RECIPE`."
LLAMA = "llama-server -m {gguf} --alias student --port 8000"
NO_GGUF = """\
# llama.cpp wants a GGUF file: add `exports: [gguf-q8_0]` to the recipe and run `stillhouse package RECIPE`, then
llama-server -m RUN/exports/gguf-q8_0/model.gguf --alias student --port 8000"""


@dataclass(slots=True, frozen=True)
class Override:
    """A provider's rule that the user has set aside."""

    name: str
    rule: str


@dataclass(slots=True, frozen=True)
class Helper:
    """A model whose output chose or weighted the rows without being their text."""

    role: str
    """judge, rescorer or teacher in memory."""
    provider: str
    model: str
    terms: str | None


@dataclass(slots=True, frozen=True)
class Provenance:
    """What only the recipe knows of a student's origin."""

    purpose: str | None = None
    """What the student is for, in the user's word."""
    overrides: tuple[Override, ...] = ()
    notices: tuple[str, ...] = ()
    """What the licences of its teachers want to be said."""
    helpers: tuple[Helper, ...] = ()


@dataclass(slots=True, frozen=True)
class Score:
    """A number of the evaluation, on the scorer's scale."""

    name: str
    value: float
    ci95: tuple[float, float] | None = None


@dataclass(slots=True, frozen=True)
class MeasuredStudent:
    """What the evaluation says of a student, and which files were made of it."""

    scorer: str
    rows: int
    """Held-out rows that were scored."""
    scores: tuple[Score, ...]
    """The student's first."""
    notes: tuple[str, ...] = ()
    """Sentences below the table."""


@dataclass(slots=True, frozen=True)
class TeacherRows:
    """Who answered how many of the training rows, and the terms of those answers."""

    provider: str
    model: str
    terms: str | None
    rows: int


def write_card(
    student: Path,
    config: StudentConfig,
    corpus: Path,
    result: TrainResult,
    provenance: Provenance,
    measured: MeasuredStudent | None = None,
    gguf: str | None = None,
) -> None:
    """Writes the card of the student in directory `student`, trained on the file `corpus`, over an older one.

    `measured` is None before it was scored; `gguf` is its first GGUF export, from the student's directory.
    """
    teachers = read_teachers(corpus)
    card = shorten_paths(model_card(config, digest_file(corpus), result, teachers, provenance, measured, gguf))
    beside = student / ".README.md.tmp"
    beside.write_text(card, encoding="utf-8")
    beside.replace(student / "README.md")


def read_teachers(corpus: Path) -> tuple[TeacherRows, ...]:
    """The teachers of a corpus's train split, the most frequent first; none where it has no column `teacher`."""
    if "teacher" not in pq.read_schema(corpus).names:
        return ()
    counts: Counter[tuple[str, str, str | None]] = Counter()
    for row in pq.read_table(corpus, columns=["split", "teacher"]).to_pylist():
        if row["split"] == "train" and row["teacher"]:
            counts[(row["teacher"]["provider"], row["teacher"]["model"], row["teacher"]["terms"])] += 1
    return tuple(TeacherRows(*who, rows) for who, rows in counts.most_common())


def model_card(
    config: StudentConfig,
    corpus_digest: str,
    result: TrainResult,
    teachers: tuple[TeacherRows, ...],
    provenance: Provenance,
    measured: MeasuredStudent | None = None,
    gguf: str | None = None,
) -> str:
    """Markdown with the hub's front matter. It names the teachers' terms; the base's licence is the base's to say."""
    head = {"library_name": "transformers", "pipeline_tag": "text-generation", "tags": ["stillhouse", config.method]}
    counts = asdict(result)
    counts |= counts.pop("measures")
    facts = {"data digest": corpus_digest, **{name.replace("_", " "): value for name, value in counts.items()}}
    return CARD.format(
        head=yaml.safe_dump(head, sort_keys=False),
        base=config.base,
        method=config.method,
        origin="\n\n".join(_origin(teachers, provenance)),
        rows="\n".join(f"| {name} | {_show(value)} |" for name, value in facts.items()),
        settings=yaml.safe_dump(config.model_dump(), sort_keys=False),
        scores=UNSCORED if measured is None else "\n\n".join(_scores(measured)),
        llama=NO_GGUF if gguf is None else LLAMA.format(gguf=gguf),
    )


def _origin(teachers: tuple[TeacherRows, ...], provenance: Provenance) -> list[str]:
    """Paragraphs, what binds most first."""
    parts = [
        f"**Terms overridden by the user: {_line(item.name)}: {_line(item.rule)}**" for item in provenance.overrides
    ]
    parts += [f"**{_line(notice)}**" for notice in provenance.notices]
    parts.append(f"Made for: {provenance.purpose or 'not said'}.")
    parts.append("## Teachers and their terms")
    lines = [
        f"- {_name(item.provider, item.model)}, {item.rows:,} rows of the train split: {_terms(item.terms)}"
        for item in teachers
    ]
    lines += [f"- {_name(item.provider, item.model)}, {item.role}: {_terms(item.terms)}" for item in provenance.helpers]
    parts.append("\n".join(lines) or "The corpus does not say who its teachers were.")
    return parts


def _scores(measured: MeasuredStudent) -> list[str]:
    """The table, then the notes, a paragraph each."""
    lines = ["| on the held-out rows | | 95 % interval |", "|---|---|---|"]
    for score in measured.scores:
        interval = "-" if score.ci95 is None else "{:.3f} to {:.3f}".format(*score.ci95)
        lines.append(f"| {score.name} | {score.value:.3f} | {interval} |")
    by = f"{measured.rows:,} held-out rows, which training never read, scored by `{measured.scorer}`."
    return [by, "\n".join(lines), *map(_line, measured.notes)]


def _name(provider: str, model: str) -> str:
    return f"`{_line(f'{provider}:{model}').replace('`', '')}`"


def _terms(terms: str | None) -> str:
    return "no rule for training on its output is known; its licence decides" if terms is None else _line(terms)


def _line(text: str) -> str:
    """Recorded text on one line that starts no markup of its own."""
    return " ".join(text.split()).replace("<", "&lt;")


def _show(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else "-" if value is None else str(value)
