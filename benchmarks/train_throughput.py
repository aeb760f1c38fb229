"""What a training step costs: ours beside TRL's SFTTrainer on the same rows: python -m benchmarks.train_throughput

Every side starts from the same weights and reads the same rows once, so that it reads the same real tokens (prompt and
completion, no padding); it is timed from before the first step to after the last. Sides take turns, and each round has
another seed: their orders differ, so one round's losses tell little. TRL gets the rows as conversations, and its
defaults: bfloat16 autocast, activation checkpointing, random order. `TRL, float32` is what an engineer gets who turns
the first two off. `--layers` takes the first so many of the base's layers.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault(
    "OMP_WAIT_POLICY", "PASSIVE"
)  # for every side, as students.finetune.train does; read when torch loads

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from datasets import Dataset
from transformers import PrinterCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from prompts.sources.rows import read_rows
from students.base.model import load_model
from students.base.prepare import prepare_base
from students.config import StudentConfig
from students.corpus.encode import load_tokenizer
from students.corpus.order import order_by_length
from students.job import Job
from students.method import Data, Setup
from students.progress import Reporter
from students.quiet import quiet
from students.result import ignore
from students.sft.method import build_trainer, load_data
from students.training.settings import training_arguments

MAILS = Path("data/spam_assassin.jsonl")
MAX_LENGTH = 1024
Row = dict[str, Any]
Ask = Callable[[Sequence[Row], int], tuple[str, str]]


@dataclass(slots=True, frozen=True)
class Timed:
    """One run of a side."""

    wall_s: float
    cpu_s: float
    tokens: int
    loss: float
    """After the run, in nats per completion token of the validation rows, in float32 and by our own loss."""


class Clock(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Wall and CPU seconds from before the first step to after the last."""

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.began = (time.perf_counter(), time.process_time())

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.wall_s, self.cpu_s = time.perf_counter() - self.began[0], time.process_time() - self.began[1]


def main() -> None:
    """Prints a line a corpus and side: medians, and the ratios of each round."""
    options = argparse.ArgumentParser()
    options.add_argument("--layers", type=int, default=6)
    options.add_argument("--rows", type=int, default=80)
    options.add_argument("--batch-size", type=int, default=8, help="TRL's default is 8")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--corpora", nargs="*", choices=list(CORPORA), default=list(CORPORA))
    options.add_argument("--sides", nargs="*", choices=list(SIDES), default=list(SIDES))
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, quiet():
        base = shallow_base(Path(folder), chosen.layers)
        for name in chosen.corpora:
            corpus = write_corpus(Path(folder) / name, CORPORA[name], chosen.rows)
            compare(name, corpus, base, chosen)


def compare(name: str, corpus: Path, base: str, chosen: argparse.Namespace) -> None:
    """All rounds of one corpus."""
    config = StudentConfig(base=base, epochs=1, batch_size=chosen.batch_size, max_length=MAX_LENGTH)
    job = Job(config, corpus, base, corpus.parent / "out", corpus.parent / "work", corpus.parent)
    tokenizer = load_tokenizer(base)
    data = load_data(job, tokenizer)
    assert data.too_long == 0
    taught = sum(label >= 0 for row in data.train for label in row["labels"])
    print(f"{name}: {len(data.train)} rows, {sum(data.lengths):,} tokens, {taught:,} of them taught", flush=True)
    found: dict[str, list[Timed]] = {side: [] for side in chosen.sides}
    for seed in range(chosen.rounds):
        of_round = replace(job, config=config.model_copy(update={"seed": seed}))
        for side in chosen.sides:
            found[side].append(run(SIDES[side], of_round, data, tokenizer))
    for side in chosen.sides:
        print(line(side, found[side], found["ours"]), flush=True)


def line(side: str, theirs: list[Timed], ours: list[Timed]) -> str:
    """Medians of the rounds; the ratios are of the same round."""
    rate, cpu = (
        median(one.tokens / seconds for one, seconds in zip(theirs, each, strict=True))
        for each in ([one.wall_s for one in theirs], [one.cpu_s for one in theirs])
    )
    wall_x, cpu_x = (
        median(getattr(they, part) / getattr(we, part) for they, we in zip(theirs, ours, strict=True))
        for part in ("wall_s", "cpu_s")
    )
    losses = ", ".join(f"{one.loss:.4f}" for one in theirs)
    return (
        f"  {side:<14} {rate:7.0f} tokens/s  {cpu:7.0f} tokens per CPU s  validation loss {losses}"
        f"  ours is {wall_x:.2f} x as fast, {cpu_x:.2f} x by CPU"
    )


def run(build: Callable[[Job, Data, Any], Any], job: Job, data: Data, tokenizer: Any) -> Timed:
    """One training from the base's weights."""
    torch.manual_seed(job.config.seed)
    trainer, clock = build(job, data, tokenizer), Clock()
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(clock)
    trainer._save_checkpoint = lambda *_, **__: None  # what a checkpoint costs is not the question
    trainer.train()
    return Timed(clock.wall_s, clock.cpu_s, sum(data.lengths), validation_loss(trainer.model, data, job, tokenizer))


