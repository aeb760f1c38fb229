"""What each way of learning is worth on the quickstart's mails: python -m benchmarks.student_methods [--run RUN]

The teacher's replies and their logprobs come from the quickstart's own run (generated first where RUN has none). Every
method learns from the same curated rows; what differs is what it is given of them. Measured on the held-out mails by
their human labels: AUC, accuracy, and the calibration error (ECE, ten bins) of P(spam) among the two labels.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, AutoTokenizer

from pipeline.curate.both_sides import KEPT
from pipeline.recipe.load import load_recipe
from students.base.prepare import prepare_base
from students.config import StudentConfig
from students.finetune.train import train
from students.job import Job
from students.methods.distill import Distill
from students.quiet import quiet

LABELS = ("spam", "ham")
Row = dict[str, Any]
Floats = NDArray[np.float64]


@dataclass(slots=True, frozen=True)
class Way:
    """One way of learning from a kept row."""

    name: str
    given: Callable[[Row], Row]
    distill: Distill | None = None


def as_said(row: Row) -> Row:
    """The teacher's own words, and its logprobs of them."""
    return row | {"completion": [{"role": "assistant", "content": row["reply"]}], "soft_labels": None}


def as_calibrated(row: Row) -> Row:
    """The calibrated label, with the calibrated shares."""
    return row


WAYS = (
    Way("sft on the teacher's text", as_said),
    Way("sft on the calibrated labels", as_calibrated),
    Way("distill from the stored logprobs as they are", as_said, Distill()),
    Way("distill, calibrated", as_calibrated, Distill()),
    Way("distill, calibrated, half cross-entropy", as_calibrated, Distill(a_ce=0.5, a_kd=0.5)),
    Way("distill, calibrated, sharpen 2", as_calibrated, Distill(sharpen=2)),
    Way("distill, calibrated, sharpen 4", as_calibrated, Distill(sharpen=4)),
    Way("distill, calibrated, sharpen 8", as_calibrated, Distill(sharpen=8)),
    Way("distill, calibrated, sharpen 12", as_calibrated, Distill(sharpen=12)),
)


def main() -> None:
    """Prints a line a way, as soon as its seeds are done."""
    options = argparse.ArgumentParser()
    options.add_argument("--run", type=Path, default=Path("runs/quickstart"))
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--ways", type=int, nargs="*", help="their numbers, from 0; all unless given")
    chosen = options.parse_args()
    command = [sys.executable, "-m", "pipeline.cli", "run", "quickstart", "--until", "curate", "--dir", str(chosen.run)]
    subprocess.run(command, check=True)
    rows = pq.read_table(chosen.run / "kept.parquet").to_pylist()
    # The recipe's float32 is there for a score that does not depend on the CPU; this is twice as fast where it can be.
    config = load_recipe(Path("quickstart")).student.model_copy(update={"precision": "auto"})
    with tempfile.TemporaryDirectory() as folder:
        base = prepare_base(config.base, cache=Path(folder))
        for way in [WAYS[number] for number in chosen.ways] if chosen.ways else WAYS:
            started = time.perf_counter()
            found = [measure(way, rows, config, base, seed, Path(folder)) for seed in range(chosen.seeds)]
            print(line(way.name, found, time.perf_counter() - started), flush=True)


def line(name: str, found: list[Floats], seconds: float) -> str:
    """Medians, with each seed's AUC."""
    auc, accuracy, ece = (median(float(value) for value in column) for column in zip(*found, strict=True))
    seeds = ", ".join(f"{one[0]:.3f}" for one in found)
    return f"{name:<46} AUC {auc:.3f} ({seeds})  accuracy {accuracy:.3f}  ECE {ece:.3f}  {seconds:.0f} s"


def measure(way: Way, rows: list[Row], config: StudentConfig, base: Path | str, seed: int, folder: Path) -> Floats:
    """AUC, accuracy and ECE of one student."""
    corpus, out = folder / "kept.parquet", folder / "student"
    pq.write_table(pa.Table.from_pylist([way.given(row) for row in rows], KEPT), corpus)
    method = {"method": "sft"} if way.distill is None else {"method": "distill", "distill": way.distill}
    settings = config.model_copy(update=method | {"seed": seed})
    train(Job(settings, corpus=corpus, base=str(base), out=out, work=folder / "work"))
    heldout = [row for row in rows if row["split"] == "heldout"]
    odds = spam_log_odds(out, heldout)
    truth = np.array([row["gold"] == "spam" for row in heldout])
    chances = 1 / (1 + np.exp(-odds))
    # By log-odds: chances near 1 round to ties.
    return np.array([auc(odds, truth), ((odds > 0) == truth).mean(), ece(chances, truth)])


@torch.no_grad()
def spam_log_odds(student: Path, rows: list[Row]) -> Floats:
    """log P(spam) - log P(ham), by the first token of each."""
    with quiet():
        tokenizer = AutoTokenizer.from_pretrained(student)
        model = AutoModelForCausalLM.from_pretrained(student).eval()
    first = [tokenizer(label, add_special_tokens=False)["input_ids"][0] for label in LABELS]
    found = []
    for row in rows:
        ids = tokenizer.apply_chat_template(
            row["prompt"], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )["input_ids"]
        logits = model(input_ids=ids, logits_to_keep=1).logits[0, -1, first]
        found.append(float(logits[0].double() - logits[1].double()))
    return np.array(found)


def auc(odds: Floats, truth: NDArray[np.bool_]) -> float:
    """The chance that a spam ranks above a ham, ties half (Mann-Whitney)."""
    spam, ham = odds[truth][:, None], odds[~truth][None]
    return float(((spam > ham) + 0.5 * (spam == ham)).mean())


def ece(chances: Floats, truth: NDArray[np.bool_], bins: int = 10) -> float:
    """The mean distance of confidence from accuracy, over bins of equal width (Guo et al. 2017, arXiv:1706.04599)."""
    sure, right = np.maximum(chances, 1 - chances), (chances > 0.5) == truth
    where = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [abs(sure[where == one].mean() - right[where == one].mean()) * (where == one).mean() for one in set(where)]
    return float(sum(gaps))


if __name__ == "__main__":
    main()
