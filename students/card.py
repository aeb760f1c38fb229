"""The model card: what a student is, what it was made from and how to run it."""

from __future__ import annotations

from dataclasses import asdict

import yaml

from students.config import StudentConfig
from students.result import TrainResult

CARD = """\
---
{head}---

# A student of {base}

Trained with stillhouse: method `{method}`, from `{base}`, on a teacher's answers.

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
"""


def model_card(config: StudentConfig, corpus_digest: str, result: TrainResult) -> str:
    """Markdown with the hub's front matter; says nothing about licences, which are the base's and the teacher's."""
    head = {"library_name": "transformers", "pipeline_tag": "text-generation", "tags": ["stillhouse", config.method]}
    facts = {"data digest": corpus_digest, **{name.replace("_", " "): value for name, value in asdict(result).items()}}
    return CARD.format(
        head=yaml.safe_dump(head, sort_keys=False),
        base=config.base,
        method=config.method,
        rows="\n".join(f"| {name} | {_show(value)} |" for name, value in facts.items()),
        settings=yaml.safe_dump(config.model_dump(), sort_keys=False),
    )


def _show(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else "-" if value is None else str(value)
