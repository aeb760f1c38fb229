"""What a smaller start costs on the quickstart's mails: python -m benchmarks.shrink [--seeds 3] [--starts 0 1 2 3 4 5]

No teacher: the human labels are the text that every student learns, for this is about the start and nothing else. The
recipe is the quickstart's. A line a start, as soon as its seeds are done: its size, the loss of its untrained weights
on validation rows beside the base's, and on the held-out mails the AUC, the accuracy and the tokens of a prompt.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.student_methods import Row, auc, spam_log_odds
from pipeline.curate.split import sides_of
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe
from pipeline.run.records import MESSAGES
from prompts.digest import digest
from prompts.template import load_template
from students.base.prepare import prepare_base
from students.config import Shrink, StudentConfig
from students.corpus.data import TrainingRow
from students.corpus.encode import load_tokenizer, row_header
from students.finetune.train import train
from students.job import Job
from students.result import TrainResult

HALF = 15
"""Of SmolLM2-135M's 30 layers."""
STARTS: dict[str, Shrink | None] = {
    "whole": None,
    "every: 2": Shrink(every=2),
    f"keep: {HALF}, by importance": Shrink(keep=HALF),
    "vocabulary: used": Shrink(vocabulary="used"),
    "every: 2, vocabulary: used": Shrink(every=2, vocabulary="used"),
    f"keep: {HALF}, vocabulary: used": Shrink(keep=HALF, vocabulary="used"),
}
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("prompt_id", "group", "gold", "split")]
    + [(name, MESSAGES) for name in ("prompt", "completion")]
)


@dataclass(slots=True, frozen=True)
class Found:
    """One student."""

    result: TrainResult
    auc: float
    accuracy: float
    prompt_tokens: float
    seconds: float
    """Of the training, the smaller base included."""


def main() -> None:
    """Prints a line a start."""
    options = argparse.ArgumentParser()
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--starts", type=int, nargs="*", help="their numbers, from 0; all unless given")
    chosen = options.parse_args()
    recipe = load_recipe(Path("quickstart"))
    rows = mails(recipe)
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), Path(folder) / "kept.parquet")
        base = prepare_base(recipe.student.base, cache=Path(folder))
        names = list(STARTS)
        for name in [names[number] for number in chosen.starts] if chosen.starts else names:
            settings = recipe.student.model_copy(update={"shrink": STARTS[name]})
            found = [measure(settings, seed, rows, base, Path(folder)) for seed in range(chosen.seeds)]
            print(line(name, found), flush=True)


def mails(recipe: Recipe) -> list[Row]:
    """The quickstart's rows, split as its run splits them, the human label as the answer."""
    template = load_template(Path("prompts/library/spam.md"))
    lines = Path("data/spam_assassin.jsonl").read_bytes().splitlines()[: recipe.prompts.limit]
    student_messages, rows = {}, []
    for mail in map(orjson.loads, lines):
        said = template.render(template.select(mail), examples=False)
        name = digest(mail["id"])
        student_messages[name] = said
        rows.append(
            {
                "prompt_id": name,
                "group": mail["group"],
                "gold": mail["label"],
                "prompt": [{"role": turn.role, "content": turn.content} for turn in said],
                "completion": [{"role": "assistant", "content": mail["label"]}],
            }
        )
    return [
        row | {"split": side}
        for row, side in zip(rows, sides_of(rows, student_messages, recipe.curate.split), strict=True)
    ]


def measure(settings: StudentConfig, seed: int, rows: list[Row], base: Path | str, folder: Path) -> Found:
    """Trains one student and asks it."""
    out, started = folder / "student", time.perf_counter()
    config = settings.model_copy(update={"seed": seed})
    result = train(Job(config, corpus=folder / "kept.parquet", base=str(base), out=out, work=folder / "work"))
    seconds = time.perf_counter() - started
    heldout = [row for row in rows if row["split"] == "heldout"]
    odds, spam = spam_log_odds(out, heldout), [row["gold"] == "spam" for row in heldout]
    tokenizer = load_tokenizer(str(out))
    asked = [len(row_header(TrainingRow(row["prompt"], row["completion"], ""), tokenizer)) for row in heldout]
    right = fmean((odd > 0) == truth for odd, truth in zip(odds, spam, strict=True))
    return Found(result, auc(odds, np.array(spam)), right, fmean(asked), seconds)


def line(name: str, found: list[Found]) -> str:
    """Medians, with each seed's AUC."""
    result = found[0].result
    untrained = result.measures.get("untrained_validation_loss")
    said = [
        f"{name:<28}",
        f"{result.parameters / 1e6:6.1f} M",
        f"{result.bytes / 1e6:4.0f} MB",
        ""
        if untrained is None
        else f"untrained loss {untrained:.2f}, base {result.measures['base_validation_loss']:.2f}",
        f"validation loss {median(one.result.validation_loss for one in found):.3f}",
        f"AUC {median(one.auc for one in found):.3f} ({', '.join(f'{one.auc:.3f}' for one in found)})",
        f"accuracy {median(one.accuracy for one in found):.3f}",
        f"{found[0].prompt_tokens:.1f} tokens a prompt",
        f"{median(one.seconds for one in found):.0f} s",
    ]
    kept = [f"{key} {value}" for key, value in result.measures.items() if key.endswith("_kept")]
    return "  ".join([*said, *kept])


if __name__ == "__main__":
    main()
