"""Bytes a token of stored soft targets: python -m benchmarks.target_storage [--rows N]

SmolLM2-135M answers real mails, 20 alternatives a token. Measured are the corpus's tokens, as the teacher gave them,
and the aligned targets that a student reads, beside what DistillKit publishes: 114 bytes a token at k = 50.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
from transformers import AutoTokenizer

from prompts.packaged import packaged_model
from students.distill.targets import prepare_targets, read_measures

MAILS = Path(__file__).parents[1] / "data" / "spam_assassin.jsonl"
RECIPE = """
name: storage
prompts: {{source: {mails}, template: mail.md, limit: {rows}}}
purpose: task
teacher: gguf:smollm2-135m
generate: {{temperature: 1, max_tokens: 128, top_logprobs: 20, concurrency: 2}}
curate: {{split: {{heldout: 0.1}}, steps: [{{step: outcome}}]}}
student: {{base: smollm2-135m}}
"""
TEMPLATE = "---\nname: mail\nfields: [body]\n---\n{{ body }}\n\nSay in one short sentence what this mail is about.\n"


def column_bytes(path: Path, *names: str) -> int:
    """The compressed bytes of columns of a Parquet file, with all that is nested in them."""
    metadata, total = pq.read_metadata(path), 0
    for group in range(metadata.num_row_groups):
        columns = (metadata.row_group(group).column(number) for number in range(metadata.num_columns))
        total += sum(one.total_compressed_size for one in columns if one.path_in_schema.split(".")[0] in names)
    return total


def main() -> None:
    """Makes the replies and prints both sizes."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=100)
    rows = options.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "mail.md").write_text(TEMPLATE)
        (home / "recipe.yaml").write_text(RECIPE.format(mails=MAILS, rows=rows))
        command = [sys.executable, "-m", "pipeline.cli", "run", "recipe.yaml", "--dir", "run", "--until", "curate"]
        subprocess.run(command, cwd=home, check=True, capture_output=True)
        replies = pq.read_table(home / "run" / "kept.parquet", columns=["tokens", "split"]).to_pylist()
        train = [row["tokens"] for row in replies if row["split"] == "train"]
        said = sum(len(row["tokens"]) for row in replies)
        file = packaged_model("smollm2-135m")
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
        targets = prepare_targets(home / "run" / "kept.parquet", tokenizer, {}, home)
        aligned = sum(map(sum, ([size > 0 for size in row] for row in pq.read_table(targets)["sizes"].to_pylist())))
        print(f"{len(replies)} replies, {said:,} tokens, {sum(map(len, train)):,} of them to train on")
        print(f"kept.parquet, tokens: {column_bytes(home / 'run' / 'kept.parquet', 'tokens') / said:.1f} bytes a token")
        size = column_bytes(targets, "sizes", "ids", "logprobs", "tails")
        print(f"targets, {aligned:,} with a soft target: {size / aligned:.1f} bytes a token")
        print(", ".join(f"{name} {value:.3f}" for name, value in read_measures(targets).items()))


if __name__ == "__main__":
    main()
