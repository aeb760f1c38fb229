"""Writes the model card from its facts, as Markdown with the hub's front matter."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import yaml

from prompts.local_paths import shorten_paths
from students.card.facts import CardFacts, MeasuredStudent, Provenance, TeacherRows
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


def write_card(student: Path, facts: CardFacts) -> None:
    """Writes the card of the student in directory `student`, over an older one."""
    beside = student / ".README.md.tmp"
    beside.write_text(shorten_paths(model_card(facts)), encoding="utf-8")
    beside.replace(student / "README.md")


def model_card(facts: CardFacts) -> str:
    """Renders the card. It names the teachers' terms; the base's licence is the base's to say."""
    config = facts.config
    head = {"library_name": "transformers", "pipeline_tag": "text-generation", "tags": ["stillhouse", config.method]}
    return CARD.format(
        head=yaml.safe_dump(head, sort_keys=False),
        base=config.base,
        method=config.method,
        origin="\n\n".join(_origin(facts.teachers, facts.provenance)),
        rows=_training_rows(facts.corpus_digest, facts.result),
        settings=yaml.safe_dump(config.model_dump(), sort_keys=False),  # in the order of the reference
        scores=_scores(facts.measured),
        llama=_llama(facts.gguf),
    )


def _origin(teachers: tuple[TeacherRows, ...], provenance: Provenance) -> list[str]:
    """Writes paragraphs, what binds most first."""
    paragraphs = []
    for override in provenance.overrides:
        paragraphs.append(f"**Terms overridden by the user: {_line(override.name)}: {_line(override.rule)}**")
    for notice in provenance.notices:
        paragraphs.append(f"**{_line(notice)}**")
    paragraphs.append(f"Made for: {provenance.purpose or 'not said'}.")
    paragraphs.append("## Teachers and their terms")
    paragraphs.append(_teachers(teachers, provenance))
    return paragraphs


def _teachers(teachers: tuple[TeacherRows, ...], provenance: Provenance) -> str:
    """Lists those who answered, then those who only helped."""
    lines = []
    for teacher in teachers:
        name = _name(teacher.provider, teacher.model)
        lines.append(f"- {name}, {teacher.rows:,} rows of the train split: {_terms(teacher.terms)}")
    for helper in provenance.helpers:
        lines.append(f"- {_name(helper.provider, helper.model)}, {helper.role}: {_terms(helper.terms)}")
    return "\n".join(lines) or "The corpus does not say who its teachers were."


def _training_rows(corpus_digest: str, result: TrainResult) -> str:
    """Writes a table row for each number of the training, those of the method among them."""
    numbers = asdict(result)
    numbers |= numbers.pop("measures")
    lines = [f"| data digest | {corpus_digest} |"]
    for name, value in numbers.items():
        lines.append(f"| {name.replace('_', ' ')} | {_show(value)} |")
    return "\n".join(lines)


def _scores(measured: MeasuredStudent | None) -> str:
    """Writes the table, then the notes, a paragraph each."""
    if measured is None:
        return UNSCORED
    lines = ["| on the held-out rows | | 95 % interval |", "|---|---|---|"]
    for score in measured.scores:
        interval = "-"
        if score.ci95 is not None:
            interval = "{:.3f} to {:.3f}".format(*score.ci95)
        lines.append(f"| {score.name} | {score.value:.3f} | {interval} |")
    by = f"{measured.rows:,} held-out rows, which training never read, scored by `{measured.scorer}`."
    return "\n\n".join([by, "\n".join(lines), *map(_line, measured.notes)])


def _llama(gguf: str | None) -> str:
    """Writes the command for llama.cpp, or how to make the file that it wants."""
    if gguf is None:
        return NO_GGUF
    return LLAMA.format(gguf=gguf)


def _name(provider: str, model: str) -> str:
    """Writes a teacher's spec as code."""
    # A backtick in it would end the code and let the rest write the card.
    return f"`{_line(f'{provider}:{model}').replace('`', '')}`"


def _terms(terms: str | None) -> str:
    if terms is None:
        return "no rule for training on its output is known; its licence decides"
    return _line(terms)


def _line(text: str) -> str:
    """Puts recorded text on one line that starts no markup of its own."""
    return " ".join(text.split()).replace("<", "&lt;")


def _show(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)
