"""What rejected replies add to chosen ones: python -m benchmarks.student_preference [--rows N] [--edits N]

SmolLM2-135M learns spam or ham from a teacher that errs on one mail in four, by `sft`. Then a human goes over some
further mails: each edit is a chosen label, the true one, and a rejected one. What follows on the sft student is trained
on these edits alone: `sft` on what was chosen, DPO, and KTO. Measured on held-out mails: the share whose true label is
the likelier of the two, the area under the ROC curve of the log-odds, and CPU seconds of the training.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from pipeline.recipe.load import load_recipe
from pipeline.recipe.prompt_stream import recipe_prompts
from prompts.digest import digest
from prompts.messages import MessageDict, to_dicts
from students.base.prepare import prepare_base
from students.config import StudentConfig
from students.corpus.data import TrainingRow
from students.corpus.encode import IGNORED, encode_row
from students.finetune.train import train
from students.job import Job
from students.methods.preference import Preference
from students.quiet import quiet

LABELS = ("spam", "ham")
ERRS = 0.25


def mails() -> list[Any]:
    """The quickstart's prompts, groups in the order of their digests."""
    found = recipe_prompts(load_recipe(Path("quickstart"))).prompts
    return sorted(found, key=lambda prompt: digest([prompt.group, prompt.id]))


def other(label: str) -> str:
    return LABELS[label == LABELS[0]]


def say(label: str) -> list[MessageDict]:
    return [{"role": "assistant", "content": label}]


def write(place: Path, prompts: list[Any], chosen: list[str]) -> Path:
    """kept.parquet with the chosen label as completion, and preferences.parquet with the other as rejected."""
    place.mkdir()
    rows = [
        {
            "prompt": to_dicts(prompt.student_messages),
            "group": prompt.group or prompt.id,
            "split": "train",
            "label": label,
        }
        for prompt, label in zip(prompts, chosen, strict=True)
    ]
    kept = [row | {"completion": say(row["label"])} for row in rows]
    pairs = [row | {"chosen": say(row["label"]), "rejected": say(other(row["label"]))} for row in rows]
    pq.write_table(pa.Table.from_pylist(kept), place / "kept.parquet")
    pq.write_table(pa.Table.from_pylist(pairs), place / "preferences.parquet")
    return place / "kept.parquet"


def teach(base: Path | str, corpus: Path, out: Path, **settings: Any) -> float:
    """Trains for one epoch; returns the CPU seconds it took."""
    began = time.process_time()
    shape = {"epochs": 1, "batch_size": 4, "eval_every": 1, "max_length": 256, "schedule": "cosine", "weight_decay": 0}
    config = StudentConfig.model_validate({"base": str(base), **shape, **settings})
    train(Job(config, corpus=corpus, base=str(base), out=out, work=out.parent / "work"))
    return time.process_time() - began


def measure(model_path: Path | str, prompts: list[Any]) -> tuple[float, float]:
    """Accuracy and AUC of the log-odds between the two labels."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with quiet():
        model, tokenizer = AutoModelForCausalLM.from_pretrained(model_path), AutoTokenizer.from_pretrained(model_path)
    odds = [logprob(model, tokenizer, p, "spam") - logprob(model, tokenizer, p, "ham") for p in prompts]
    spam = [odd for odd, prompt in zip(odds, prompts, strict=True) if prompt.gold == "spam"]
    ham = [odd for odd, prompt in zip(odds, prompts, strict=True) if prompt.gold == "ham"]
    right = sum(odd > 0 for odd in spam) + sum(odd <= 0 for odd in ham)
    return right / len(odds), sum((a > b) + (a == b) / 2 for a in spam for b in ham) / (len(spam) * len(ham))


def logprob(model: Any, tokenizer: Any, prompt: Any, label: str) -> float:
    encoded = encode_row(TrainingRow(to_dicts(prompt.student_messages), say(label), ""), tokenizer)
    ids, labels = torch.tensor([encoded["input_ids"]]), torch.tensor(encoded["labels"])
    taught = (labels != IGNORED).nonzero().squeeze(-1)
    with torch.no_grad():
        logits = model(input_ids=ids, logits_to_keep=taught - 1).logits[0]
    return float(logits.log_softmax(-1).gather(-1, labels[taught, None]).sum())


def main() -> None:
    """Prints a line a student."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, count in (("rows", 120), ("edits", 60), ("heldout", 120)):
        parser.add_argument(f"--{name}", type=int, default=count)
    parser.add_argument("--rate", type=float, default=2e-5, help="learning rate of what follows on sft")
    asked = parser.parse_args()
    found, chance = mails(), random.Random(0)
    heldout, rows = found[: asked.heldout], found[asked.heldout :][: asked.rows]
    edits = found[asked.heldout + asked.rows :][: asked.edits]
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        base = prepare_base("smollm2-135m", cache=place)
        said = [other(row.gold) if chance.random() < ERRS else row.gold for row in rows]
        first = place / "first"
        seconds = teach(base, write(place / "rows", rows, said), first, learning_rate=1e-4)
        report("sft on the teacher", first, heldout, seconds)
        corpus = write(place / "edits", edits, [edit.gold for edit in edits])
        for title, settings in (
            ("+ sft on the chosen", {"method": "sft"}),
            ("+ dpo", {"method": "preference"}),
            ("+ dpo, sft_weight 1", {"method": "preference", "preference": Preference(sft_weight=1).model_dump()}),
            ("+ kto", {"method": "preference", "preference": Preference(loss="kto").model_dump()}),
        ):
            out = place / digest(title)
            report(title, out, heldout, teach(first, corpus, out, learning_rate=asked.rate, **settings))


def report(title: str, student: Path, heldout: list[Any], seconds: float) -> None:
    accuracy, auc = measure(student, heldout)
    print(f"{title:<22} accuracy {accuracy:.3f}  AUC {auc:.3f}  {seconds:.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
