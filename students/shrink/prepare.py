"""A base made smaller before it is trained, as a directory like any other base: made once, then found again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prompts.digest import digest, digest_file
from prompts.errors import InputError
from students.base.layers import evenly, kept_layers, layers_of
from students.base.model import load_model
from students.base.prepare import base_digest
from students.config import Shrink
from students.corpus.data import TrainingRow, read_corpus
from students.corpus.encode import encode, load_tokenizer
from students.files import disk_for, publish
from students.job import Job
from students.shrink.depth import keep_layers, most_important
from students.shrink.importance import block_influence
from students.shrink.vocabulary import require_same_cut, save_tokenizer, trim, used_ids
from students.training.validation import measure

FORMAT = 1
"""Raised when the same base and corpus would give another smaller base, so that the cache forgets the old ones."""
REPORT = "shrink.json"
SAMPLE_ROWS = 64
"""Rows that are enough to measure by: of the training rows for the layers, of the watched ones for the losses."""
BYTES = 4
"""Of a weight: students are saved in float32."""

Measures = dict[str, float | str]


def prepare_shrunk(job: Job, device: Any) -> tuple[Job, Measures]:
    """The job on a smaller base, and what that cost and gave; the job as it is where its config says nothing.

    The directory is named by the base, the setting, the corpus and the libraries, and kept in the job's cache.
    Raises InputError for a base that cannot be made smaller so.
    """
    shrink = job.config.shrink
    if shrink is None:
        return job, {}
    path = job.cache / f"shrunk-{digest(_key(job))}"
    if not path.is_dir():
        publish(path, lambda target: _make(job, shrink, device, target))
    return replace(job, base=str(path)), json.loads((path / REPORT).read_text(encoding="utf-8"))


def _key(job: Job) -> list[Any]:
    config = job.config
    # Of the config what decides which tokens are used, and which rows the layers are chosen by.
    deciding = config.model_dump(include={"shrink", "method", "distill", "validation_fraction", "max_length"})
    versions = [version(name) for name in ("torch", "transformers", "tokenizers")]
    return [FORMAT, base_digest(job.base, job.cache), digest_file(job.corpus), deciding, versions]


def _make(job: Job, shrink: Shrink, device: Any, target: Path) -> None:
    """Writes the smaller base and its report."""
    # Without dropout, so that what is measured before and after can be compared.
    model, tokenizer = load_model(job.base).to(device).eval(), load_tokenizer(job.base)
    corpus = read_corpus(job.corpus, job.config.validation_fraction)
    watched = sample(corpus.validation)
    loss_before = _loss(job, model, watched, tokenizer)
    report: Measures = {"base_parameters": model.num_parameters(), "base_bytes": BYTES * model.num_parameters()}
    report |= _shorten(job, shrink, model, tokenizer, corpus.train)
    smaller = tokenizer
    if shrink.vocabulary is not None:
        smaller, report["tokens_kept"] = _narrow(job, model, tokenizer, target)
    else:
        tokenizer.save_pretrained(target)
    report["base_validation_loss"] = loss_before
    report["untrained_validation_loss"] = _loss(job, model, watched, smaller)
    with disk_for(target, BYTES * model.num_parameters()):
        model.cpu().save_pretrained(target)
    (target / REPORT).write_text(json.dumps(report, indent=1), encoding="utf-8")


def _shorten(job: Job, shrink: Shrink, model: Any, tokenizer: Any, rows: Sequence[TrainingRow]) -> Measures:
    """Drops layers, in place, where the config says so; what was kept, for the report."""
    layers = layers_of(model)
    total = len(layers)
    if shrink.keep is not None and shrink.keep > total:
        raise InputError(f"the base has {total} layers", path=job.base, field="student.shrink.keep")
    if shrink.keep is not None and shrink.by == "importance":
        importance = block_influence(model, layers, _encoded(job, sample(rows), tokenizer), tokenizer.pad_token_id)
        kept = most_important(importance, shrink.keep)
    else:
        kept = _chosen(shrink, total)
    if kept == list(range(total)):
        return {}
    keep_layers(model, kept)
    return {"layers_kept": f"{' '.join(map(str, kept))} of {total}"}


def _chosen(shrink: Shrink, total: int) -> list[int]:
    """The layers that the config alone decides."""
    if shrink.layers is not None:
        return shrink.layers
    if shrink.every is not None:
        return kept_layers(total, shrink.every)
    if shrink.keep is not None:
        return evenly(total, shrink.keep)
    return list(range(total))


def _narrow(job: Job, model: Any, tokenizer: Any, target: Path) -> tuple[Any, str]:
    """Drops tokens, in place, and writes the tokenizer; it and what was kept, for the report."""
    whole = model.config.get_text_config().vocab_size
    described, kept = trim(model, tokenizer, used_ids(job, tokenizer), job.base)
    smaller = save_tokenizer(tokenizer, described, target)
    require_same_cut(job, tokenizer, smaller, kept)
    return smaller, f"{len(kept):,} of {whole:,}"


def sample(rows: Sequence[TrainingRow]) -> list[TrainingRow]:
    """At most SAMPLE_ROWS of them, whichever their digests say: always the same, in any order of the rows."""
    return sorted(rows, key=lambda row: digest([row.prompt, row.completion]))[:SAMPLE_ROWS]


def _encoded(job: Job, rows: Sequence[TrainingRow], tokenizer: Any) -> list[dict[str, list[int]]]:
    return encode(rows, tokenizer, job.config.max_length).rows


def _loss(job: Job, model: Any, rows: Sequence[TrainingRow], tokenizer: Any) -> float:
    """Cross-entropy of the answers, in nats per token."""
    return measure(model, _encoded(job, rows, tokenizer), job.config.batch_size, tokenizer.pad_token_id)[0]