def validation_loss(model: Any, data: Data, job: Job, tokenizer: Any) -> float:
    """By the same trainer for both sides."""
    judge = _ours(job, data, tokenizer)
    judge.model.load_state_dict(model.state_dict())
    return float(judge.evaluate()["eval_loss"])


def ours(job: Job, data: Data, tokenizer: Any) -> Any:
    """As `students.finetune.run_job` builds it, with no validation on the way."""
    trainer = _ours(job, data, tokenizer)
    trainer.args.eval_strategy = "no"
    return trainer


def _ours(job: Job, data: Data, tokenizer: Any) -> Any:
    arguments = training_arguments(job.config, job.work)
    order = order_by_length(data.lengths, job.config.batch_size, job.config.seed, data.answers)
    return build_trainer(Setup(job, arguments, tokenizer, data, order, Reporter(ignore)))


def trl(**changed: Any) -> Callable[[Job, Data, Any], SFTTrainer]:
    """SFTTrainer on the conversations; what the student's config sets is the same for both."""

    def build(job: Job, data: Data, tokenizer: Any) -> SFTTrainer:
        config = job.config
        arguments = SFTConfig(
            output_dir=str(job.work),
            num_train_epochs=config.epochs,
            learning_rate=config.learning_rate,
            warmup_steps=config.warmup_ratio,
            weight_decay=config.weight_decay,
            per_device_train_batch_size=config.batch_size,
            seed=config.seed,
            report_to="none",
            disable_tqdm=True,
            use_cpu=not torch.cuda.is_available(),
            **changed,
        )
        trainer = SFTTrainer(
            load_model(job.base), arguments, train_dataset=conversations(job, data), processing_class=tokenizer
        )
        trainer._send_telemetry = lambda: None
        return trainer

    return build


SIDES: dict[str, Callable[[Job, Data, Any], Any]] = {
    "ours": ours,
    "TRL": trl(),
    "TRL, float32": trl(bf16=False, activation_checkpointing=False),
}


def conversations(job: Job, data: Data) -> Dataset:
    """The rows that ours trains on, as TRL documents them: `prompt` and `completion`, lists of messages."""
    rows = {row["prompt_id"]: row for row in pq.read_table(job.corpus).to_pylist()}
    kept = [rows[name.split(" ")[0]] for name in data.names]
    return Dataset.from_list([{part: row[part] for part in ("prompt", "completion")} for row in kept])


def short_answers(mails: Sequence[Row], number: int) -> tuple[str, str]:
    """The quickstart's task: one word."""
    return f"Is this mail spam or ham?\n\n{said(mails[number])}", str(mails[number]["label"])


def long_answers(mails: Sequence[Row], number: int) -> tuple[str, str]:
    """The mail's first half; its second."""
    text = said(mails[number])
    return f"Go on with this mail.\n\n{text[: len(text) // 2]}", text[len(text) // 2 :]


def uneven(mails: Sequence[Row], number: int) -> tuple[str, str]:
    """Most prompts are one mail, some are eight: how many follows the number's trailing zeros. One mail to answer."""
    count = min(number & -number, 8) if number else 8
    question = "\n\n".join(said(mails[(number + more) % len(mails)]) for more in range(count))
    return f"Go on with these mails.\n\n{question}", said(mails[number - 1])


def said(mail: Row) -> str:
    """Its subject and body."""
    return f"{mail['subject']}\n{mail['body']}"


CORPORA = {"short": short_answers, "long": long_answers, "uneven": uneven}


def write_corpus(folder: Path, ask: Ask, count: int) -> Path:
    """About so many of the mails to train on, as kept.parquet."""
    folder.mkdir()
    mails, rows = [row.values for row in read_rows(MAILS)], []
    for number in range(round(count / 0.9)):
        question, answer = ask(mails, number)
        turns = {"prompt": [message("user", question)], "completion": [message("assistant", answer)]}
        rows.append({"prompt_id": f"p{number}", "split": "train", **turns})
    pq.write_table(pa.Table.from_pylist(rows), folder / "kept.parquet")
    return folder / "kept.parquet"


def message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def shallow_base(folder: Path, layers: int) -> str:
    """SmolLM2-135M, or its first layers, as a directory."""
    base = prepare_base("smollm2-135m", cache=folder)
    model, tokenizer = load_model(str(base)), load_tokenizer(str(base))
    del model.model.layers[layers:]
    model.config.num_hidden_layers = len(model.model.layers)
    if hasattr(model.config, "layer_types"):
        model.config.layer_types = (model.config.layer_types or [])[:layers] or None
    model.save_pretrained(folder / "shallow")
    tokenizer.save_pretrained(folder / "shallow")
    return str(folder / "shallow")


if __name__ == "__main__":
    main()
